// Copies that services keep of what was said, found by folder: services/<name>/forget.ts says how the service forgets.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findServices } from '../start/services.ts';
import { projectDir } from '../local/settings.ts';
import type { EventOfPerson } from './archive.ts';

export interface Forgotten {
  readonly integrationId: string;
  readonly records: readonly EventOfPerson[];
}

interface Forgetful {
  /** Blanks what was said in these events. @returns what it did, for people. */
  readonly forget: (env: NodeJS.ProcessEnv, forgotten: Forgotten) => Promise<string>;
}

export async function blankCopies(env: NodeJS.ProcessEnv, forgotten: Forgotten): Promise<string[]> {
  const names = findServices().filter((name) => existsSync(join(projectDir, 'services', name, 'forget.ts')));
  return Promise.all(names.map(async (name) => ((await import(`../../services/${name}/forget.ts`)) as Forgetful).forget(env, forgotten)));
}
