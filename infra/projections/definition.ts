// What defines a projection's facts: the code that folds them, with all it rests on, and the columns
// of their tables. The hash of both stands in the comment of the facts table, so that it moves with the
// rows when tables are exchanged: the rows always say by which definition they were computed. Comments
// and layout don't count, nor do views, which only show the facts.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { sqlString, STORED } from '../../services/runtime/clickhouse.ts';
import { codeOfFile } from '../../services/runtime/projection/computed-by.ts';
import type { Projection } from '../../services/runtime/projection/projector.ts';
import { statementsOf, type FoundProjection } from './find.ts';
import { withoutComments, type Statement } from './statements.ts';

/** A projection with all that is to be applied to its database, and by what its facts are defined. */
export interface Defined extends FoundProjection {
  readonly statements: readonly Statement[];
  readonly definition: string;
  /** Hash of the code alone: what its rows say. */
  readonly computedBy: string;
}

export async function define(found: FoundProjection): Promise<Defined> {
  const { folder, projection } = found;
  const statements = await statementsOf(found);
  if (projection.facts.length === 0) return { ...found, statements, definition: '', computedBy: '' };
  const computedBy = codeOfFile(join(folder, 'projection.ts'));
  return { ...found, statements, computedBy, definition: definitionOf(computedBy, statements, projection) };
}

const factsNames = ({ facts }: Projection): string[] => facts.map((name) => `{database}.${name}`);

/** Hash of everything that defines the facts. */
export function definitionOf(code: string, statements: readonly Statement[], projection: Projection): string {
  const tables = statements.filter(({ kind, target }) => kind === 'table' && factsNames(projection).includes(target));
  const meaning = tables.map(({ text }) => withoutComments(text).replaceAll(/\bCOMMENT\s+'(?:[^'\\]|''|\\.)*'/g, '').replaceAll(/\s+/g, ' ').trim());
  return createHash('sha256').update([code, ...meaning].join('\n')).digest('hex').slice(0, 12);
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
  const [row] = await clickhouse.query<{ comment: string }>(`SELECT comment FROM system.tables WHERE ${STORED}`, { table });
  return row === undefined ? null : (RECORDED.exec(row.comment)?.[1] ?? '');
}

export async function recordDefinition(clickhouse: ClickHouse, table: string, definition: string): Promise<void> {
  const [row] = await clickhouse.query<{ comment: string }>(`SELECT comment FROM system.tables WHERE ${STORED}`, { table });
  const comment = (row?.comment ?? '').replace(RECORDED, '');
  await clickhouse.command(`ALTER TABLE ${table} MODIFY COMMENT ${sqlString(`${comment} Definition ${definition}.`)}`);
}
