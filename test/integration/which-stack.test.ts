// Two stacks on one machine: the running one is known by its data folder alone, and every command
// finds it there; a command that is told of none, or of two at once, changes nothing.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identify } from '../../infra/local/supervisor/identity.ts';
import { projectDir } from '../../infra/local/settings.ts';
import { environment } from '../system/support.ts';

const example = 'infra/config/desk.example.json';

/** By what the commands of package.json run; with what they do first, and what it needs. */
const reading: readonly (readonly string[])[] = [
  ['infra/config/config.ts', 'show'],
  ['infra/quarantine/quarantine.ts', 'list'],
  ['infra/quarantine/quarantine.ts', 'replay', '--event-id', '00000000-0000-4000-8000-000000000000', '--dry-run'],
  ['infra/schemas/schemas.ts', '--dry-run'],
];
const changing: readonly (readonly string[])[] = [
  ['infra/topics/topics.ts'],
  ['infra/schemas/schemas.ts'],
  ['infra/schemas/schemas.ts', 'restore'],
  ['infra/migrate/migrate.ts'],
  ['infra/rebuild/rebuild.ts', 'agent-analytics', '--ticket', 'TKT-NOSUCH1', '--dry-run'],
];
const refused: readonly (readonly string[])[] = [
  ...changing,
  ['infra/config/config.ts', 'apply', example],
  ['infra/rebuild/rebuild.ts', 'rollback', 'agent-analytics'],
  ['infra/rebuild/rebuild.ts', 'discard', 'agent-analytics'],
  ['infra/quarantine/quarantine.ts', 'replay', '--all'],
  ['infra/quarantine/quarantine.ts', 'discard', '--all'],
  ['infra/start/service.ts', 'ingress'],
  ['infra/start/service.ts', 'queue-analytics'],
  ['infra/demo/demo.ts', '--url', 'http://127.0.0.1:9', '--tickets', '1'],
];

/** What the tests have in their environment besides the data folder. */
const named = new Set(['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'CLICKHOUSE_URL', 'SCHEMAS_LOCK', 'INTEGRATIONS_FILE', 'KAFKA_PORT', 'REGISTRY_PORT', 'CLICKHOUSE_PORT', 'INGRESS_PORT', 'DATA_DIR']);
const bare = Object.fromEntries(Object.entries(process.env).filter(([name]) => !named.has(name)));
const dataDir = process.env['DATA_DIR'] ?? '';

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
const run = (command: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> => new Promise((resolve) => {
  execFile(process.execPath, ['infra/start/run.mjs', ...command], { cwd: projectDir, env: { ...bare, ...env } }, (error, stdout, stderr) => {
    resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
  });
});

/** A machine of two cores starts two at a time. */
async function runAll(commands: readonly (readonly string[])[], env: Readonly<Record<string, string>>): Promise<[string, Ran][]> {
  const results: [string, Ran][] = [];
  const waiting = [...commands];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) results.push([next.join(' '), await run(next, env)]);
  };
  await Promise.all([work(), work()]);
  return results;
}

let folder = '';
let other = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ticketstream-two-'));
  other = await mkdtemp(join(folder, 'other-'));
  const connection = { KAFKA_BROKERS: '127.0.0.1:9', SCHEMA_REGISTRY_URL: 'http://127.0.0.1:9', CLICKHOUSE_URL: 'http://127.0.0.1:9' };
  await writeFile(join(other, 'supervisor.json'), JSON.stringify({ supervisor: identify(process.pid), processes: [], connection }));
});
afterAll(() => rm(folder, { recursive: true }));

describe('commands', () => {
  it('find the stack that runs on the data folder, and say so first', async () => {
    for (const [command, { code, stderr }] of await runAll([...reading, ...changing], { DATA_DIR: dataDir })) {
      expect(code, `${command}: ${stderr}`).toBe(0);
      const [first = ''] = stderr.split('\n');
      expect(first, `${command}: ${first}`).toContain(`(the stack that runs on ${dataDir})`);
      const places = [environment.kafkaBrokers, environment.registryUrl, environment.clickhouseUrl];
      expect(places.some((place) => first.includes(place)), `${command}: ${first}`).toBe(true);
    }
  });

  it('let a service start on it', async () => {
    const child = spawn(process.execPath, ['infra/start/run.mjs', 'infra/start/service.ts', 'ingress'], { cwd: projectDir, env: { ...bare, DATA_DIR: dataDir, INGRESS_PORT: '0' }, stdio: ['ignore', 'pipe', 'pipe'] });
    const closed = once(child, 'close');
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    for (let tries = 0; tries < 300 && !said.includes('accepting webhooks') && child.exitCode === null; tries += 1) await new Promise((resolve) => setTimeout(resolve, 100));
    child.kill();
    await closed;
    expect(said).toMatch(/accepting webhooks/);
    expect(said.startsWith(`ingress: Kafka ${environment.kafkaBrokers} (the stack`), said.slice(0, 200)).toBe(true);
  });

  it('change nothing when nothing says which stack is meant', async () => {
    for (const [command, { code, stderr }] of await runAll(refused, { DATA_DIR: join(folder, 'nothing') })) {
      expect(code === 1 || code === 2, `${command}: ${code} ${stderr}`).toBe(true);
      expect(stderr, command).toMatch(/can't tell which stack is meant, and has changed nothing: nothing runs on /);
    }
  });

  it('change nothing when the ports are not those of the stack that runs on the data folder', async () => {
    const portOf = (url: string): string => new URL(url.includes('://') ? url : `http://${url}`).port;
    const env = { DATA_DIR: other, KAFKA_PORT: portOf(environment.kafkaBrokers), REGISTRY_PORT: portOf(environment.registryUrl), CLICKHOUSE_PORT: portOf(environment.clickhouseUrl) };
    const some = [['infra/topics/topics.ts'], ['infra/schemas/schemas.ts'], ['infra/migrate/migrate.ts'], ['infra/config/config.ts', 'apply', example], ['infra/quarantine/quarantine.ts', 'discard', '--all'], ['infra/local/local.ts', 'stop'], ['infra/local/local.ts', 'reset']];
    for (const [command, { code, stderr }] of await runAll(some, env)) {
      expect(code === 1 || code === 2, `${command}: ${code} ${stderr}`).toBe(true);
      expect(stderr, command).toMatch(/_PORT=\d+, but the stack that runs on /);
    }
  });
});
