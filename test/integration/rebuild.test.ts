// Facts are computed anew while events stream in: what comes out is what was live, row for row; a
// run that is killed goes on; a new definition arrives as a whole, and goes away as a whole, whatever
// version of the code the running service has.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projection } from '../../services/queue-analytics/projection.ts';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { admittedTo } from '../../services/runtime/projection/computed-by.ts';
import { Facts } from '../../services/runtime/projection/facts.ts';
import { closeClients, control, environment, eventually, landed, newTicketId, query, sendUntilAccepted, ticket } from '../system/support.ts';
import { consumerStarted, endAll, run as runService } from './consumer-kit.ts';
import { copyOfTheCode, root } from './copy-of-the-code.ts';

const clickhouse = connectClickHouse(environment.clickhouseUrl);
/** A copy of the repository whose definitions a test may change: the next version of the code. */
const { folder: copy, remove } = await copyOfTheCode();

beforeAll(async () => {
  // What other files left would be computed again in each of these tests.
  for (const table of ['timeline', 'ticket_facts', 'sla_timer_facts']) await clickhouse.command(`TRUNCATE TABLE queue.${table}`);
  await Promise.all(tickets.map((id) => tell(id)));
  for (const id of tickets) await landed(id, 5);
});

afterAll(async () => {
  await rebuild(root, 'discard', 'queue-analytics');
  await clickhouse.command('DROP DATABASE IF EXISTS queue_told SYNC');
  await endAll();
  if (isOriginalStopped) await deployOriginal();
  await remove();
  await clickhouse.close();
  await closeClients();
});

const tickets = Array.from({ length: 24 }, newTicketId);
const at = (minute: number): string => new Date(Date.UTC(2026, 3, 1, 9, minute)).toISOString();

async function tell(id: string, integration = 'acme'): Promise<void> {
  const story = ticket(id, integration);
  for (const event of [
    story.created(at(0), 'hello'),
    story.assigned(at(1), { agent_id: 'lea', group_id: 'support' }),
    story.message(at(5), { agent: 'lea' }),
    story.status(at(9), 'open', 'solved'),
    story.status(at(20), 'solved', 'open', { type: 'automation_rule', id: 'reopen' }),
  ]) await sendUntilAccepted(event);
}

interface Ended { readonly code: number; readonly output: string }

function run(folder: string, file: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['infra/start/run.mjs', file, ...args], { cwd: folder }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr });
    });
  });
}

const REBUILD = 'infra/rebuild/rebuild.ts';
const rebuild = (folder: string, ...args: string[]): Promise<Ended> => run(folder, REBUILD, ...args);

async function done(folder: string, ...args: string[]): Promise<string> {
  const { code, output } = await rebuild(folder, ...args);
  expect(code, output).toBe(0);
  return output;
}

/** Sends events all the while, and waits until they have landed. */
async function underTraffic(work: () => Promise<void>): Promise<void> {
  const sent: string[] = [];
  const state = { going: true };
  const sending = (async () => {
    while (state.going) {
      await sleep(1_000);
      const id = newTicketId();
      await tell(id, sent.length % 2 === 0 ? 'acme' : 'globex');
      sent.push(id);
      // An older ticket, too: its row in the new table must not stay behind.
      await sendUntilAccepted(ticket(tickets[sent.length % tickets.length] ?? '').message(at(30 + sent.length), 'customer'));
    }
  })();
  try {
    await work();
  } finally {
    state.going = false;
    await sending;
  }
  for (const id of sent) await landed(id, 5);
}

/**
 * Every row of the live tables is what the code says today, told anew in a database beside. The copy's code differs by
 * tenfold reopens and a column more.
 */
async function assertFactsAreTold({ reopens = 1 } = {}): Promise<void> {
  await clickhouse.command('DROP DATABASE IF EXISTS queue_told SYNC');
  await clickhouse.command('CREATE DATABASE queue_told');
  for (const table of projection.facts) await clickhouse.command(`CREATE TABLE queue_told.${table} AS queue.${table}`);
  const computedBy = (await admittedTo(clickhouse, 'queue.ticket_facts')) ?? '';
  await new Facts(clickhouse, projection, { computedBy, into: 'queue_told' }).computeWhere('true');
  for (const table of projection.facts) {
    const sideOf = (database: string, factor: number): string => {
      const columns = table === 'ticket_facts' ? `* EXCEPT (config_version${reopens === 1 ? '' : ', twice_the_replies'}) REPLACE (reopens * ${factor} AS reopens)` : '* EXCEPT config_version';
      return `SELECT count() AS rows, toString(sum(cityHash64(tuple(${columns})))) AS checksum FROM ${database}.${table} FINAL`;
    };
    const [[live], [told]] = await Promise.all([query<{ rows: number }>(sideOf('queue', 1)), query<{ rows: number }>(sideOf('queue_told', reopens))]);
    expect(live?.rows ?? 0).toBeGreaterThanOrEqual(tickets.length);
    expect(live, table).toStrictEqual(told);
  }
  await clickhouse.command('DROP DATABASE queue_told SYNC');
}

const databases = async (): Promise<string[]> => (await query<{ name: string }>(`SELECT name FROM system.databases WHERE name LIKE 'queue%' ORDER BY name`)).map(({ name }) => name);

const reopens = async (): Promise<Set<number>> =>
  new Set((await query<{ reopens: number }>('SELECT reopens FROM queue.tickets WHERE ticket_id IN {ids:Array(String)}', { ids: tickets })).map((row) => row.reopens));

let isOriginalStopped = false;
async function stopOriginal(): Promise<void> {
  await control({ action: 'stop', name: 'queue-analytics' });
  isOriginalStopped = true;
}
/** The original's service in the place of the copy's. */
async function deployOriginal(): Promise<void> {
  await endAll();
  isOriginalStopped = false;
  await control({ action: 'start', name: 'queue-analytics' });
}

test('a rebuild under live traffic finds every row as it was live, and readers miss none', async () => {
  const ticketCount = async (): Promise<number> => (await query<{ n: number }>('SELECT count() AS n FROM queue.tickets'))[0]?.n ?? 0;
  const rowsBefore = await ticketCount();
  const reading = { on: true, fewest: Infinity };
  const reader = (async () => {
    while (reading.on) {
      reading.fewest = Math.min(reading.fewest, await ticketCount());
      await sleep(100);
    }
  })();
  let output = '';
  await underTraffic(async () => {
    output = await done(root, 'queue-analytics', '--chunk-tickets', '9');
  });
  reading.on = false;
  await reader;
  expect(output).toMatch(/as the live facts/);
  expect(output).toMatch(/0 different/);
  expect(output).toMatch(/swapped after/);
  expect(reading.fewest, `${reading.fewest} of ${rowsBefore} tickets seen`).toBeGreaterThanOrEqual(rowsBefore);
  await assertFactsAreTold();
  expect(await databases(), 'nothing is left behind').toStrictEqual(['queue']);
});

/** Starts a rebuild that is to be killed. */
function startRebuild(folder: string, ...args: string[]): { pause: () => void; kill: () => Promise<void> } {
  const child = spawn(process.execPath, ['infra/start/run.mjs', REBUILD, ...args], { cwd: folder, stdio: 'ignore' });
  const ended = once(child, 'exit');
  return {
    pause: () => child.kill('SIGSTOP'),
    kill: async () => {
      child.kill('SIGKILL');
      expect(await ended, 'it was still at work').toStrictEqual([null, 'SIGKILL']);
    },
  };
}

test('killed in the middle, the same command goes on where it was, also beside another projection', async () => {
  const broken = startRebuild(root, 'queue-analytics', '--chunk-tickets', '1');
  await eventually(async () => ((await query<{ n: number }>('SELECT count() AS n FROM queue_next.chunks_done'))[0]?.n ?? 0) >= 2 ? true : null, 'two chunks');
  broken.pause();
  const second = await rebuild(root, 'queue-analytics');
  expect(second.code, second.output).toBe(2);
  expect(second.output).toMatch(/is being rebuilt by process/);
  await broken.kill();
  const id = newTicketId();
  await tell(id);
  await landed(id, 5);
  const output = await done(root, 'queue-analytics', 'agent-analytics');
  expect(output).toMatch(/^queue-analytics: going on where a run was broken off$/m);
  for (const name of ['queue-analytics', 'agent-analytics']) expect(output).toMatch(new RegExp(`^${name}: swapped after`, 'm'));
  await assertFactsAreTold();
});

/** The copy's code counts reopens tenfold and keeps a column more. */
function changeTheCopy(): void {
  const change = (file: string, ...changes: (readonly [string, string])[]): void => {
    const path = join(copy, 'services', 'queue-analytics', file);
    const text = readFileSync(path, 'utf8');
    for (const [search] of changes) expect(text).toContain(search);
    writeFileSync(path, changes.reduce((changed, [search, replacement]) => changed.replace(search, replacement), text));
  };
  change('facts.ts', ['reopens: story.reopens', 'reopens: story.reopens * 10'], ['clock_skew_ms: story.clockSkewMs', 'twice_the_replies: story.agentReplies * 2, clock_skew_ms: story.clockSkewMs']);
  change('01-facts.sql', ['    clock_skew_ms Int64 COMMENT', "    twice_the_replies UInt32 COMMENT 'Of this test.',\n    clock_skew_ms Int64 COMMENT"]);
}

const originalReady = async (): Promise<{ reason?: string }> =>
  (await fetch(`${environment.healthUrls['queue-analytics'] ?? ''}/health/ready`)).json() as Promise<{ reason?: string }>;

/** It has nothing but facts to wait for, and says so. */
const waits = (ready: () => Promise<{ reason?: string }>, what: string): Promise<true> =>
  eventually(async () => ((await ready()).reason?.startsWith('FACTS_OF_OTHER_CODE') === true ? true : null), what);

test('a changed definition leaves live numbers alone until the rebuild, which brings all of it at once', async () => {
  changeTheCopy();
  const migrated = await run(copy, 'infra/migrate/migrate.ts');
  expect(migrated.code, migrated.output).toBe(0);
  expect(migrated.output).toMatch(/its views stay as they were until `npm run rebuild -- queue-analytics`/);
  const between = newTicketId();
  await tell(between);
  await landed(between, 5);
  expect(await reopens()).toStrictEqual(new Set([1]));

  const compared = await rebuild(copy, 'queue-analytics', '--dry-run');
  expect(compared.code, compared.output).toBe(1);
  expect(compared.output).toMatch(/reopens: differs in \d+, e\.g\. (acme|globex)\/TKT-/);
  expect(compared.output).toMatch(/new columns: twice_the_replies/);
  expect(await reopens()).toStrictEqual(new Set([1]));

  const next = runService(copy, ['services/queue-analytics/main.ts']);
  await consumerStarted(next);
  await underTraffic(async () => {
    await waits(next.ready, 'the service of the new code waits for the rebuild');
    expect(await reopens()).toStrictEqual(new Set([1]));
    await done(copy, 'queue-analytics', '--keep-old');
    expect(await reopens()).toStrictEqual(new Set([10]));
    await waits(originalReady, 'the service of the old code waits for good');
    await stopOriginal();
  });
  expect(await reopens()).toStrictEqual(new Set([10]));
  expect((await query('SELECT ticket_id FROM queue.ticket_facts FINAL WHERE twice_the_replies != agent_replies * 2')).length).toBe(0);
  expect(await databases()).toStrictEqual(['queue', 'queue_previous']);
});

test('rollback, with the code of the old facts, brings back them and what came meanwhile; once more, the new ones', async () => {
  const id = newTicketId();
  await tell(id);
  await landed(id, 5);
  const refused = await rebuild(copy, 'rollback', 'queue-analytics');
  expect(refused.code, refused.output).toBe(2);
  expect(refused.output).toMatch(/go back to the version of the code that it is of/);
  await done(root, 'rollback', 'queue-analytics');
  expect(await reopens()).toStrictEqual(new Set([1]));
  await assertFactsAreTold();
  expect((await query('SELECT 1 FROM queue.tickets WHERE ticket_id = {id:String}', { id })).length).toBe(1);
  await done(copy, 'rollback', 'queue-analytics');
  expect(await reopens()).toStrictEqual(new Set([10]));
  await assertFactsAreTold({ reopens: 10 });
});

test('killed between the exchange and the views, the same command finishes the swap', async () => {
  const identity = async (): Promise<string> => (await query<{ uuid: string }>(`SELECT toString(uuid) AS uuid FROM system.tables WHERE database = 'queue' AND name = 'ticket_facts'`))[0]?.uuid ?? '';
  const live = await identity();
  const broken = startRebuild(root, 'queue-analytics');
  await eventually(async () => ((await identity()) === live ? null : true), 'the exchange');
  await broken.kill();
  const id = newTicketId();
  await tell(id);
  const [others] = await Promise.all([rebuild(copy, 'queue-analytics'), deployOriginal()]);
  expect(others.code, others.output).toBe(2);
  expect(others.output).toMatch(/finish it with the version of the code that began it/);
  expect(await done(root, 'queue-analytics')).toMatch(/finishing a swap that was broken off/);
  await landed(id, 5);
  expect(await reopens()).toStrictEqual(new Set([1]));
  await assertFactsAreTold();
  expect(await databases()).toStrictEqual(['queue', 'queue_previous']);
});

test('a row that no definition explains stops the swap; a rebuild of its ticket alone puts it right', async () => {
  await clickhouse.command(`INSERT INTO queue.ticket_facts SELECT * REPLACE (reopens + 7 AS reopens) FROM queue.ticket_facts FINAL WHERE ticket_id = '${tickets[0] ?? ''}'`);
  const refused = await rebuild(root, 'queue-analytics');
  expect(refused.code, refused.output).toBe(1);
  expect(refused.output).toMatch(new RegExp(`1 different[^]*reopens: differs in 1, e\\.g\\. acme/${tickets[0] ?? ''}[^]*not swapped`));
  const output = await done(root, 'queue-analytics', '--ticket', tickets[0] ?? '');
  expect(output).toMatch(/1 rows before, 1 after; 0 equal, 1 different/);
  expect(await done(root, 'queue-analytics', '--integration', 'acme', '--from', '2026-04-01', '--to', '2026-04-02', '--dry-run')).toMatch(/ 0 different/);
  await assertFactsAreTold();
});

test('a slip in the command line changes nothing', async () => {
  const slips = [
    ['no-such-projection'], ['queue-analytics', '--from', 'yesterday'], ['queue-analytics', '--ticket', 'TKT-1', '--keep-old'], ['rollback', 'agent-analytics'],
  ];
  const codes = await Promise.all(slips.map(async (args) => (await rebuild(root, ...args)).code));
  expect(codes).toStrictEqual([2, 2, 2, 2]);
  const other = await rebuild(copy, 'queue-analytics', '--ticket', tickets[0] ?? '');
  expect([other.code, other.output]).toStrictEqual([2, expect.stringMatching(/all facts change together/)]);
});
