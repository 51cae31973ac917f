// The Trello consumer on the running system, against a Trello of our own: processes killed between an effect and its answer, two
// of them at once, replies lost, limits and outages. At the end every ticket has one card that says what the views say.
// Longer: TRELLO_TICKETS=500 npx vitest run test/integration/trello.test.ts, also with TRELLO_LIMITS=real (about 4 minutes).
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TrelloServer, type Fault } from '../../infra/demo/trello/server.ts';
import type { StoredBoard, StoredCard } from '../../infra/demo/trello/store.ts';
import { lastMarkIn } from '../../services/destinations/marks.ts';
import { readMemory } from '../../services/trello/memory.ts';
import { freePorts } from '../system/free-ports.ts';
import { closeClients, eventually, query, sendUntilAccepted, ticket, type SignedEvent } from '../system/support.ts';
import { consumerStarted, endAll, run, type Running } from './consumer-kit.ts';
import { root } from './copy-of-the-code.ts';

const TICKETS = Number(process.env['TRELLO_TICKETS'] ?? 40);
const LIMIT = process.env['TRELLO_LIMITS'] === 'real' ? 100 : 10_000;
const KEY = 'key-of-a-power-up';
const TOKEN = `token-${randomUUID()}`;
const group = `trello-${randomUUID()}`;
const prefix = `TRE-${randomUUID().slice(0, 4).toUpperCase()}`;

let folder: string;
let server: TrelloServer;
let board: StoredBoard;
/** Of another tenant, whose Trello is away until the first one has all. */
let away: StoredBoard;
let awayPort = 0;
let since: string;
const outputs: (() => string)[] = [];

beforeAll(async () => {
  since = new Date(Date.now() - 1_000).toISOString();
  folder = await mkdtemp(join(tmpdir(), 'trello-'));
  server = await TrelloServer.start({ key: KEY, token: TOKEN, limits: { perKey: 3 * LIMIT, perToken: LIMIT, windowMs: 10_000 } });
  board = server.store.addBoard('Support', { lists: ['New', 'Open', 'Pending', 'On hold', 'Solved', 'Closed', 'Discarded'] });
  for (const [name, type] of [['telegram_user_id', 'number'], ['Ticket Status', 'text'], ['First Response Time', 'number'], ['Ticketstream', 'text']] as const) server.store.addField(board, name, type);
  away = server.store.addBoard('Another', { lists: ['New'] });
  [awayPort = 0] = await freePorts(1);
  await writeFile(join(folder, 'token'), TOKEN);
  const trello = { api_url: server.url, key: KEY, token_file: 'token', board: board.shortLink, requests_per_10_seconds: LIMIT };
  await writeFile(join(folder, 'destinations.json'), JSON.stringify({ acme: { trello }, globex: { trello: { ...trello, api_url: `http://127.0.0.1:${awayPort}`, board: away.shortLink } } }));
});
afterAll(async () => {
  await endAll();
  server.stop();
  await rm(folder, { recursive: true, force: true });
  await closeClients();
});

function start(env: Readonly<Record<string, string>> = {}): Running {
  const running = run(root, ['services/trello/main.ts'], { DESTINATIONS_FILE: join(folder, 'destinations.json'), CONSUMER_GROUP: group, ...env });
  outputs.push(running.output);
  return running;
}

const at = (minutes: number): string => new Date(Date.UTC(2026, 2, 2, 9, minutes)).toISOString();

/** Public messages of each ticket, by ticket. */
const messages = new Map<string, number>();

function eventsOf(n: number): SignedEvent[] {
  const id = `${prefix}-${n}`;
  const { created, message, status } = ticket(id);
  messages.set(id, 2);
  return [
    created(at(0), `message ${n}`), message(at(1), 'customer'), message(at(2), { agent: 'lea' }, 'only for us', true), message(at(3 + (n % 50)), { agent: 'lea' }),
    ...(n % 2 === 0 ? [status(at(4), 'new', 'pending')] : []),
    ...(n % 4 === 0 ? [status(at(6), 'pending', 'resolved'), status(at(5), 'pending', 'pending')] : []),
  ];
}

const ours = (): StoredCard[] => server.store.cardsOf(board).filter(({ name }) => name.startsWith(prefix));
const ticketOf = (card: StoredCard): string => readMemory(server.store.valueOf(card, 'Ticketstream'))?.ticketId ?? '';

/** One card that has all its comments and remembers its ticket's last event. */
function isComplete(id: string, n: number): boolean {
  const card = ours().find((candidate) => ticketOf(candidate) === id);
  if (card === undefined || card.comments.length < 2) return false;
  return (server.store.valueOf(card, 'Ticket Status') ?? '') === (n % 4 === 0 ? 'resolved' : n % 2 === 0 ? 'pending' : 'new') && server.store.valueOf(card, 'First Response Time') !== undefined;
}

/** Runs until Trello has done what `step` says, and is killed before it hears of it. */
async function killedAfter(step: RegExp, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const running = start(env);
  let killed = false;
  server.fault = ({ method, path }): Fault | undefined => {
    if (killed || !step.test(`${method} ${path}`)) return undefined;
    return {
      drop: 'after',
      afterEffect: () => {
        killed = true;
        running.child.kill('SIGKILL');
      },
    };
  };
  await running.end();
  expect(killed, running.output()).toBe(true);
}

test('one card a ticket, one comment a message, equal to the views, whatever is killed or lost', { timeout: 600_000 }, async () => {
  const others = Array.from({ length: 4 }, (_, n) => ticket(`${prefix}-AWAY-${n}`, 'globex').created(at(0)));
  for (const event of others) await sendUntilAccepted(event);
  const all = Array.from({ length: TICKETS }, (_, n) => eventsOf(n));
  await Promise.all(all.map(async (events) => {
    for (const event of events) await sendUntilAccepted(event);
  }));
  await aDryRunSendsNothing();
  await killedAfter(/^POST \/cards$/, { CONSUMER_FROM: since });
  // The group waits ten seconds for each that was killed.
  if (TICKETS >= 500) for (const step of [/^POST .*comments$/, /^PUT .*customFields$/, /^PUT \/cards\/\w+$/]) await killedAfter(step);
  let requests = 0;
  server.fault = ({ method }) => {
    requests += 1;
    if (method !== 'GET' && requests % 11 === 0) return { drop: 'after' };
    return requests % 17 === 0 ? { status: requests % 2 === 0 ? 503 : 429, headers: { 'retry-after': '0.1' } } : requests % 23 === 0 ? { drop: 'before' } : undefined;
  };
  const two = [start(), start()];
  await eventually(() => Promise.resolve([...messages.keys()].every(isComplete) ? true : null), 'every card complete', 500_000).catch((error: unknown) => {
    throw new Error(`${ours().length} cards, ${outputs.map((output) => output().split('\n').slice(-8).join('\n')).join('\n---\n')}`, { cause: error });
  });
  server.fault = undefined;
  expect(server.store.cardsOf(away)).toHaveLength(0);
  const again = await TrelloServer.start({ key: KEY, token: TOKEN, port: awayPort, store: server.store });
  await eventually(() => Promise.resolve(server.store.cardsOf(away).length === others.length ? true : null), 'the cards of whoever was away');
  await Promise.all(two.map(consumerStarted));
  await Promise.all(two.map((running) => running.end('SIGTERM')));
  again.stop();
  expect(server.store.cardsOf(away)).toHaveLength(others.length);

  expect(ours().map(ticketOf).sort()).toStrictEqual([...messages.keys()].sort());
  for (const card of ours()) {
    const marks = card.comments.map(({ text }) => lastMarkIn(text));
    expect([new Set(marks).size, marks.length], card.name).toStrictEqual([2, 2]);
  }
  expect(JSON.stringify(server.served)).not.toContain('only for us');
  expect(outputs.map((output) => output()).join()).not.toContain(TOKEN);
  await agreesWithTheViews();
});

async function aDryRunSendsNothing(): Promise<void> {
  const dryRun = run(root, ['infra/destinations/destinations.ts', 'trello', 'dry-run', '--events', '60', '--integration', 'acme'], { DESTINATIONS_FILE: join(folder, 'destinations.json') });
  outputs.push(dryRun.output);
  const { code, output } = await dryRun.end();
  expect(code, output).toBe(0);
  expect(output).toMatch(/^[a-z.]+ of acme\/TRE-.*\nTrello: would POST \/1\/cards /m);
  expect(ours()).toStrictEqual([]);
}

async function agreesWithTheViews(): Promise<void> {
  const cards = ours().map((card) => ({
    ticket_id: ticketOf(card), status: server.store.valueOf(card, 'Ticket Status') ?? '', list: server.store.lists.get(card.idList)?.name ?? '',
    first_response_seconds: Number(server.store.valueOf(card, 'First Response Time')),
  })).sort((a, b) => (a.ticket_id < b.ticket_id ? -1 : 1));
  await eventually(async () => {
    const rows = await query<object>(`
      SELECT ticket_id, status, transform(toString(status_category), ['new', 'pending', 'solved'], ['New', 'Pending', 'Solved'], '') AS list, toInt32(first_response_seconds) AS first_response_seconds
      FROM queue.tickets WHERE integration_id = 'acme' AND startsWith(ticket_id, {prefix:String}) ORDER BY ticket_id`, { prefix });
    expect(cards).toStrictEqual(rows);
    return true;
  }, 'the views say the same');
}
