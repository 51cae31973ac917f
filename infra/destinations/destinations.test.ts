// The commands as a person runs them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TrelloServer } from '../demo/trello/server.ts';
import { projectDir } from '../local/settings.ts';

const KEY = 'key-of-a-power-up';
const TOKEN = 'a-token-that-nobody-may-see';
let folder = '';
let server: TrelloServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ticketstream-destinations-command-'));
  server = await TrelloServer.start({ key: KEY, token: TOKEN });
  const { id } = server.store.addBoard('Support', { lists: ['New', 'Doing', 'Pending', 'Solved', 'Closed', 'Discarded'] });
  const trello = { api_url: server.url, key: KEY, token: TOKEN, board: id, lists: { open: 'Doing', on_hold: 'Parked' } };
  await writeFile(join(folder, 'good.json'), JSON.stringify({ acme: { trello }, globex: { trello: { ...trello, token: `${TOKEN}-revoked` } } }));
  await writeFile(join(folder, 'bad.json'), JSON.stringify({ acme: { trello: { ...trello, board: '' }, trelo: {} } }));
});
afterAll(async () => {
  server.stop();
  await rm(folder, { recursive: true });
});

async function trello(...args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ['infra/start/run.mjs', 'infra/destinations/destinations.ts', 'trello', ...args], { cwd: projectDir, env: { ...process.env, DESTINATIONS_FILE: '', INIT_CWD: folder } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await once(child, 'close');
  expect(output).not.toContain(TOKEN);
  return { code: child.exitCode, output };
}

test('check says what is missing, setup makes it, and check is content', { timeout: 60_000 }, async () => {
  const first = await trello('check', '--file', 'good.json');
  expect(first.code, first.output).toBe(1);
  expect(first.output).toMatch(/^ok {7}acme: key and token: member ticketstream$/m);
  expect(first.output).toMatch(/^missing {2}acme: list "Parked" — npm run trello -- setup makes it/m);
  expect(first.output).toMatch(/^missing {2}globex: Trello: GET \/1\/members\/me was answered 401: invalid token — mend this first$/m);
  expect((await trello('setup', '--file', 'good.json', '--integration', 'acme')).code).toBe(0);
  const last = await trello('check', '--file', 'good.json', '--integration', 'acme');
  expect(last, last.output).toMatchObject({ code: 0 });
});

test('a file that can’t be used, or none, is wrong usage', { timeout: 60_000 }, async () => {
  const bad = await trello('check', '--file', 'bad.json');
  expect(bad.code).toBe(2);
  expect(bad.output).toMatch(/CONFIG_INVALID: .*\/acme\/trelo is no destination.*\/acme\/trello\/board must match pattern/);
  expect(await trello('check')).toMatchObject({ code: 2, output: 'DESTINATIONS_FILE is not set, and there is no --file\n' });
});
