// What defines a projection's facts: the view `<facts>_of` with every view, function, dictionary
// and column it rests on, told from the SQL files. Its hash stands in the comment of the facts
// table, so that it moves with the rows when tables are exchanged: the rows always say by which
// definition they were computed. Comments and layout of the SQL don't count.
import { createHash } from 'node:crypto';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { sqlString } from '../../services/runtime/clickhouse.ts';
import type { Projection } from '../../services/runtime/projection/projector.ts';
import { withoutComments, type Statement } from './statements.ts';

const escaped = (text: string): string => text.replaceAll(/[.{}]/g, String.raw`\$&`);

const mention = ({ kind, target }: Statement): RegExp =>
  kind === 'function' ? new RegExp(String.raw`\b${target}\s*\(`) : new RegExp(String.raw`${escaped(target)}(?!\w)`);

/** The statements that `roots` rest on, themselves included, in the order of the files. */
export function closure(statements: readonly Statement[], roots: readonly string[]): Statement[] {
  const named = statements.filter(({ target }) => target !== '').map((statement) => ({ statement, mention: mention(statement), text: withoutComments(statement.text) }));
  const found = new Set(named.filter(({ statement }) => roots.includes(statement.target)));
  // A set that grows while it is walked: what is found later is visited too.
  for (const { text } of found) {
    for (const candidate of named) if (candidate.mention.test(text)) found.add(candidate);
  }
  return named.filter((item) => found.has(item)).map(({ statement }) => statement);
}

const factsNames = ({ facts }: Projection): string[] => facts.map((name) => `{database}.${name}`);
const factsRoots = (projection: Projection): string[] => factsNames(projection).flatMap((name) => [name, `${name}_of`]);

/** Tables of configuration that the facts read: their content is part of what facts come from. */
export const configurationTables = (statements: readonly Statement[], projection: Projection): string[] =>
  closure(statements, factsRoots(projection)).filter(({ kind, target }) => kind === 'table' && target.startsWith('config.')).map(({ target }) => target);

/** Hash of everything that defines the facts. */
export function definitionOf(statements: readonly Statement[], projection: Projection): string {
  const facts = factsNames(projection);
  const defining = closure(statements, factsRoots(projection)).filter(({ kind, target }) => kind !== 'table' || facts.includes(target));
  const meaning = defining.map(({ text }) => withoutComments(text).replaceAll(/\bCOMMENT\s+'(?:[^'\\]|''|\\.)*'/g, '').replaceAll(/\s+/g, ' ').trim());
  return createHash('sha256').update(meaning.sort().join('\n')).digest('hex').slice(0, 12);
}

/**
 * The facts and all views, under another database's name; what else they read is the live one's. Those
 * that only show the facts are among them, so that one which doesn't work is noticed before a swap.
 */
export function shadowStatements(statements: readonly Statement[], projection: Projection, shadow: string): string[] {
  const wanted = statements.filter(({ kind, target }) => (kind === 'view' && target.startsWith('{database}.')) || factsNames(projection).includes(target));
  const names = new Set(wanted.map(({ target }) => target));
  return wanted.map(({ text }) => text.replaceAll(/\{database\}\.\w+/g, (name) => name.replace('{database}', names.has(name) ? shadow : projection.database)));
}

const RECORDED = / Definition ([0-9a-f]{12})\.$/;

/** By which definition the rows of a facts table were computed; '' when it doesn't say, null when there is no such table. */
export async function recordedDefinition(clickhouse: ClickHouse, table: string): Promise<string | null> {
  const [row] = await clickhouse.query<{ comment: string }>(`SELECT comment FROM system.tables WHERE concat(database, '.', name) = {table:String}`, { table });
  return row === undefined ? null : (RECORDED.exec(row.comment)?.[1] ?? '');
}

export async function recordDefinition(clickhouse: ClickHouse, table: string, definition: string): Promise<void> {
  const [row] = await clickhouse.query<{ comment: string }>(`SELECT comment FROM system.tables WHERE concat(database, '.', name) = {table:String}`, { table });
  const comment = (row?.comment ?? '').replace(RECORDED, '');
  await clickhouse.command(`ALTER TABLE ${table} MODIFY COMMENT ${sqlString(`${comment} Definition ${definition}.`)}`);
}

/** Lets a swap find the rows that were computed while it was under way. `SELECT *` and inserts don't see it. */
export const addComputedAt = (clickhouse: ClickHouse, table: string): Promise<void> =>
  clickhouse.command(`ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS computed_at DateTime64(3, 'UTC') MATERIALIZED now64(3, 'UTC') COMMENT 'When the row was computed.'`);
