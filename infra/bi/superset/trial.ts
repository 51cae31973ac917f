// The bundle tried in a Superset of its own: installed from Python's package index, its database new, the bundle imported by its
// command, every chart asked through its API. What it says is kept beside this file.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSettings, SetupError } from '../../local/settings.ts';
import { pythonPrograms } from '../python.ts';
import type { Described } from '../views.ts';
import { dsnOf, supersetBundle } from './bundle.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const LONGEST_OUTPUT = 64 * 1_048_576;

const headOf = (version: string): string => `What \`npm run bi -- superset --try\` said against ClickHouse with the demo's tickets: ${version.trim()}.

\`\`\`
`;

export async function trySuperset(described: readonly Described[], clickhouseUrl: string): Promise<void> {
  const home = join(readSettings(process.env).cacheDir, 'superset-trial');
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const programs = await pythonPrograms('superset', join(here, 'requirements.txt'));
  const key = randomBytes(24).toString('hex');
  const dsn = dsnOf(clickhouseUrl, true);
  const env = { ...process.env, SUPERSET_HOME: home, SUPERSET_CONFIG_PATH: join(here, 'superset_config.py'), SUPERSET_TRIAL_KEY: key, CLICKHOUSE_DSN: dsn.replace('clickhousedb:', clickhouseUrl.startsWith('https:') ? 'https:' : 'http:'), FLASK_APP: 'superset' };
  const superset = (...args: string[]): string => {
    console.error(`superset ${args.slice(0, 2).join(' ')}…`);
    const { status, stdout, stderr } = spawnSync(join(programs, 'superset'), args, { env, encoding: 'utf8', maxBuffer: LONGEST_OUTPUT });
    if (status !== 0) throw new SetupError([`superset ${args[0] ?? ''} ended with ${status ?? 'a signal'}: ${stderr.slice(-2_000)}`]);
    return stdout;
  };
  const zip = join(home, 'bundle.zip');
  writeFileSync(zip, supersetBundle(described, dsn), { mode: 0o600 });
  superset('db', 'upgrade');
  superset('fab', 'create-admin', '--username', 'admin', '--password', key, '--firstname', 'A', '--lastname', 'B', '--email', 'admin@localhost');
  superset('init');
  superset('import-dashboards', '--path', zip, '--username', 'admin');
  const { status, stdout: said, stderr } = spawnSync(join(programs, 'python'), [join(here, 'ask.py')], { env, encoding: 'utf8', maxBuffer: LONGEST_OUTPUT });
  // Superset begins by telling where its configuration lies.
  const stdout = said.replaceAll(/^Loaded your .*\n/gm, '');
  console.log(stdout);
  if (status !== 0) throw new SetupError([`not every chart was answered: ${stderr.slice(-2_000)}`]);
  writeFileSync(join(here, 'TRANSCRIPT.md'), `${headOf(execFileSync(join(programs, 'pip'), ['show', 'apache-superset'], { encoding: 'utf8' }).split('\n').slice(0, 2).join(' ').replaceAll(/Name: |Version: /g, ''))}${stdout.trim()}\n\`\`\`\n`);
  rmSync(home, { recursive: true, force: true });
}
