import { expect, test } from 'vitest';
import { renderUsers, type Table } from './server-sql.ts';
import { conditionOf } from './tables.ts';
import { LIMITS, type User } from './users.ts';

const table = (database: string, name: string, engine: string, has_tenant = 1, parameters: Table['parameters'] = []): Table => ({ database, name, engine, has_tenant, version: '', wanders: 0, parameters, columns: [] });
const tables = [
  table('queue', 'tickets', 'View'), table('queue', 'backlog_as_of', 'View', 0, [['ts', 'DateTime64(3)']]), table('queue', 'ticket_facts', 'ReplacingMergeTree'), table('queue', 'untold', 'MergeTree', 0),
  table('config', 'agent_name', 'Dictionary'), table('config', 'status_map', 'ReplacingMergeTree'), table('config', 'live', 'Dictionary', 0), table('system', 'parts', 'SystemParts', 0),
];
const login = { sha256: 'a'.repeat(64), salt: 'b'.repeat(32) };
const mira: User = { kind: 'analyst', name: 'mira', ...login, integrations: ["ac'me"], limits: LIMITS };

const statements = (users: readonly User[]): string[] => renderUsers(users, tables).split(';\n').filter((text) => text !== '');

test('an analyst may read views of its own, which run as somebody who sees its tenants and can not log in', () => {
  const sql = statements([mira]);
  const about = (pattern: RegExp): string[] => sql.filter((text) => pattern.test(text));
  expect(about(/ TO `mira`$/).filter((text) => text.startsWith('GRANT'))).toStrictEqual(['GRANT SELECT ON `mira_queue`.* TO `mira`']);
  expect(about(/^CREATE USER/)).toStrictEqual(['CREATE USER OR REPLACE `mira_views` HOST NONE', `CREATE USER OR REPLACE \`mira\` IDENTIFIED WITH sha256_hash BY '${login.sha256}' SALT '${login.salt}' SETTINGS PROFILE \`mira\``]);
  expect(about(/^CREATE OR REPLACE VIEW/)).toStrictEqual([
    'CREATE OR REPLACE VIEW `mira_queue`.`backlog_as_of` DEFINER = `mira_views` SQL SECURITY DEFINER AS SELECT * FROM `queue`.`backlog_as_of`(ts = {ts:DateTime64(3)})',
    'CREATE OR REPLACE VIEW `mira_queue`.`tickets` DEFINER = `mira_views` SQL SECURITY DEFINER AS SELECT * FROM `queue`.`tickets`',
  ]);
  expect(about(/untold|parts/)).toStrictEqual([]);
  expect(about(/readonly = 2 READONLY/)[0]).toContain('max_execution_time = 30 MIN 1 MAX 30');
});

test('each table with rows of tenants has a policy for the analyst and one for everybody else', () => {
  const policies = statements([mira]).filter((text) => text.startsWith('CREATE ROW POLICY'));
  for (const name of ['`queue`.`ticket_facts`', '`config`.`status_map`']) {
    expect(policies.filter((text) => text.includes(` ON ${name} `)).map((text) => text.replace(/^.* USING /, ''))).toStrictEqual([
      '1 TO ALL EXCEPT `tenants`', `integration_id IN (${name.includes('config') ? "'', " : ''}'ac\\'me') TO \`mira_views\``,
    ]);
  }
});

test('a service reads, and adds rows to its databases; without analysts nothing has a policy', () => {
  expect(statements([{ kind: 'service', name: 'queue-analytics', ...login, databases: ['queue'] }])).toStrictEqual([
    `CREATE USER OR REPLACE \`queue-analytics\` IDENTIFIED WITH sha256_hash BY '${login.sha256}' SALT '${login.salt}'`,
    'GRANT SHOW, SELECT, dictGet ON `config`.* TO `queue-analytics`', 'GRANT SHOW, SELECT, dictGet ON `queue`.* TO `queue-analytics`', 'GRANT INSERT ON `queue`.* TO `queue-analytics`',
  ]);
});

test('a table that does not say whose its rows are shows none', () => {
  expect(conditionOf(table('queue', 'untold', 'MergeTree', 0), ['a'])).toBe('0');
  expect(conditionOf(table('queue', 'metric_catalog', 'View', 0), ['a'])).toBeUndefined();
  expect(conditionOf(table('monday_config', 'agent_names', 'MergeTree'), ['a'])).toBe("integration_id IN ('', 'a')");
});
