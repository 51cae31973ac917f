import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ofSnapshot, readCatalogue, readQuery, runnable } from './catalogue.ts';
import { questions } from './page/texts/questions-de.ts';
import { isAgents } from '../../schemas/personal.ts';
import { parameters, valuesOf } from './parameters.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const catalogue = [...readCatalogue().values()];

/** Views by database, as the projections' SQL makes them. */
const folders = { queue: 'services/queue-analytics', agents: 'services/agent-analytics', log: 'services/event-archive' };
const shared = readdirSync(join(root, 'infra/clickhouse')).filter((file) => file.endsWith('.sql')).map((file) => readFileSync(join(root, 'infra/clickhouse', file), 'utf8'));
const views = new Set(Object.entries(folders).flatMap(([database, folder]) =>
  [...shared, ...readdirSync(join(root, folder)).filter((file) => file.endsWith('.sql')).map((file) => readFileSync(join(root, folder, file), 'utf8'))]
    .flatMap((sql) => [...sql.matchAll(/CREATE OR REPLACE VIEW \{database\}\.(\w+)/g)].map(([, view = '']) => `${database}.${view}`))));

const readBy = (sql: string): string[] => [...sql.matchAll(/\b(?:FROM|JOIN)\s+(\w+\.\w+)/gi)].map(([, name = '']) => name);

test('queries read views, and nothing that has no view', () => {
  expect(catalogue.length).toBeGreaterThan(30);
  for (const { name, sql } of catalogue.filter((query) => query.name !== 'desk/snapshots')) {
    const read = readBy(sql);
    expect(read.length, name).toBeGreaterThan(0);
    expect(read.filter((source) => !views.has(source)), name).toStrictEqual([]);
    expect(sql, `${name} asks the server about itself`).not.toMatch(/\bsystem\.|\bINTO\b|\bfile\(|\burl\(|\bremote\(/i);
  }
});

test('a table would be noticed, however it is named', () => {
  expect(readBy('SELECT 1 FROM queue.ticket_facts').filter((source) => !views.has(source))).toStrictEqual(['queue.ticket_facts']);
  expect(readBy('SELECT 1 FROM queue.tickets AS t LEFT JOIN log.event_store AS e ON true').filter((source) => !views.has(source))).toStrictEqual(['log.event_store']);
});

test('of the archive they read when events came and how many are unusable, never what was said or who said it', () => {
  const records = 'pipeline/quarantine-records';
  expect(catalogue.filter(({ sql }) => /\blog\.quarantine\b/.test(sql)).map(({ name }) => name)).toStrictEqual([records]);
  const envelope = /^(timestamp|event_type|received_at|late_seconds|version|event_id|kafka_partition|kafka_offset|integration_id|ticket_id)$/;
  for (const { name, sql } of catalogue.filter((query) => /\blog\./.test(query.sql) && query.name !== records)) {
    for (const source of readBy(sql)) expect(['log.events', 'log.quarantine_counts'], name).toContain(source);
    if (!sql.includes('log.events')) continue;
    const words = [...sql.replaceAll(/\{[^}]*\}|'[^']*'|\blog\.events\b/g, '').matchAll(/\b[a-z]\w*_\w+\b/g)].map(([word]) => word);
    expect(words.filter((word) => !envelope.test(word) && word !== 'last_received_at' && word !== 'latest_seconds'), name).toStrictEqual([]);
    expect(sql, name).not.toContain('*');
  }
});

test('every query says what it is, and declares parameters that an address can say, by the same types', () => {
  for (const { name, title, sql, parameters: declared } of catalogue) {
    expect(title.length, name).toBeGreaterThan(10);
    for (const [parameter, type] of declared) expect(type, `${name}: ${parameter}`).toBe(parameters[parameter]?.type);
    expect(declared.has('integration') || ['desk/tenants', 'desk/snapshots'].includes(name) || name.startsWith('pipeline/'), `${name} is of one tenant`).toBe(true);
    expect(sql.endsWith(';'), name).toBe(false);
  }
});

test('what several queries say is said once: a part stands where it is named, and a name that is no part is told', () => {
  const parts = new Map([['inner', 'x = 1\nAND y = {limit:UInt32}'], ['outer', 'a\n  AND {inner}']]);
  const { sql, parameters: declared } = readQuery('a/b', '-- T.\nSELECT 1\n  WHERE {outer} OR {inner}', parts);
  expect(sql).toBe('SELECT 1\n  WHERE a\n    AND x = 1\n    AND y = {limit:UInt32} OR x = 1\n    AND y = {limit:UInt32}');
  expect([...declared]).toStrictEqual([['limit', 'UInt32']]);
  expect(() => readQuery('a/b', '-- T.\nSELECT {none}', parts)).toThrow('a/b: there is no queries/parts/none.sql');
  for (const { name, sql: whole } of catalogue) expect(whole, name).not.toMatch(/\{\w+\}/);
});

test('a question of a snapshot asks its databases and nothing live; one about the present can’t be asked of it', () => {
  const asked = ofSnapshot(readQuery('a/b', "-- T.\nSELECT queue_id, 'queue.x' FROM queue.tickets JOIN agents.agent_solves USING ticket_id WHERE has({queues:Array(String)}, queue_id)"), 'monday');
  expect(asked?.sql).toBe("SELECT queue_id, 'queue.x' FROM monday_queue.tickets JOIN monday_agents.agent_solves USING ticket_id WHERE has({queues:Array(String)}, queue_id)");
  for (const query of catalogue.filter(({ name }) => name.startsWith('sla/'))) expect(readBy(ofSnapshot(query, 'monday')?.sql ?? '').filter((source) => !source.startsWith('monday_')), query.name).toStrictEqual([]);
  expect(ofSnapshot(readQuery('a/b', "-- T.\nSELECT now64(3, 'UTC') FROM queue.tickets"), 'monday')).toBe(null);
});

test('no parameter is declared in vain', () => {
  const used = new Set(catalogue.flatMap(({ parameters: declared }) => [...declared.keys()]));
  expect(Object.keys(parameters).filter((name) => !used.has(name))).toStrictEqual([]);
});

test('what is shown as SQL is what is asked, each parameter replaced by a value that can be nothing else', () => {
  const query = readQuery('a/b', "-- Title.\n-- A row: x.\nSELECT {search:String}, {queues:Array(String)}, {limit:UInt32}, {from:DateTime64(3, 'UTC')}\n");
  expect({ title: query.title, about: query.about }).toStrictEqual({ title: 'Title.', about: 'A row: x.' });
  expect(runnable(query.sql, { search: "O'Hara \\ {x:String}", queues: ['', "a'"], limit: 5, from: '2026-03-01 23:00:00.000' }))
    .toBe("SELECT 'O\\'Hara \\\\ {x:String}', CAST(['', 'a\\''], 'Array(String)'), 5, CAST('2026-03-01 23:00:00.000', 'DateTime64(3, \\'UTC\\')')");
  for (const { sql, name } of catalogue) {
    const address = new URLSearchParams({ tenant: 't', from: '2026-03-02', to: '2026-03-15', at: '2026-03-12T09:00:00Z', ticket: 'T' });
    expect(runnable(sql, valuesOf(readQuery(name, sql), address)), name).not.toMatch(/\{\w+:/);
  }
});

test('every question that a page may open has a name in German, too', () => {
  expect(Object.keys(questions)).toStrictEqual(catalogue.map(({ name }) => name).filter((name) => !name.startsWith('desk/')));
});

test('every column that names an agent is known as one', () => {
  for (const column of ['agent_id', 'assignee_id', 'from_agent_id', 'replied_by_agent_id', 'agent_id_at_due', 'changed_by_id', 'escalated_to_id', 'agent_name', 'assignee_at_reply']) expect(isAgents(column), column).toBe(true);
  for (const column of ['ticket_id', 'queue_id', 'status', 'policy_id', 'customer_telegram_user_id']) expect(isAgents(column), column).toBe(false);
});
