// Facts are computed anew while events stream in: what comes out is what was live, row for row; a
// run that is killed goes on; a new definition arrives as a whole, and goes away as a whole.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { factsOf } from '../../services/runtime/projection/facts.ts';
import { closeClients, environment, eventually, landed, newTicketId, query, sendUntilAccepted, ticket } from '../system/support.ts';
import { copyOfTheCode, root } from './copy-of-the-code.ts';

const clickhouse = connectClickHouse(environment.clickhouseUrl);
/** A copy of the repository whose definitions a test may change. */
const { folder: copy, remove } = await copyOfTheCode();
const factsFile = join(copy, 'services', 'queue-analytics', '01-facts.sql');

beforeAll(async () => {
  // What other files left would be computed again in each of these tests.
  for (const table of ['timeline', 'ticket_facts', 'sla_timer_facts']) await clickhouse.command(`TRUNCATE TABLE queue.${table}`);
  await Promise.all(tickets.map((id) => tell(id)));
  for (const id of tickets) await landed(id, 5);
});

afterAll(async () => {
  await rebuild('discard', 'queue-analytics');
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

function run(file: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', file, ...args], { cwd: copy }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr });
    });
  });
}

const REBUILD = 'infra/rebuild/rebuild.ts';
const rebuild = (...args: string[]): Promise<Ended> => run(REBUILD, ...args);

const done = async (...args: string[]): Promise<string> => {
  const { code, output } = await rebuild(...args);
  expect(code, output).toBe(0);
  return output;
};

/** So many tickets at once that there are a few chunks, however many tickets other tests left. */
async function someChunks(): Promise<string> {
  const [row] = await query<{ tickets: number }>('SELECT uniqExact(ticket_id) AS tickets FROM queue.timeline');
  return String(Math.ceil((row?.tickets ?? 0) / 3));
}

/** Sends events all the while, and waits until they have landed. */
async function underTraffic(work: () => Promise<void>): Promise<void> {
  const sent: string[] = [];
  const state = { going: true };
  const sending = (async () => {
    while (state.going) {
      await sleep(3_000);
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

const settled = (): Promise<true> => eventually(async () => {
  const [row] = await query<{ n: number }>('SELECT count() AS n FROM queue.stale_tickets');
  return row?.n === 0 ? true : null;
}, 'no stale tickets');

/** Every row of the live tables is what its definition says today. */
async function assertFactsAreTheirDefinition(): Promise<void> {
  await settled();
  for (const table of ['queue.ticket_facts', 'queue.sla_timer_facts']) {
    const sideOf = (rows: string): string => `SELECT count() AS rows, toString(sum(cityHash64(tuple(* EXCEPT config_version)))) AS checksum FROM ${rows}`;
    const [[live], [computed]] = await Promise.all([query<{ rows: number }>(sideOf(`${table} FINAL`)), query<{ rows: number }>(sideOf(factsOf(table, [])))]);
    expect((live?.rows ?? 0)).toBeGreaterThanOrEqual(tickets.length);
    expect(live, table).toStrictEqual(computed);
  }
}

const databases = async (): Promise<string[]> => (await query<{ name: string }>(`SELECT name FROM system.databases WHERE name LIKE 'queue%' ORDER BY name`)).map(({ name }) => name);

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
    output = await done('queue-analytics', '--chunk-tickets', await someChunks());
  });
  reading.on = false;
  await reader;
  expect(output).toMatch(/as the live facts/);
  expect(output).toMatch(/0 different/);
  expect(output).toMatch(/swapped after/);
  expect(reading.fewest, `${reading.fewest} of ${rowsBefore} tickets seen`).toBeGreaterThanOrEqual(rowsBefore);
  await assertFactsAreTheirDefinition();
  expect(await databases(), 'nothing is left behind').toStrictEqual(['queue']);
});

/** Starts a rebuild that is to be killed. */
function startRebuild(...args: string[]): { kill: () => Promise<void> } {
  const child = spawn(process.execPath, ['--import', 'tsx', REBUILD, ...args], { cwd: copy, stdio: 'ignore' });
  const ended = once(child, 'exit');
  return {
    kill: async () => {
      child.kill('SIGKILL');
      expect(await ended, 'it was still at work').toStrictEqual([null, 'SIGKILL']);
    },
  };
}

test('killed in the middle, the same command goes on where it was', async () => {
  const broken = startRebuild('queue-analytics', '--chunk-tickets', await someChunks());
  await eventually(async () => ((await query<{ n: number }>('SELECT count() AS n FROM queue_next.chunks_done'))[0]?.n ?? 0) >= 2 ? true : null, 'two chunks');
  const second = await rebuild('queue-analytics');
  expect(second.code).toBe(2);
  expect(second.output).toMatch(/is being rebuilt by process/);
  await broken.kill();
  await tell(newTicketId());
  const output = await done('queue-analytics');
  expect(output).toMatch(/going on where a run was broken off/);
  expect(output).toMatch(/swapped after/);
  await assertFactsAreTheirDefinition();
});

const reopens = async (): Promise<number[]> =>
  (await query<{ reopens: number }>('SELECT reopens FROM queue.tickets WHERE ticket_id IN {ids:Array(String)}', { ids: tickets })).map((row) => row.reopens);

test('a changed definition leaves live numbers alone until the rebuild, which brings all of it at once', async () => {
  const sql = readFileSync(factsFile, 'utf8');
  const changed = sql
    .replace('countIf(is_reopen) AS reopens', 'countIf(is_reopen) * 10 AS reopens')
    .replace('    clock_skew_ms Int64 COMMENT', `    twice_the_replies UInt32 COMMENT 'Of this test.',\n    clock_skew_ms Int64 COMMENT`)
    .replace('    clock_skew_ms,\n', '    agent_replies * 2 AS twice_the_replies,\n    clock_skew_ms,\n');
  writeFileSync(factsFile, changed);
  const migrated = await run('infra/migrate/migrate.ts');
  expect(migrated.code, migrated.output).toBe(0);
  expect(migrated.output).toMatch(/its views stay as they were until `npm run rebuild -- queue-analytics`/);
  const between = newTicketId();
  await tell(between);
  await landed(between, 5);
  expect(new Set(await reopens())).toStrictEqual(new Set([1]));

  const compared = await rebuild('queue-analytics', '--dry-run');
  expect(compared.code).toBe(1);
  expect(compared.output).toMatch(/reopens: differs in \d+, e\.g\. (acme|globex)\/TKT-/);
  expect(compared.output).toMatch(/new columns: twice_the_replies/);
  expect(new Set(await reopens())).toStrictEqual(new Set([1]));

  await underTraffic(async () => {
    await done('queue-analytics', '--keep-old');
    await sleep(500);
  });
  expect(new Set(await reopens())).toStrictEqual(new Set([10]));
  expect((await query('SELECT ticket_id FROM queue.ticket_facts FINAL WHERE twice_the_replies != agent_replies * 2')).length).toBe(0);
  await assertFactsAreTheirDefinition();
  expect(await databases()).toStrictEqual(['queue', 'queue_previous']);
});

test('rollback brings back the old rows, the old definition and what came meanwhile; once more, the new ones', async () => {
  const id = newTicketId();
  await tell(id);
  await landed(id, 5);
  await done('rollback', 'queue-analytics');
  expect(new Set(await reopens())).toStrictEqual(new Set([1]));
  await assertFactsAreTheirDefinition();
  expect((await query('SELECT 1 FROM queue.tickets WHERE ticket_id = {id:String}', { id })).length).toBe(1);
  await done('rollback', 'queue-analytics');
  expect(new Set(await reopens())).toStrictEqual(new Set([10]));
  await assertFactsAreTheirDefinition();
  await done('rollback', 'queue-analytics');
  expect(new Set(await reopens())).toStrictEqual(new Set([1]));
});

test('killed between the exchange and the views, the same command finishes the swap', async () => {
  const identity = async (): Promise<string> => (await query<{ uuid: string }>(`SELECT toString(uuid) AS uuid FROM system.tables WHERE database = 'queue' AND name = 'ticket_facts'`))[0]?.uuid ?? '';
  const live = await identity();
  const broken = startRebuild('queue-analytics');
  await eventually(async () => ((await identity()) === live ? null : true), 'the exchange');
  await broken.kill();
  const id = newTicketId();
  await tell(id);
  expect(await done('queue-analytics')).toMatch(/finishing a swap that was broken off/);
  await landed(id, 5);
  expect(new Set(await reopens())).toStrictEqual(new Set([10]));
  await assertFactsAreTheirDefinition();
  expect(await databases()).toStrictEqual(['queue', 'queue_previous']);
});

test('a row that no definition explains stops the swap; a rebuild of its ticket alone puts it right', async () => {
  await cp(join(root, 'services', 'queue-analytics', '01-facts.sql'), factsFile);
  await done('queue-analytics');
  await clickhouse.command(`INSERT INTO queue.ticket_facts SELECT * REPLACE (reopens + 7 AS reopens) FROM queue.ticket_facts FINAL WHERE ticket_id = '${tickets[0] ?? ''}'`);
  const refused = await rebuild('queue-analytics');
  expect(refused.code).toBe(1);
  expect(refused.output).toMatch(new RegExp(`1 different[^]*reopens: differs in 1, e\\.g\\. acme/${tickets[0] ?? ''}[^]*not swapped`));
  const output = await done('queue-analytics', '--ticket', tickets[0] ?? '');
  expect(output).toMatch(/1 rows before, 1 after; 0 equal, 1 different/);
  expect(await done('queue-analytics', '--integration', 'acme', '--from', '2026-04-01', '--to', '2026-04-02', '--dry-run')).toMatch(/ 0 different/);
  await assertFactsAreTheirDefinition();
});

test('a slip in the command line changes nothing', async () => {
  expect((await rebuild('no-such-projection')).code).toBe(2);
  expect((await rebuild('queue-analytics', '--from', 'yesterday')).code).toBe(2);
  expect((await rebuild('queue-analytics', '--ticket', 'TKT-1', '--keep-old')).code).toBe(2);
  expect((await rebuild('rollback', 'agent-analytics')).code).toBe(2);
});
