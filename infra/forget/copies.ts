// Copies that services keep of what was said, found by folder: services/<name>/forget.ts says how the service forgets.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
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
  const files = findServices().map((name) => join(projectDir, 'services', name, 'forget.ts')).filter((file) => existsSync(file));
  return Promise.all(files.map(async (file) => ((await import(pathToFileURL(file).href)) as Forgetful).forget(env, forgotten)));
}
