import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { AvroRecord } from '../../schemas/contract.ts';
import { queryOf, readStatements, type Statement } from './statements.ts';

const folder = mkdtempSync(join(tmpdir(), 'statements-'));
afterAll(() => rmSync(folder, { recursive: true }));

const person = (name: string): AvroRecord => ({ type: 'record', name, fields: [{ name: 'name', type: ['null', 'string'], doc: "A person's name." }] });
const envelope = [{ name: 'ticket_id', type: 'string' }, { name: 'extra', type: { type: 'map', values: 'string' } }] as const;
const records: AvroRecord[] = [
  { type: 'record', name: 'TicketCreated', fields: [...envelope, { name: 'customer', type: person('Customer') }, { name: 'tags', type: { type: 'array', items: 'string' }, doc: 'Tags.' }] },
  { type: 'record', name: 'StatusChanged', fields: [...envelope, { name: 'status', type: 'string', doc: 'After.' }] },
];

function statementsOf(sql: string): Statement[] {
  const file = join(folder, 'some.sql');
  writeFileSync(file, sql);
  return readStatements([file], records);
}
const textsOf = (sql: string): string[] => statementsOf(sql).map(({ text }) => text.replaceAll(/\s+/g, ' '));

test('a defined text stands for itself in what follows, other braces stay', () => {
  expect(textsOf(`
    DEFINE age AS dateDiff('day', born, today());
    SELECT {age} AS age FROM {database}.people WHERE name = {name:String};
  `)).toStrictEqual(["SELECT dateDiff('day', born, today()) AS age FROM {database}.people WHERE name = {name:String}"]);
});

test('a statement about {event} is made once for each, with what its record says beside the envelope', () => {
  expect(textsOf('CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.a_{event} TO {database}.a AS SELECT ticket_id, {event_columns} FROM {database}.landing_{event};')).toStrictEqual([
    'CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.a_ticket_created TO {database}.a AS SELECT ticket_id, `customer.name` AS customer_name, tags FROM {database}.landing_ticket_created',
    'CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.a_status_changed TO {database}.a AS SELECT ticket_id, status FROM {database}.landing_status_changed',
  ]);
});

test('what all records say becomes columns that say whose they are', () => {
  expect(textsOf('CREATE TABLE IF NOT EXISTS {database}.a ({content_columns}) ENGINE = Memory;\nSELECT {content_names};')).toStrictEqual([
    "CREATE TABLE IF NOT EXISTS {database}.a (customer_name Nullable(String) COMMENT 'ticket.created: A person''s name. NULL for other types.', "
    + "tags Array(String) COMMENT 'ticket.created: Tags. Empty for other types.', status Nullable(String) COMMENT 'status.changed: After. NULL for other types.') ENGINE = Memory",
    'SELECT customer_name, tags, status',
  ]);
});

test('a statement knows what it creates, and a materialized view its query', () => {
  const [view] = statementsOf("-- Why.\nCREATE MATERIALIZED VIEW IF NOT EXISTS {database}.b TO {database}.a AS\nWITH 1 AS x SELECT y AS z FROM {database}.c\nCOMMENT 'Feeds a''s.';");
  expect.assert(view);
  expect([view.kind, view.target, queryOf(view)]).toStrictEqual(['materialized view', '{database}.b', 'WITH 1 AS x SELECT y AS z FROM {database}.c']);
});
