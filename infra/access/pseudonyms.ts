// What an analyst sees who may not know who the agents are: twins of the views that may be named, in which agents have pseudonyms.
// Ids of agents become pseudonyms, and a text is shown only when its column is listed here as one that tells of no
// person: a column that nobody thought of is empty. Rows come in the order of pseudonyms, since that of ids would tell whose they are.
import { randomBytes } from 'node:crypto';
import { isAgents } from '../../schemas/personal.ts';
import { pseudonymSql } from '../../services/runtime/personal/pseudonyms.ts';
import type { Table } from './tables.ts';

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly comment: string;
}
export type Parameters = readonly (readonly [name: string, type: string])[];
export interface View extends Pick<Table, 'database' | 'name'> {
  readonly parameters: Parameters;
  readonly columns: readonly Column[];
}

export const KEY_DATABASE = 'pseudonyms';
/** Asked for each row: a constant would stand in the texts of errors. */
const KEY = `dictGet('${KEY_DATABASE}.key', 'key', materialize(toUInt64(1)))`;

/** Of texts that tell of no agent. */
const SHOWN = new RegExp(`^(?:${[
  'integration_id', 'ticket_ids?', 'event_(?:id|type)', 'event_types', '(?:initial_message_)?message_id', '(?:\\w+_)?queue_ids?', 'queue_(?:id_)?at_\\w+', '(?:previous_)?assignee_group_id', '\\w+_type', 'kind', 'author',
  '(?:previous_|new_)?status', 'status_category', 'ended_by', 'channel_(?:chat|topic)_id', 'customer_language_code', 'campaign_id', 'source_(?:url|platform|environment)', 'environment', 'version', 'calendar_id',
  '(?:escalation_)?policy_(?:id|name)', 'level', '(?:breached_)?metric', 'outcome', 'finding', 'conflict', 'data_quality', 'rule', 'rule_id', 'state', 'reason', 'resolution', 'refused_by', 'origin', '(?:from|to)_activity', 'topic', 'projection',
].join('|')})$`);
/** Views whose texts are the installation's own. */
const SHOWN_WHOLE = new Set(['metric_catalog', 'calendar_intervals', 'pipeline_freshness']);
/** The rest of a view in which a text is what a queue is called. */
const SHOWN_OF = new Set(['queue_names.display_name']);

const quoted = (name: string): string => `\`${name}\``;
const holdsText = (type: string): boolean => /String|JSON|Dynamic|Variant|Object|AggregateFunction/.test(type);
const isText = (type: string): boolean => /^(?:LowCardinality\()?(?:Nullable\()?String\)*$/.test(type);
const isListOfTexts = (type: string): boolean => /^Array\((?:LowCardinality\()?String\)+$/.test(type);

/** An agent's own number at Telegram, where it may be one. */
const isNumberOfAgent = (name: string): boolean => /telegram_user_id$/.test(name) && !/^(?:customer|author)_/.test(name);

function shown(view: string, { name, type }: Column): string {
  const column = `source.${quoted(name)}`;
  const isName = /_name$/.test(name);
  if (isNumberOfAgent(name)) return `CAST(NULL, 'Nullable(Int64)')`;
  if (!holdsText(type) || SHOWN_WHOLE.has(view) || SHOWN_OF.has(`${view}.${name}`)) return column;
  if (isAgents(name) && !isName && !/_type$/.test(name)) {
    if (isText(type)) return pseudonymSql(KEY, column);
    if (isListOfTexts(type)) return `arrayMap(one -> ${pseudonymSql(KEY, 'one')}, ${column})`;
  }
  return SHOWN.test(name) ? column : `defaultValueOfTypeName('${type.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}')`;
}

const isPseudonym = (view: string, column: Column): boolean => shown(view, column).includes(KEY);

/** A view's rows with pseudonyms. `inOrder` of them where rows are of agents: rows of tickets come by tickets. */
export function pseudonymous({ database, name, parameters, columns }: View): string {
  const given = parameters.map(([parameter, type]) => `${parameter} = {${parameter}:${type}}`).join(', ');
  const source = `${quoted(database)}.${quoted(name)}${given === '' ? '' : `(${given})`}`;
  const agents = columns.filter((column) => isPseudonym(name, column)).map((column) => quoted(column.name));
  const order = agents.length === 0 ? '' : ` ORDER BY ${agents.join(', ')}`;
  return `SELECT * FROM (SELECT ${columns.map((column) => `${shown(name, column)} AS ${quoted(column.name)}`).join(', ')} FROM ${source} AS source)${order}`;
}

const literal = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

export const columnList = (columns: readonly Column[]): string => columns.map(({ name, type, comment }) => `${quoted(name)} ${isNumberOfAgent(name) ? 'Nullable(Int64)' : type} COMMENT ${literal(comment)}`).join(', ');

/** The key, made once; whoever has it can tell whose a pseudonym is. */
export const keyStatements = (): string[] => [
  `CREATE DATABASE IF NOT EXISTS ${KEY_DATABASE}`,
  `CREATE TABLE IF NOT EXISTS ${KEY_DATABASE}.key_store (id UInt64 COMMENT 'Always 1.', key String COMMENT 'What pseudonyms of agents are made with. Secret.') ENGINE = MergeTree ORDER BY id COMMENT 'The key of pseudonyms. For administrators only.'`,
  `INSERT INTO ${KEY_DATABASE}.key_store SELECT 1, '${randomBytes(32).toString('base64url')}' WHERE (SELECT count() FROM ${KEY_DATABASE}.key_store) = 0`,
  `CREATE DICTIONARY IF NOT EXISTS ${KEY_DATABASE}.key (id UInt64, key String) PRIMARY KEY id SOURCE(CLICKHOUSE(DB '${KEY_DATABASE}' TABLE 'key_store')) LAYOUT(FLAT()) LIFETIME(0) COMMENT 'The key of pseudonyms, for views.'`,
];

type Ask = <Row>(sql: string) => Promise<readonly Row[]>;

/** For views with parameters, whose columns the engine tells only with values for them. */
const exampleOf = (type: string): string => (type.startsWith('Array') ? '[]' : type.includes('String') ? "'UTC'" : type.includes('Date') ? "'2000-01-01 00:00:00'" : '1');

/** The columns of views, and their parameters. A view that can't be described has none, and so no twin. */
export async function describeViews(ask: Ask, views: readonly Pick<Table, 'database' | 'name'>[]): Promise<View[]> {
  const names = (pick: (view: Pick<Table, 'database' | 'name'>) => string): string => `(${[...new Set(views.map(pick))].map(literal).join(', ')})`;
  if (views.length === 0) return [];
  const within = `database IN ${names(({ database }) => database)}`;
  const described = await ask<{ database: string; name: string; parameters: Parameters }>(`SELECT database, name,
    arrayDistinct(arrayMap(found -> (found[1], found[2]), extractAllGroupsVertical(if(empty(parameterized_view_parameters), '', as_select), '\\\\{(\\\\w+):([^{}]+)\\\\}'))) AS parameters
FROM system.tables WHERE ${within} AND name IN ${names(({ name }) => name)}`);
  const columns = await ask<Column & { database: string; table: string }>(`SELECT database, table, name, type, comment FROM system.columns WHERE ${within} ORDER BY database, table, position`);
  const wanted = new Set(views.map(({ database, name }) => `${database}.${name}`));
  return await Promise.all(described.filter(({ database, name }) => wanted.has(`${database}.${name}`)).map(async (view) => {
    if (view.parameters.length === 0) return { ...view, columns: columns.filter(({ database, table }) => database === view.database && table === view.name) };
    const values = view.parameters.map(([name, type]) => `${name} = ${exampleOf(type)}`).join(', ');
    return { ...view, columns: await ask<Column>(`DESCRIBE (SELECT * FROM ${quoted(view.database)}.${quoted(view.name)}(${values}))`).catch(() => []) };
  }));
}
