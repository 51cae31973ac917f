// What `npm run new:consumer` and `npm run new:projection` share: a valid name, a folder that
// isn't there yet, and files written all or none.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir, SetupError } from '../local/settings.ts';

/** Names that are folders for other things, or that other parts are known by. */
const taken: readonly string[] = ['runtime', 'kafka', 'registry', 'clickhouse'];

/** The name on the command line: also a folder, a consumer group and, with underscores, a database. */
export function nameFrom(args: readonly string[], command: string): string {
  const [name = '', ...more] = args;
  if (name === '' || more.length > 0) throw new SetupError([`usage: npm run ${command} -- NAME, e.g. npm run ${command} -- trello-cards`], 2);
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 50) {
    throw new SetupError([`"${name}" can't be a name: small letters and digits, with single dashes between, at most 50`], 2);
  }
  if (taken.includes(name)) throw new SetupError([`"${name}" is the name of something else`], 2);
  return name;
}

/** Writes services/<name>/ with these files. */
export function writeService(name: string, files: Readonly<Record<string, string>>): void {
  const folder = join(projectDir, 'services', name);
  try {
    mkdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new SetupError([`services/${name} is there already; nothing was changed`]);
    throw error;
  }
  try {
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  for (const file of Object.keys(files)) console.log(`wrote services/${name}/${file}`);
}
