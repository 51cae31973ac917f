// The engine's own means. Its one user may read the databases, and nothing else; what more a session may do is a role that
// it takes: everything inside the databases and nothing to the machine, adding rows to one database, and, for single
// statements, reading and writing files.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Account } from '../accounts.ts';

export const FILES_ROLE = 'user_files';
export const OWNER_ROLE = 'owner';
/** Of a session that only reads. */
const NO_ROLE = 'NONE';
const writingRole = (database: string): string => `writes_${database}`;

/** What a user's sessions may do besides reading. */
export function roleOf(account: Account): string {
  if (account.kind === 'administrator') return OWNER_ROLE;
  return account.kind === 'analyst' || account.databases.length === 0 ? NO_ROLE : account.databases.map(writingRole).join(', ');
}

/** Merges can wait while rows come in or somebody asks; on few cores they took a third of the machine from both. */
const MERGES_NICE = 19;

/** A query beyond it fails with MEMORY_LIMIT_EXCEEDED. A server takes 0.9, but has the machine for itself. */
const MEMORY_SHARE = 0.5;

const READING = ['SHOW', 'SELECT', 'dictGet'];
const PRIVILEGES = [
  ...READING, 'INSERT', 'ALTER TABLE', 'ALTER VIEW', 'ALTER DATABASE', 'CREATE DATABASE', 'CREATE TABLE', 'CREATE VIEW', 'CREATE DICTIONARY',
  'CREATE ARBITRARY TEMPORARY TABLE', 'CREATE FUNCTION', 'DROP DATABASE', 'DROP TABLE', 'DROP VIEW', 'DROP DICTIONARY', 'DROP FUNCTION',
  'UNDROP TABLE', 'TRUNCATE', 'OPTIMIZE', 'CHECK', 'KILL QUERY', 'SET DEFINER', 'ALLOW SQL SECURITY NONE', 'SYSTEM RELOAD DICTIONARY', 'SYSTEM FLUSH',
  'SYSTEM MERGES', 'SYSTEM TTL MERGES', 'SYSTEM VIEWS', 'SYSTEM DROP CACHE',
];

/** Settings by which a statement would name a file, a server, or another language than the one that is checked. */
const FIXED_SETTINGS = [
  'dialect', 'format_schema', 'format_schema_source', 'format_template_row', 'format_template_resultset', 'format_avro_schema_registry_url', 'schema_inference_hints',
  'output_format_schema', 'input_format_record_errors_file_path', 'rename_files_after_processing',
  'allow_experimental_eval_table_function', 'allow_experimental_ai_functions', 'allow_introspection_functions',
  'merge_tree_disk', 'merge_tree_storage_policy', 'merge_tree_table_disk',
];

const CONFINED_PROFILE = `
    <allow_introspection_functions>0</allow_introspection_functions>
    <input_format_values_interpret_expressions>0</input_format_values_interpret_expressions>
    <input_format_values_deduce_templates_of_expressions>0</input_format_values_deduce_templates_of_expressions>
    <constraints>${FIXED_SETTINGS.map((name) => `<${name}><readonly/></${name}>`).join('')}</constraints>
  `;

function roleXml(name: string, privileges: string): string {
  return `<${name}><grants><query>GRANT ${privileges}</query></grants></${name}>`;
}

function usersXml(profile: string, privileges: string, writable: readonly string[]): string {
  const roles = [roleXml(OWNER_ROLE, `${privileges} ON *.*`), roleXml(FILES_ROLE, 'READ, WRITE ON FILE'), ...writable.map((database) => roleXml(writingRole(database), `INSERT ON ${database}.*`))];
  const granted = [OWNER_ROLE, FILES_ROLE, ...writable.map((database) => writingRole(database))];
  return `<clickhouse>
  <profiles><default>${profile}</default></profiles>
  <users><default>
    <password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
    <grants><query>GRANT ${READING.join(', ')} ON *.*</query>${granted.map((role) => `<query>GRANT ${role}</query>`).join('')}</grants>
  </default></users>
  <roles>${roles.join('')}</roles>
  <quotas><default></default></quotas>
</clickhouse>
`;
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

const NOTHING_COMPILED = ['compile_expressions', 'compile_aggregate_expressions', 'compile_sort_description'].map((name) => `<${name}>0</${name}>`).join('');

/**
 * The engine (26.7) reads `assignee_id = ''` of a view as a question for the column's length, which a column that is LowCardinality
 * behind the view doesn't have: UNKNOWN_IDENTIFIER `assignee_id.size`. Without this it asks as it is told, and no question here is slower.
 */
const AS_TOLD = '<optimize_functions_to_subcolumns>0</optimize_functions_to_subcolumns>';

export interface EngineMeans {
  /** True if statements may reach the machine's files, programs and network. */
  readonly externalAccess: boolean;
  /** Whether expressions are compiled from their third use on: 20 to 40 ms of CPU each, which pays where a process lives for long. */
  readonly compiles: boolean;
  /** Databases that a service may be let write. */
  readonly writable: readonly string[];
}

/** Writes the configuration and returns its path, for the engine's first connection. */
export function writeEngineConfig(dataDir: string, { externalAccess, compiles, writable }: EngineMeans): string {
  const folder = join(dataDir, 'config');
  mkdirSync(folder, { recursive: true });
  const users = join(folder, 'users.xml');
  const profile = AS_TOLD + (compiles ? '' : NOTHING_COMPILED);
  writeFileSync(users, externalAccess ? usersXml(profile, 'ALL', writable) : usersXml(profile + CONFINED_PROFILE, PRIVILEGES.join(', '), writable));
  const config = join(folder, 'config.xml');
  writeFileSync(config, `<clickhouse>
  <users_config>${xml(users)}</users_config>
  <user_scripts_path>${xml(join(folder, 'no-scripts'))}/</user_scripts_path>
  <max_server_memory_usage_to_ram_ratio>${MEMORY_SHARE}</max_server_memory_usage_to_ram_ratio>
  <os_threads_nice_value_merge_mutate>${MERGES_NICE}</os_threads_nice_value_merge_mutate>
</clickhouse>
`);
  return config;
}
