// The only door to ClickHouse: one client, every setting pinned that varies between versions,
// and errors told apart by ClickHouse's own code and text into "try again" and "never".
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ClickHouseError, ClickHouseLogLevel, createClient, type ClickHouseClient, type ClickHouseSettings } from '@clickhouse/client';
import { messageOf, RuntimeError } from './errors.ts';

/** Settings that must not depend on a server's version or profile. */
const pinned: ClickHouseSettings = {
  async_insert: 0,
  insert_deduplicate: 0,
  // With 1 an insert drops replaced rows by itself, row by row: 80,000 facts took 2.4 s of CPU instead of 0.6. FINAL drops them.
  optimize_on_insert: 0,
  date_time_input_format: 'best_effort',
  input_format_avro_allow_missing_fields: 1,
  input_format_null_as_default: 1,
  output_format_json_quote_64bit_integers: 0,
  max_query_size: '100000000',
  wait_end_of_query: 1,
  // Of a cluster (infra/cluster); one server alone knows nothing to do with them. A row that is said to be written is on its shard,
  // and on most of the shard's replicas, as a record that Kafka acknowledged is on most of its brokers: no lost disk takes it along.
  distributed_foreground_insert: 1,
  insert_quorum: 'auto',
  insert_quorum_parallel: 1,
  // Written to and read from the same replica of a shard, the first that lives, whichever server is asked: so a flush sees what it
  // landed. (select_sequential_consistency would promise the same of any replica, but allows one insert at a time into a table.)
  load_balancing: 'in_order',
  prefer_localhost_replica: 0,
  // The inner side of a join or IN is made once, of all shards, and sent to each.
  distributed_product_mode: 'global',
};

/** On a cluster the rows of `queue.timeline` lie in `queue.timeline_local` of each shard. */
export const LOCAL = '_local';

const [DATABASE, NAME] = [1, 2].map((part) => `splitByChar('.', {table:String})[${part}]`);

/** Condition on system.tables: the one that the parameter `table` names with its database. Asked of each column alone, or ClickHouse describes every table that there is before it looks: 60 ms of CPU instead of 3. */
export const THIS_TABLE = `database = ${DATABASE} AND name = ${NAME}`;

/** The same of the table where its rows lie: that has their identity, their comment and their constraints. */
export const STORED = `database = ${DATABASE} AND name IN (${NAME}, concat(${NAME}, '${LOCAL}')) ORDER BY length(name) DESC LIMIT 1`;

export interface ClickHouse {
  /** Rows as objects; times come as text in UTC, 64-bit integers as numbers. */
  query<Row>(sql: string, params?: Readonly<Record<string, unknown>>): Promise<Row[]>;
  /** The answer as blocks of the Native format, for native/decode.ts. */
  read(sql: string): Promise<Buffer>;
  /** Runs a statement that returns nothing. */
  command(sql: string): Promise<void>;
  /** Inserts an encoded body in a format that ClickHouse reads itself, e.g. an Avro container. */
  insertEncoded(table: string, format: string, body: Buffer): Promise<void>;
  ping(): Promise<string | null>;
  close(): Promise<void>;
}

/** For answers of any length. */
export interface StreamingClickHouse extends ClickHouse {
  /** Rows as objects as they come, some at a time. */
  stream<Row>(sql: string): AsyncIterable<Row[]>;
  /** The answer in the format that the statement names, as it comes. ClickHouse sends nothing before it has all of it: an error is never the end of an answer. */
  bytes(sql: string, params?: Readonly<Record<string, unknown>>): Promise<Readable>;
}

/** Numbers of errors after which the same bytes can succeed: timeouts, overload, network, read-only or missing replicas. */
const retriableCodes = new Set([
  '3', '32', '74', '76', '95', '107', '108', '159', '164', '198', '202', '203', '209', '210', '225', '236', '241', '242', '243', '279', '285', '286', '290', '319', '394', '425', '519', '594', '999',
]);

/** Numbers of errors that say "this data", not "this statement" or "not now". 1001 is what the Avro reader's own exceptions become. */
const badDataCodes = new Set(['6', '26', '27', '33', '38', '41', '53', '69', '70', '72', '117', '131', '321', '349', '407', '469', '1001']);

function codeOf(error: ClickHouseError): 'CLICKHOUSE_UNAVAILABLE' | 'CLICKHOUSE_BAD_DATA' | 'CLICKHOUSE_REFUSED' {
  // 252 means either too many parts (wait) or too many partitions in one insert (never succeeds).
  if (error.code === '252') return error.message.includes('partitions') ? 'CLICKHOUSE_REFUSED' : 'CLICKHOUSE_UNAVAILABLE';
  if (badDataCodes.has(error.code)) return 'CLICKHOUSE_BAD_DATA';
  return retriableCodes.has(error.code) ? 'CLICKHOUSE_UNAVAILABLE' : 'CLICKHOUSE_REFUSED';
}

export function toRuntimeError(error: unknown): RuntimeError {
  if (error instanceof RuntimeError) return error;
  if (error instanceof ClickHouseError) {
    return new RuntimeError(codeOf(error), `${error.type ?? 'error'} ${error.code}: ${error.message.slice(0, 500)}`, { cause: error });
  }
  return new RuntimeError('CLICKHOUSE_UNAVAILABLE', messageOf(error), { cause: error });
}

/** The client's own limit, by which a connection may be silent. */
const LONGEST_WAIT_MS = 300_000;

/**
 * How long an answer is waited for where the statement is sent again. A connection can die without a word (power lost, a firewall
 * that forgot it), so not for long; and ClickHouse can be slow, so twice as long each time, until an answer comes.
 */
class Patience {
  readonly #firstMs: number;
  #ms: number;

  constructor(firstMs: number) {
    this.#firstMs = this.#ms = firstMs;
  }

  async with<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const waitMs = this.#ms;
    const signal = AbortSignal.timeout(waitMs);
    try {
      const done = await work(signal);
      this.#ms = this.#firstMs;
      return done;
    } catch (error) {
      if (!signal.aborted) throw error;
      this.#ms = Math.min(LONGEST_WAIT_MS, Math.max(this.#ms, waitMs * 2));
      throw new RuntimeError('CLICKHOUSE_UNAVAILABLE', `no answer within ${waitMs / 1_000} s: ClickHouse is slow, or the connection is dead`, { cause: error });
    }
  }
}

class HttpClickHouse implements StreamingClickHouse {
  readonly #client: ClickHouseClient;
  readonly #patience: Patience;

  constructor(client: ClickHouseClient, patience: Patience) {
    [this.#client, this.#patience] = [client, patience];
  }

  query<Row>(sql: string, params: Readonly<Record<string, unknown>> = {}): Promise<Row[]> {
    return this.#attempt(async (abort_signal) => {
      const result = await this.#client.query({ query: sql, format: 'JSONEachRow', query_params: { ...params }, abort_signal });
      return result.json<Row>();
    });
  }

  async *stream<Row>(sql: string): AsyncGenerator<Row[]> {
    try {
      const result = await this.#client.query({ query: sql, format: 'JSONEachRow' });
      for await (const rows of result.stream<Row>()) yield rows.map((row) => row.json());
    } catch (error) {
      throw toRuntimeError(error);
    }
  }

  read(sql: string): Promise<Buffer> {
    return this.#attempt(async (abort_signal) => {
      const { stream } = await this.#client.exec({ query: `${sql}\nFORMAT Native`, abort_signal });
      const parts: Buffer[] = [];
      for await (const part of stream) parts.push(part as Buffer);
      return Buffer.concat(parts);
    });
  }

  command(sql: string): Promise<void> {
    return this.#attempt(async (abort_signal) => {
      await this.#client.command({ query: sql, abort_signal });
    });
  }

  async bytes(sql: string, params: Readonly<Record<string, unknown>> = {}): Promise<Readable> {
    try {
      return (await this.#client.exec({ query: sql, query_params: { ...params } })).stream;
    } catch (error) {
      throw toRuntimeError(error);
    }
  }

  insertEncoded(table: string, format: string, body: Buffer): Promise<void> {
    return this.#attempt(async (abort_signal) => {
      const { stream } = await this.#client.exec({
        abort_signal,
        query: `INSERT INTO ${table} FORMAT ${format}`,
        values: Readable.from([body], { objectMode: false }),
      });
      // An insert answers nothing; reading to the end frees the socket.
      await finished(stream.resume());
    });
  }

  async ping(): Promise<string | null> {
    const answer = await this.#client.ping();
    return answer.success ? null : messageOf(answer.error);
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #attempt<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await this.#patience.with(work);
    } catch (error) {
      throw toRuntimeError(error);
    }
  }
}

/** For who sends what had no answer again, and is late meanwhile. */
export const SERVICE_WAIT_MS = 20_000;

/**
 * @param url `http://user:password@host:8123`; user and password are optional.
 * @param waitMs how long an answer is waited for at first: `SERVICE_WAIT_MS` where the statement is sent again. Not of those that stream.
 */
export function connectClickHouse(url: string, settings: ClickHouseSettings = {}, waitMs = LONGEST_WAIT_MS): StreamingClickHouse {
  const parsed = new URL(url);
  const client = createClient({
    url: parsed.origin,
    username: decodeURIComponent(parsed.username) || 'default',
    password: decodeURIComponent(parsed.password),
    request_timeout: LONGEST_WAIT_MS,
    max_open_connections: 16,
    // Failures are logged where it is decided what they mean; the client's own lines would show settings and SQL.
    log: { level: ClickHouseLogLevel.OFF },
    keep_alive: { enabled: true, idle_socket_ttl: 1_500 },
    clickhouse_settings: { ...pinned, ...settings },
  });
  return new HttpClickHouse(client, new Patience(waitMs));
}

/** A string literal for SQL text, where a list is too long for a query parameter. */
export const sqlString = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** An instant as ClickHouse writes a DateTime64(3, 'UTC'). */
export const instantText = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');

/** The same where there may be none. */
export const optionalInstantText = (ms: number | null): string | null => (ms === null ? null : instantText(ms));
