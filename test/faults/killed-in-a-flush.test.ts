// A projection is killed at each step of a flush, and one is frozen while it holds facts that it has not written: whoever goes
// on has the same facts as the projection beside it that nobody disturbed, and no offset is committed before its facts are there.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { define } from '../../infra/projections/definition.ts';
import { findProjections } from '../../infra/projections/find.ts';
import { migrateProjection } from '../../infra/projections/tables.ts';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { eventsTopic } from '../../services/runtime/event-log.ts';
import { consumerPositions, placeGroup } from '../../services/runtime/kafka/admin.ts';
import { consumerStarted, endAll, run, type Running } from '../integration/consumer-kit.ts';
import { root } from '../integration/copy-of-the-code.ts';
import { connection } from '../system/quarantine-cli.ts';
import { closeClients, environment, eventually, newTicketId, query, sendUntilAccepted, ticket } from '../system/support.ts';

const steps = ['landed', 'read', 'folded', 'inserted:ticket_facts', 'inserted:sla_timer_facts', 'before-commit'];
const topic = eventsTopic('production');
const tables = ['ticket_facts', 'sla_timer_facts'];
const clickhouse = connectClickHouse(environment.clickhouseUrl);
const ids = Array.from({ length: 12 }, newTicketId);
const databases: string[] = [];

/** A database with the tables of queue-analytics, and a consumer group of the same name that begins at the log's end. */
async function another(name: string): Promise<string> {
  const found = (await findProjections()).find(({ projection }) => projection.name === 'queue-analytics');
  expect.assert(found);
  databases.push(name);
  const defined = await define(found);
  const statements = defined.statements.filter(({ kind, target }) => (kind === 'table' || kind === 'materialized view') && target.startsWith('{database}.'));
  await migrateProjection(clickhouse, { ...defined, statements, projection: { ...found.projection, database: name } });
  await placeGroup(connection, { groupId: name, topic, from: 'latest', reset: true });
  return name;
}

const start = (name: string, failpoint = ''): Running => run(root, ['test/faults/other-queue.ts', name], { FAILPOINT: failpoint });

/** What the projection has of these tickets; when it computed that is no matter. */
const factsIn = (database: string, table: string): Promise<unknown[]> =>
  query(`SELECT * FROM ${database}.${table} FINAL WHERE ticket_id IN {ids:Array(String)} ORDER BY ticket_id`, { ids });

const committedBy = async (group: string): Promise<number[]> => (await consumerPositions(connection, group, topic)).map(({ committed }) => committed);

const at = (minute: number): string => new Date(Date.UTC(2026, 2, 2, 9, minute)).toISOString();

/** An event of each ticket, until the ingress has them. */
async function sendToAll(minute: number): Promise<void> {
  await Promise.all(ids.map((id) => sendUntilAccepted(minute === 0 ? ticket(id).created(at(0), 'hello') : ticket(id).message(at(minute), minute % 2 === 0 ? 'customer' : { agent: 'lea' }))));
}

const complete = (database: string, events: number): Promise<true> => eventually(async () => {
  const counts = await Promise.all(tables.map((table) => query<{ done: number }>(`SELECT countIf(bitAnd(version, 4294967295) = ${events}) AS done FROM ${database}.${table} FINAL WHERE ticket_id IN {ids:Array(String)}`, { ids })));
  return counts.every(([row]) => row?.done === ids.length) ? true : null;
}, `facts of ${events} events in ${database}`);

/** Whether a group ends where the log does, with facts like those of the projection that nobody disturbed. */
async function sameAsUndisturbed(name: string): Promise<void> {
  for (const database of ['queue', name]) await complete(database, EVENTS);
  for (const table of tables) expect(await factsIn(name, table), `${name}.${table}`).toStrictEqual(await factsIn('queue', table));
  const rows = await query<{ n: number }>(`SELECT count() AS n FROM ${name}.timeline FINAL WHERE ticket_id IN {ids:Array(String)}`, { ids });
  expect(rows, 'each event once').toStrictEqual([{ n: EVENTS * ids.length }]);
  await eventually(async () => ((await consumerPositions(connection, name, topic)).every(({ committed, end }) => committed === end) ? true : null), `${name} is done with the log`);
}

const killed = steps.map((step) => [step, `killed_${step.replaceAll(/\W/g, '_')}`] as const);
const frozen = 'frozen';

const EVENTS = 3;

/** Whether a process is stopped by a signal. */
const isFrozen = async ({ child }: Running): Promise<true | null> => (/\) T /.test(await readFile(`/proc/${child.pid}/stat`, 'utf8')) ? true : null);

async function recomputedBy(running: Running): Promise<number> {
  return Number(/^ticketstream_facts_recomputed_total\{[^}]*\} (\d+)$/m.exec(await running.metrics())?.[1] ?? 0);
}

beforeAll(async () => {
  const names = [...killed.map(([, name]) => name), frozen];
  for (const name of names) await another(name);
  const begins = new Map(await Promise.all(names.map(async (name) => [name, await committedBy(name)] as const)));
  const doomed = killed.map(([step, name]) => [name, start(name, step)] as const);
  const zombie = start(frozen, 'folded/SIGSTOP');
  await Promise.all([...doomed.map(([, running]) => running), zombie].map(consumerStarted));
  await sendToAll(0);
  for (const [name, running] of doomed) {
    await running.end();
    expect(running.child.signalCode, running.output()).toBe('SIGKILL');
    expect(await committedBy(name), `${name} commits nothing`).toStrictEqual(begins.get(name));
  }
  await eventually(() => isFrozen(zombie), 'a projection that froze');
  await sendToAll(1);
  const next = names.map((name) => start(name));
  await complete(frozen, 2);
  await sendToAll(2);
  await complete(frozen, EVENTS);
  // It holds what one event says, and writes it now.
  zombie.child.kill('SIGCONT');
  await eventually(async () => ((await recomputedBy(zombie)) > 0 ? true : null), 'facts of the one that woke up');
  return async () => {
    await Promise.all(next.map((running) => running.end('SIGTERM')));
  };
});

afterAll(async () => {
  await endAll();
  for (const database of databases) await clickhouse.command(`DROP DATABASE IF EXISTS ${database} SYNC`);
  await clickhouse.close();
  await closeClients();
});

test.for(killed)('after a kill at %s the next process has the same facts, each event counted once', async ([, name]) => {
  await sameAsUndisturbed(name);
});

test('what a frozen projection writes when it wakes up is older than what another one wrote meanwhile', async () => {
  await sameAsUndisturbed(frozen);
});
