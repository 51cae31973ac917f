// Views with pseudonyms for analysts who may not know who the agents are: a database of them beside each database of views. They
// are made here when the first such analyst asks, and again after the view that they show has changed; until then the
// view is closed. A query names views as everybody does, and means the twins.
import pLimit from 'p-limit';
import { columnList, describeViews, keyStatements, pseudonymous } from '../../../access/pseudonyms.ts';
import { fullName, isOpenView, twinned, twinOf, type Table } from '../../../access/tables.ts';
import type { Statement } from '../sql.ts';
import { bytesOf, quoteIdentifier, textOf } from '../text.ts';
import { tokensOf, type Token } from '../tokens.ts';
import { unquoted } from './rules.ts';

const place = ({ database, name }: Pick<Table, 'database' | 'name'>): string => `${quoteIdentifier(database)}.${quoteIdentifier(name)}`;

export class Twins {
  readonly #own: (sql: string) => Promise<Buffer>;
  readonly #turn = pLimit(1);
  /** By the full name of what they show, its version when they were made by this process. */
  readonly #made = new Map<string, string>();

  constructor(own: (sql: string) => Promise<Buffer>) {
    this.#own = own;
  }

  /** Makes what is missing or of another version. @returns whether there are others now. */
  async follow(tables: readonly Table[]): Promise<boolean> {
    return await this.#turn(async () => {
      const missing = tables.filter((table) => isOpenView(table) && this.#made.get(fullName(table)) !== table.version);
      const left = tables.filter(({ database, name }) => {
        const source = twinned(database);
        return source !== undefined && !tables.some((table) => table.database === source && table.name === name);
      });
      for (const twin of left) await this.#own(`DROP VIEW IF EXISTS ${place(twin)}`);
      if (missing.length > 0) await this.#make(missing);
      return missing.length + left.length > 0;
    });
  }

  /** Those that show their view as it is now. */
  of(tables: readonly Table[]): Table[] {
    const current = new Set(tables.filter((table) => isOpenView(table) && this.#made.get(fullName(table)) === table.version).map(fullName));
    return tables.filter(({ database, name }) => {
      const source = twinned(database);
      return source !== undefined && current.has(`${source}.${name}`);
    });
  }

  entered(database: string, views: readonly Table[]): string {
    return views.some((view) => twinned(view.database) === database) ? twinOf(database) : database;
  }

  /** The statement with twins for what it names. Whatever else it names is refused or not, as of any analyst. */
  meant(statement: Statement, views: readonly Table[]): Statement {
    const named = new Set(views.map(({ database, name }) => `${twinned(database) ?? ''}.${name}`));
    const isTwinned = (database: string, name: string): boolean => named.has(`${database}.${name}`);
    if (statement.kind === 'select') return { ...statement, before: renamed(statement.before, isTwinned) };
    return statement.kind === 'command' ? { ...statement, sql: renamed(statement.sql, isTwinned) } : statement;
  }

  async #make(views: readonly Table[]): Promise<void> {
    for (const sql of keyStatements()) await this.#own(sql);
    const described = await describeViews(async <Row>(sql: string) => (await this.#own(sql)).toString().split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Row), views);
    for (const database of new Set(described.map((view) => view.database))) await this.#own(`CREATE DATABASE IF NOT EXISTS ${quoteIdentifier(twinOf(database))}`);
    for (const view of described.filter(({ columns }) => columns.length > 0)) {
      const twin = place({ database: twinOf(view.database), name: view.name });
      // One that can't be made stays closed, and keeps nobody from the others.
      await this.#own(`CREATE OR REPLACE VIEW ${twin} (${columnList(view.columns)}) AS ${pseudonymous(view)} COMMENT 'With pseudonyms of agents, without texts.'`).catch(() => this.#own(`DROP VIEW IF EXISTS ${twin}`));
    }
    for (const view of views) this.#made.set(fullName(view), view.version);
  }
}

const isName = ({ text }: Token): boolean => /^[A-Za-z_`"]/.test(text);
const nameOf = (token: Token): string => textOf(/^[`"]/.test(token.text) ? unquoted(token.text) : token.text);

/** Each `database.name` that is to be the twin's. Takes a statement as bytes. */
function renamed(sql: string, isTwinned: (database: string, name: string) => boolean): string {
  const tokens = [...tokensOf(sql)];
  let text = '';
  let at = 0;
  tokens.forEach((token, index) => {
    const [before, dot, name] = [tokens[index - 1], tokens[index + 1], tokens[index + 2]];
    if (!isName(token) || before?.text === '.' || dot?.text !== '.' || name === undefined || !isName(name) || !isTwinned(nameOf(token), nameOf(name))) return;
    text += sql.slice(at, token.start) + quoteIdentifier(bytesOf(twinOf(nameOf(token))));
    at = token.end;
  });
  return text + sql.slice(at);
}
