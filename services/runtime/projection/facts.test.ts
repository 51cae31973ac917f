// How facts are computed, against a stand-in for ClickHouse that keeps what it is told.
import { expect, test } from 'vitest';
import type { ClickHouse } from '../clickhouse.ts';
import { RuntimeError } from '../errors.ts';
import { rowsOf, timelinesOf } from '../native/testing/rows-of.ts';
import { Facts, type FailedTicket, type Fold } from './facts.ts';
import { idHash } from './id-hash.ts';

const CONFIG_QUERY = 'SELECT configuration';
const computedBy = 'c0de';

/** Counts a ticket's events; says under which configuration it did. */
const fold: Fold = {
  columns: ['event_id', 'seen'],
  events: ([ids, seen]) => (row) => ({ eventId: String(ids?.at(row)), seen: seen?.at(row) }),
  eventTypes: ['happened'],
  configQuery: CONFIG_QUERY,
  under: (answer) => {
    const { version } = answer as { version: number };
    return { configVersion: version, tell: (integrationId, events) => ({ version: events.length, rows: { first: { told: integrationId }, second: { seen: events } } }) };
  },
};
const ticket = { integration_id: 'acme', ticket_id: "T'1" };
const acme = "('acme','T\\'1')";

const columns = [
  ['integration_id', 'LowCardinality(String)'], ['ticket_id', 'String'], ['version', 'UInt64'], ['told', 'String'], ['seen', 'Array(Tuple(eventId String, seen UInt8))'],
  ['config_version', 'UInt32'], ['computed_by', 'LowCardinality(String)'],
].map(([name, type]) => ({ name, type }));

type Seen = readonly [eventId: string, seen: number];

/** What ClickHouse answers where it is asked for timelines. */
const timelines = (configState: string, tickets: readonly (readonly [ticketId: string, ...Seen[]])[]): Buffer =>
  timelinesOf(configState, tickets.flatMap(([ticket_id, ...events]) => events.map(([event_id, seen]) => ({ ticket_id, event_id, seen }))), [{ name: 'seen', type: 'UInt8' }]);

interface Rig {
  readonly clickhouse: ClickHouse;
  readonly queries: string[];
  readonly inserts: [table: string, row: unknown][];
  configState: string;
}

function rig(events: readonly Seen[] = [['e1', 1], ['e2', 2]]): Rig {
  const made: Rig = {
    queries: [], inserts: [], configState: 'one',
    clickhouse: {
      query: <Row>(sql: string) => {
        if (sql.includes('system.columns')) return Promise.resolve(columns as Row[]);
        made.queries.push(sql);
        return Promise.resolve((sql === CONFIG_QUERY ? [{ version: made.configState === 'one' ? 7 : 8 }] : []) as Row[]);
      },
      read: (sql) => {
        made.queries.push(sql);
        return Promise.resolve(timelines(made.configState, [[ticket.ticket_id, ...events]]));
      },
      command: () => Promise.resolve(),
      insertEncoded: (table, _format, body) => {
        made.inserts.push(...rowsOf(body).map((row): [string, unknown] => [table.replace(/ \(.*/, ''), row]));
        return Promise.resolve();
      },
      ping: () => Promise.resolve(null),
      close: () => Promise.resolve(),
    },
  };
  return made;
}

test('a row for each table, in their order, with whose it is, its version and the configuration\'s', async () => {
  const { clickhouse, inserts, queries } = rig();
  await new Facts(clickhouse, { database: 'd', facts: ['first', 'second'], fold }, { computedBy }).compute([ticket]);
  expect(inserts).toStrictEqual([
    ['d.first', { ...ticket, version: 2, told: 'acme', config_version: 7, computed_by: 'c0de' }],
    ['d.second', { ...ticket, version: 2, seen: [{ eventId: 'e1', seen: 1 }, { eventId: 'e2', seen: 2 }], config_version: 7, computed_by: 'c0de' }],
  ]);
  expect(queries[0]).toContain(`FROM d.timeline\n  WHERE (integration_id, ticket_id) IN (${acme})\n`);
});

test('the configuration is read again when it has changed, and only then', async () => {
  const made = rig();
  const facts = new Facts(made.clickhouse, { database: 'd', facts: ['first'], fold }, { computedBy });
  await facts.compute([ticket]);
  await facts.compute([ticket]);
  expect(made.queries.filter((sql) => sql === CONFIG_QUERY)).toHaveLength(1);
  made.configState = 'two';
  await facts.compute([ticket]);
  expect(made.inserts.map(([, row]) => (row as { config_version: number }).config_version)).toStrictEqual([7, 7, 8]);
});

test('a timeline that lacks what was landed is read again, and never told short', async () => {
  const made = rig();
  let short = 2;
  const lagging: ClickHouse = { ...made.clickhouse, read: (sql) => (short-- > 0 ? Promise.resolve(timelines('one', [[ticket.ticket_id, ['e1', 1]]])) : made.clickhouse.read(sql)) };
  const facts = new Facts(lagging, { database: 'd', facts: ['second'], fold }, { computedBy });
  await facts.compute([{ ...ticket, landed: [idHash('E2')] }]);
  expect(made.inserts).toStrictEqual([['d.second', { ...ticket, version: 2, seen: [{ eventId: 'e1', seen: 1 }, { eventId: 'e2', seen: 2 }], config_version: 7, computed_by: 'c0de' }]]);
  await expect(facts.compute([{ ...ticket, landed: [idHash('e3')] }])).rejects.toMatchObject({ code: 'CLICKHOUSE_UNAVAILABLE' });
  expect(made.inserts).toHaveLength(1);
});

test('a ticket that can not be told, or whose row is refused, keeps no other from its facts', async () => {
  const made = rig();
  const names = ['good', 'untold', 'refused', 'fine'];
  const clickhouse: ClickHouse = {
    ...made.clickhouse,
    read: () => Promise.resolve(timelines('one', names.map((name) => [name, [name, 1]] as const))),
    insertEncoded: (table, format, body) => (body.includes('refused') ? Promise.reject(new RuntimeError('CLICKHOUSE_BAD_DATA', 'odd')) : made.clickhouse.insertEncoded(table, format, body)),
  };
  const failed: FailedTicket[] = [];
  const odd: Fold = { ...fold, under: (answer) => {
    const { configVersion, tell } = fold.under(answer);
    return { configVersion, tell: (integrationId, events) => {
      if (JSON.stringify(events).includes('untold')) throw new TypeError('a defect');
      return tell(integrationId, events);
    } };
  } };
  const definition = { database: 'd', facts: ['first'], fold: odd };
  const touched = names.map((name) => ({ integration_id: 'acme', ticket_id: name }));
  const facts = new Facts(clickhouse, definition, { computedBy, onFailed: (ticketOfNoUse) => failed.push(ticketOfNoUse) });
  await facts.compute(touched);
  expect(made.inserts.map(([, row]) => (row as { ticket_id: string }).ticket_id)).toStrictEqual(['good', 'fine']);
  expect(await facts.computeWhere('true'), 'also of those that are told while they are read').toBe(4);
  expect(made.inserts.map(([, row]) => (row as { ticket_id: string }).ticket_id)).toStrictEqual(['good', 'fine', 'good', 'fine']);
  expect(failed.splice(2)).toStrictEqual(failed);
  expect(failed).toStrictEqual([{ integration_id: 'acme', ticket_id: 'untold', error: 'a defect' }, { integration_id: 'acme', ticket_id: 'refused', error: 'd.first: odd' }]);
  await expect(new Facts(clickhouse, definition, { computedBy }).compute(touched), 'who takes no heed of it is told').rejects.toMatchObject({ code: 'FACTS_FAILED' });
});

test('a ticket of which nothing is known, since ClickHouse refused its only event, has no facts', async () => {
  const { clickhouse, inserts } = rig([]);
  await new Facts(clickhouse, { database: 'd', facts: ['first'], fold }, { computedBy }).compute([ticket]);
  expect(inserts).toStrictEqual([]);
});

test('elsewhere: another database, some events, another configuration', async () => {
  const { clickhouse, inserts, queries } = rig();
  const facts = new Facts(clickhouse, { database: 'd', facts: ['first'], fold }, { computedBy, into: 'copy', where: 'event_at < 1', configuration: { version: 9 } });
  expect(await facts.computeWhere("ticket_id < 'U'")).toBe(1);
  expect(inserts).toStrictEqual([['copy.first', { ...ticket, version: 2, told: 'acme', config_version: 9, computed_by: 'c0de' }]]);
  expect(queries).toHaveLength(1);
  expect(queries[0]).toContain("FROM d.timeline\n  WHERE (ticket_id < 'U') AND (event_at < 1)\n");
});

test('a table of other code says so, and is asked before anything else is tried', async () => {
  const made = rig();
  let admitted = 'dead';
  const clickhouse: ClickHouse = {
    ...made.clickhouse,
    query: <Row>(sql: string) => sql.includes('create_table_query')
      ? Promise.resolve([{ definition: `CREATE TABLE d.first (\`a\` String, CONSTRAINT computed_by_one_code CHECK computed_by = '${admitted}')` }] as Row[])
      : made.clickhouse.query<Row>(sql),
    insertEncoded: (...given) => admitted === computedBy
      ? made.clickhouse.insertEncoded(...given)
      : Promise.reject(new RuntimeError('CLICKHOUSE_BAD_DATA', 'whatever does not fit')),
  };
  const facts = new Facts(clickhouse, { database: 'd', facts: ['first'], fold }, { computedBy });
  const refused = { code: 'FACTS_OF_OTHER_CODE', message: 'd.first holds facts of another version of the code than this one (c0de): run that version, or bring all facts to this one by `npm run rebuild`' };
  await facts.assertAdmitted();
  await expect(facts.compute([ticket])).rejects.toMatchObject(refused);
  await expect(facts.assertAdmitted()).rejects.toMatchObject(refused);
  admitted = computedBy;
  await facts.assertAdmitted();
  await facts.compute([ticket]);
  expect(made.inserts).toHaveLength(1);
});
