// Inserts rows into tables of ClickHouse, in the types that these have there.
import { toRuntimeError, type ClickHouse } from '../clickhouse.ts';
import { RuntimeError } from '../errors.ts';
import { blockEncoder, type BlockEncoder, type Column } from '../native/encode.ts';

/** Rows that are inserted together. They are encoded as they come: rows that wait as objects cost several times their making. */
export interface Batch {
  /** @param parts of the rows, all of one shape; columns that they don't name have their defaults. @throws RuntimeError as the encoder does */
  add(...parts: readonly (readonly object[])[]): void;
  insert(): Promise<void>;
}

export class Rows {
  readonly #clickhouse: ClickHouse;
  readonly #encoders = new Map<string, BlockEncoder>();

  constructor(clickhouse: ClickHouse) {
    this.#clickhouse = clickhouse;
  }

  async batch(database: string, table: string): Promise<Batch> {
    const name = `${database}.${table}`;
    const encode = this.#encoders.get(name) ?? blockEncoder(await this.#columnsOf(database, table));
    this.#encoders.set(name, encode);
    const blocks: Buffer[] = [];
    let columns: readonly string[] = [];
    /** The table may be another by now. */
    const forgetting = (error: unknown): RuntimeError => {
      this.#encoders.delete(name);
      const { code, message } = toRuntimeError(error);
      return new RuntimeError(code, `${name}: ${message}`, { cause: error });
    };
    return {
      add: (...parts) => {
        columns = parts.flatMap((rows) => Object.keys(rows[0] ?? {}));
        try {
          blocks.push(encode(...parts));
        } catch (error) {
          throw forgetting(error);
        }
      },
      insert: async () => {
        if (columns.length === 0) return;
        await this.#clickhouse.insertEncoded(`${name} (${columns.join(', ')})`, 'Native', Buffer.concat(blocks)).catch((error: unknown) => {
          throw forgetting(error);
        });
      },
    };
  }

  #columnsOf(database: string, table: string): Promise<Column[]> {
    return this.#clickhouse.query<Column>('SELECT name, type FROM system.columns WHERE database = {database:String} AND table = {table:String}', { database, table });
  }
}
