// Inserts rows into tables of ClickHouse, in the types that these have there.
import { toRuntimeError, type ClickHouse } from '../clickhouse.ts';
import { RuntimeError } from '../errors.ts';
import { BlockEncoder, type Column } from '../native/encode.ts';

/** Rows that are inserted together. They are encoded as they come: rows that wait as objects cost several times their making. */
export interface Batch {
  /** @param parts of a row, which is of one shape with the others; columns that they don't name have their defaults. @throws RuntimeError as the encoder does */
  add(...parts: readonly object[]): void;
  insert(): Promise<void>;
}

export class Rows {
  readonly #clickhouse: ClickHouse;
  readonly #columns = new Map<string, readonly Column[]>();

  constructor(clickhouse: ClickHouse) {
    this.#clickhouse = clickhouse;
  }

  async batch(database: string, table: string): Promise<Batch> {
    const name = `${database}.${table}`;
    const columns = this.#columns.get(name) ?? (await this.#columnsOf(database, table));
    this.#columns.set(name, columns);
    const encoder = new BlockEncoder(columns);
    /** The table may be another by now. */
    const forgetting = (error: unknown): RuntimeError => {
      this.#columns.delete(name);
      const { code, message } = toRuntimeError(error);
      return new RuntimeError(code, `${name}: ${message}`, { cause: error });
    };
    return {
      add: (...parts) => {
        try {
          encoder.add(...parts);
        } catch (error) {
          throw forgetting(error);
        }
      },
      insert: async () => {
        if (encoder.rows === 0) return;
        await this.#clickhouse.insertEncoded(`${name} (${encoder.names.join(', ')})`, 'Native', encoder.block()).catch((error: unknown) => {
          throw forgetting(error);
        });
      },
    };
  }

  #columnsOf(database: string, table: string): Promise<Column[]> {
    return this.#clickhouse.query<Column>('SELECT name, type FROM system.columns WHERE database = {database:String} AND table = {table:String}', { database, table });
  }
}
