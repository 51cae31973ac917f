// A ClickHouse that only says what it is told: empty at first, it knows of its tables no more than their comments.
import { LOCAL, type ClickHouse } from '../../services/runtime/clickhouse.ts';

export class Printer implements ClickHouse {
  readonly #tell: (statement: string) => void;
  readonly #comments = new Map<string, string>();

  constructor(tell: (statement: string) => void) {
    this.#tell = tell;
  }

  query<Row>(sql: string, { table }: Readonly<Record<string, unknown>> = {}): Promise<Row[]> {
    const comment = sql.startsWith('SELECT comment ') && typeof table === 'string' ? (this.#comments.get(table + LOCAL) ?? this.#comments.get(table)) : undefined;
    return Promise.resolve(comment === undefined ? [] : [{ comment } as Row]);
  }

  command(sql: string): Promise<void> {
    const [, table] = /\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.]+)/i.exec(sql) ?? [];
    const [, comment] = /COMMENT\s+'((?:[^'\\]|''|\\[^])*)'\s*$/i.exec(sql) ?? [];
    if (table !== undefined && comment !== undefined) this.#comments.set(table, comment.replaceAll("''", "'").replaceAll(/\\([^])/g, '$1'));
    this.#tell(sql);
    return Promise.resolve();
  }

  insertEncoded(): Promise<void> {
    return Promise.resolve();
  }

  read(): Promise<Buffer> {
    return Promise.resolve(Buffer.alloc(0));
  }

  ping(): Promise<string | null> {
    return Promise.resolve(null);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
