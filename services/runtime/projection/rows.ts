// Inserts rows into tables of ClickHouse in the types that they have there.
import type { ClickHouse } from '../clickhouse.ts';
import { blockEncoder, type BlockEncoder, type Column, type Row } from '../native/encode.ts';

export class Rows {
  readonly #clickhouse: ClickHouse;
  readonly #encoders = new Map<string, Promise<BlockEncoder>>();

  constructor(clickhouse: ClickHouse) {
    this.#clickhouse = clickhouse;
  }

  /** @param rows all of one shape; columns that they don't name have their defaults. */
  async insert(database: string, table: string, rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    const name = `${database}.${table}`;
    const encoder = this.#encoders.get(name) ?? this.#encoderFor(database, table);
    this.#encoders.set(name, encoder);
    try {
      const { columns, body } = (await encoder)(rows);
      await this.#clickhouse.insertEncoded(`${name} (${columns.join(', ')})`, 'Native', body);
    } catch (error) {
      // The table may be another by now.
      this.#encoders.delete(name);
      throw error;
    }
  }

  async #encoderFor(database: string, table: string): Promise<BlockEncoder> {
    const columns = await this.#clickhouse.query<Column>('SELECT name, type FROM system.columns WHERE database = {database:String} AND table = {table:String}', { database, table });
    return blockEncoder(`${database}.${table}`, columns);
  }
}
