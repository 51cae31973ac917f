import { expect, test } from 'vitest';
import { renderUsers, type Table } from '../access/server-sql.ts';
import { accessOn } from './access.ts';

const table = (name: string, engine: string): Table => ({ database: 'queue', name, engine, has_tenant: 1, version: '', wanders: 0, parameters: [], columns: [] });
const tables = [table('ticket_facts', 'Distributed'), table('ticket_facts_local', 'ReplicatedReplacingMergeTree'), table('tickets', 'View')];
const limits = { seconds: 30, memory_mib: 1024, result_rows: 1000, threads: 2, queries: 4 };
const sql = renderUsers([{ kind: 'analyst', name: 'mira', sha256: 'aa', salt: 'bb', integrations: ['acme'], limits }, { kind: 'administrator', name: 'boss', sha256: 'aa', salt: 'bb' }], tables);

test('every statement is one of the whole cluster, and else the same', async () => {
  const lines = (await accessOn('tickets', sql)).trimEnd().split('\n');
  for (const line of lines) expect(line.match(/ ON CLUSTER 'tickets'/g), line).toHaveLength(1);
  expect(lines.map((line) => line.replace(" ON CLUSTER 'tickets'", ''))).toStrictEqual(sql.trimEnd().split('\n'));
  expect(lines).toContain("GRANT ON CLUSTER 'tickets' `tenants` TO `mira_views`;");
});

test('one server is told them as they are', async () => {
  expect(await accessOn('', sql)).toBe(sql);
});

test('a tenant’s filter is on the rows’ own tables and on the Distributed ones', () => {
  for (const name of ['ticket_facts', 'ticket_facts_local']) expect(sql).toContain(`ON \`queue\`.\`${name}\` FOR SELECT USING integration_id IN ('acme') TO \`mira_views\``);
});
