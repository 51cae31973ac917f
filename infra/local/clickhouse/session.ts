// One connection to the engine, and the part of chDB's binding that it is made of.
import { FILES_ROLE } from './confinement/engine-config.ts';
import { ClickHouseError, fromEngine } from './errors.ts';
import { engineText, quote } from './text.ts';

interface QueryResult { readonly bytes: Uint8Array; readonly elapsed: number; readonly rowsRead: number; readonly bytesRead: number }
interface WriteResult { readonly elapsed: number; readonly rowsWritten: number; readonly bytesWritten: number }

export interface Native {
  /** `options` are the engine's command line; those of the first connection configure the process. */
  CreateConnection(path: string, options: readonly string[]): unknown;
  CloseConnection(connection: unknown): void;
  QueryAsyncConnection(connection: unknown, sql: string, format: string): Promise<QueryResult>;
  InsertRawAsyncConnection(connection: unknown, sql: string, data: Uint8Array, countLines: boolean): Promise<WriteResult>;
}

const QUERY_WAS_CANCELLED = 394;

export class Session {
  readonly #native: Native;
  readonly #connection: unknown;
  readonly #version: string;
  /** What it may do when it does nothing with files. */
  readonly #role: string;
  key = '';
  spent = false;

  constructor(native: Native, path: string, { version, role, options = [] }: { readonly version: string; readonly role: string; readonly options?: readonly string[] }) {
    this.#native = native;
    this.#connection = native.CreateConnection(path, options);
    this.#version = version;
    this.#role = role;
  }

  /** A connection begins with all roles of the engine's user; this leaves it its own. */
  async takeRole(): Promise<void> {
    await this.query(`SET ROLE ${this.#role}`);
  }

  async query(sql: string, format = 'TabSeparated'): Promise<QueryResult> {
    try {
      return await this.#native.QueryAsyncConnection(this.#connection, sql, format);
    } catch (error) {
      const known = fromEngine(error, this.#version);
      // The engine lists a killed query as running until its connection has something else to do.
      if (known.code === QUERY_WAS_CANCELLED) await this.#native.QueryAsyncConnection(this.#connection, 'SELECT 1', 'Null').catch(() => undefined);
      throw known;
    }
  }

  /** Like `query`, but tells written rows (materialized views included, as the server counts). */
  async write(sql: string): Promise<WriteResult> {
    return await this.#native.InsertRawAsyncConnection(this.#connection, sql, new Uint8Array(0), false).catch((error: unknown) => {
      throw fromEngine(error, this.#version);
    });
  }

  /** For statements that the engine may let at files: those that were checked, and our own. */
  async withFiles<T>(work: () => Promise<T>): Promise<T> {
    await this.query(`SET ROLE ${this.#role}, ${FILES_ROLE}`);
    try {
      return await work();
    } finally {
      await this.takeRole();
    }
  }

  close(): void {
    this.#native.CloseConnection(this.#connection);
  }
}

/** The statement as the engine reads it. */
export async function spelt(session: Session, sql: string): Promise<string> {
  try {
    const { bytes } = await session.query(engineText(`SELECT formatQuerySingleLine(${quote(sql)})`), 'RawBLOB');
    return Buffer.from(bytes).toString('latin1');
  } catch (error) {
    if (!(error instanceof ClickHouseError)) throw error;
    throw new ClickHouseError(error.code, error.message.replace(/:? In scope SELECT formatQuerySingleLine\([\s\S]*(?=\. \([A-Z_]+\))/, '').replace(/ \(version [^()]*\(chDB\)\)$/, ''));
  }
}
