// Tickets in Zendesk on the running system: each once, whatever is killed; and the same by an import of history.
import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newDataFolder } from '../system/data-folder.ts';
import { closeClients, eventually, landed, newTicketId, sendUntilAccepted, ticket } from '../system/support.ts';
import { openZendesk, type ZendeskServer, type ZendeskTicket } from '../vendors/zendesk.ts';
import { consumerStarted, endAll, run } from './consumer-kit.ts';
import { root } from './copy-of-the-code.ts';

let [folder, live, imported] = ['', undefined, undefined] as [string, ZendeskServer | undefined, ZendeskServer | undefined];
const account = { email: 'me@example.com', token: 'zendesk-token', agents: [31] };
const fileFor = async (name: string, server: ZendeskServer): Promise<Record<string, string>> => {
  const path = join(folder, name);
  await writeFile(path, JSON.stringify({ acme: { zendesk: { url: server.url, email: account.email, api_token: account.token, agents: { lea: 31 }, requests_per_minute: 2_500 } } }));
  return { DESTINATIONS_FILE: path };
};
beforeAll(async () => {
  [folder, live, imported] = [await newDataFolder(), await openZendesk(account), await openZendesk(account)];
});
afterAll(async () => {
  await endAll();
  await live?.close();
  await imported?.close();
  await closeClients();
  await rm(folder, { recursive: true, force: true });
});

const at = (minute: number): string => new Date(Date.UTC(2026, 2, 2, 9, minute)).toISOString();
const external = (ids: readonly string[]): Set<string> => new Set(ids.map((id) => `acme/${id}`));
/** What people see; live comments of old events say when. */
const seen = (tickets: readonly ZendeskTicket[], ids: readonly string[]): unknown[] => tickets.filter(({ external_id }) => external(ids).has(external_id ?? ''))
  .map(({ external_id, status, assignee_id, comments }) => ({ external_id, status, assignee_id, comments: comments.map(({ body, public: isPublic }) => [body.replace(/^.*UTC:\n/, ''), isPublic]) }))
  .sort((a, b) => (a.external_id ?? '').localeCompare(b.external_id ?? ''));

test('every ticket is in Zendesk once, with every word once, though answers are lost and the service is killed; an import makes the same', async () => {
  expect.assert(live !== undefined && imported !== undefined);
  const server = live;
  const env = await fileFor('live.json', server);
  let running = run(root, ['services/zendesk/main.ts'], env);
  await consumerStarted(running);
  const ids = Array.from({ length: 6 }, newTicketId);
  const story = (id: string) => [
    ticket(id).created(at(0), `Where is ${id}?`), ticket(id).assigned(at(1), { agent_id: 'lea' }), ticket(id).message(at(2), { agent: 'lea' }, 'We look'),
    ticket(id).message(at(3), { agent: 'lea' }, 'a note', true), ticket(id).message(at(4), 'customer', 'Thanks'), ticket(id).status(at(5), 'open', 'solved'),
  ];
  server.faults.push('lost', { status: 503 }, 'lost');
  const sent = Promise.all(ids.map(async (id) => {
    for (const event of story(id)) await sendUntilAccepted(event);
  }));
  // In the middle, with an answer just lost.
  await eventually(() => Promise.resolve(server.tickets.length >= 3 ? true : null), 'some tickets');
  server.faults.push('lost');
  await running.end('SIGKILL');
  await sent;
  running = run(root, ['services/zendesk/main.ts'], env);
  const wanted = [...ids].sort().map((id) => ({
    external_id: `acme/${id}`, status: 'solved', assignee_id: 31,
    comments: [[`Where is ${id}?`, true], ['We look', true], ['a note', false], ['Thanks', true]],
  }));
  await eventually(() => Promise.resolve(JSON.stringify(seen(server.tickets, ids)) === JSON.stringify(wanted) ? true : null), 'all tickets and comments').catch(() => expect(seen(server.tickets, ids)).toStrictEqual(wanted));
  expect(running.output()).not.toMatch(/zendesk-token|Where is/);

  for (const id of ids) await landed(id, 6);
  const command = async (file: Record<string, string>, ...args: string[]) => promisify(execFile)(process.execPath, ['infra/start/run.mjs', 'infra/destinations/destinations.ts', 'zendesk', ...args], { cwd: root, env: { ...process.env, ...file } }).catch((error: unknown) => {
    // What was refused is told there.
    throw new Error(String((error as { stdout?: string }).stdout), { cause: error });
  });
  const other = await fileFor('import.json', imported);
  expect((await command(other, 'import', '--since', '2026-01-01')).stdout).toMatch(/acme: \d+ imported, 0 were there, 0 refused/);
  expect(seen(imported.tickets, ids)).toStrictEqual(wanted);
  expect(imported.tickets.find(({ external_id }) => external_id === `acme/${ids[0] ?? ''}`)?.comments.map(({ created_at }) => created_at)).toStrictEqual([0, 2, 3, 4].map(at));
  const [again, checked] = await Promise.all([command(other, 'import', '--since', '2026-01-01'), command(other, 'check')]);
  expect(again.stdout).toMatch(/acme: 0 imported/);
  expect(checked.stdout).toContain('agent lea');
});
