// Whether a person may see who the agents are. Who may not gets pseudonyms, made by ClickHouse itself: the same in a table, a
// download and a link, different for each key, and not to be turned back without it. What is people's is told by the name of
// a column, so a new query can't forget to say so.
import { isAgents } from '../../schemas/personal.ts';
import { pseudonymOf, pseudonymSql } from '../runtime/personal/pseudonyms.ts';
import type { NamedQuery, Value, Values } from './catalogue.ts';
import type { Asking } from './turns.ts';

export interface Asked {
  readonly sql: string;
  readonly values: Values;
}

export interface Names {
  /** The query as this person may ask it. */
  asked: (query: NamedQuery, values: Values) => Promise<Asked>;
}

export const plainNames: Names = { asked: ({ sql }, values) => Promise.resolve({ sql, values }) };

interface PersonsColumn {
  readonly name: string;
  readonly isList: boolean;
}

const pseudonym = (id: string): string => pseudonymSql('{pseudonym_key:String}', id);

/** A name that the configuration gives an agent is left out. */
function shown({ name, isList }: PersonsColumn): string {
  const text = name.endsWith('_name') ? "''" : isList ? `arrayMap(one -> ${pseudonym('one')}, ${name})` : pseudonym(name);
  return `${text} AS ${name}`;
}

/** Rows in the order of ids would tell which pseudonym is whose: they are put in the order of pseudonyms. */
function inNoOrder(sql: string, columns: readonly PersonsColumn[]): string {
  const order = /\bORDER BY\b(?![^]*\bORDER BY\b)([^]*)$/.exec(sql)?.[1] ?? '';
  const told = columns.map(({ name }) => name).filter((name) => new RegExp(`\\b${name}\\b`).test(order));
  return told.length === 0 ? '' : `\nORDER BY ${told.join(', ')}`;
}

/** Parameters that name agents. */
const AGENTS = ['agents', 'from_agents'] as const;

const isList = (value: Value | undefined): value is readonly string[] => Array.isArray(value);

export class Pseudonyms implements Names {
  readonly #clickhouse: Asking;
  readonly #key: string;
  readonly #agentIds: NamedQuery;
  readonly #columns = new Map<string, Promise<readonly PersonsColumn[]>>();

  constructor(clickhouse: Asking, key: string, agentIds: NamedQuery) {
    this.#clickhouse = clickhouse;
    this.#key = key;
    this.#agentIds = agentIds;
  }

  async asked(query: NamedQuery, values: Values): Promise<Asked> {
    const meant = await this.#meant(values);
    const columns = await this.#personsColumns(query, meant);
    if (columns.length === 0) return { sql: query.sql, values: meant };
    const replaced = `SELECT * REPLACE (${columns.map(shown).join(', ')})\nFROM\n(\n${query.sql}\n)`;
    const order = inNoOrder(query.sql, columns);
    return { sql: order === '' ? replaced : `SELECT *\nFROM\n(\n${replaced}\n)${order}`, values: { ...meant, pseudonym_key: this.#key } };
  }

  /** A link of theirs names agents by pseudonyms; nothing else is understood. */
  async #meant(values: Values): Promise<Values> {
    const given = AGENTS.filter((name) => isList(values[name]) && values[name].some((agent) => agent !== ''));
    if (given.length === 0) return values;
    const rows = await this.#clickhouse.query<{ agent_id: string }>(this.#agentIds.sql, { integration: values['integration'] });
    const byPseudonym = new Map(rows.map(({ agent_id: id }) => [pseudonymOf(this.#key, id), id]));
    // Nobody is called by a blank, so who is unknown is nobody, not everybody.
    const idsOf = (name: string): readonly string[] => (values[name] as readonly string[]).map((agent) => byPseudonym.get(agent) ?? ' ');
    return { ...values, ...Object.fromEntries(given.map((name) => [name, idsOf(name)])) };
  }

  #personsColumns(query: NamedQuery, values: Values): Promise<readonly PersonsColumn[]> {
    const known = this.#columns.get(query.name);
    if (known !== undefined) return known;
    const described = this.#clickhouse.query<{ name: string; type: string }>(`DESCRIBE (\n${query.sql}\n)`, values)
      .then((columns) => columns.filter(({ name, type }) => isAgents(name) && /^(Array\()?(LowCardinality\()?(Nullable\()?String/.test(type)).map(({ name, type }) => ({ name, isList: type.startsWith('Array') })));
    this.#columns.set(query.name, described);
    described.catch(() => this.#columns.delete(query.name));
    return described;
  }
}
