// system.query_log, kept by this process: the engine in process has none. Rows are held in
// memory, the newest of them, and written when someone looks or says SYSTEM FLUSH LOGS. What
// only the engine could know (memory, threads, the tables and functions used) has no column here.
import { rm, writeFile } from 'node:fs/promises';
import type { Work } from './body.ts';
import type { Engine } from './engine.ts';
import type { ClickHouseError } from './errors.ts';
import type { QueryRequest } from './request.ts';
import type { Summary } from './respond.ts';
import { textOf } from './text.ts';

const MAX_ROWS = 10_000;
/** As log_queries_cut_to_length of a server. */
const MAX_QUERY_CHARACTERS = 100_000;
/** Of whatever else a client says of itself, and of an error's text. */
const MAX_WORDS_CHARACTERS = 2_000;
/** Of all texts that wait to be written. */
const MAX_CHARACTERS = 16 * 1_048_576;

const TABLE = `CREATE TABLE IF NOT EXISTS system.query_log (
  type Enum8('QueryStart' = 1, 'QueryFinish' = 2, 'ExceptionBeforeStart' = 3, 'ExceptionWhileProcessing' = 4) COMMENT 'every failure is an ExceptionWhileProcessing here',
  event_date Date, event_time DateTime, event_time_microseconds DateTime64(6), query_start_time DateTime, query_start_time_microseconds DateTime64(6),
  query_duration_ms UInt64, read_rows UInt64, read_bytes UInt64, written_rows UInt64, written_bytes UInt64, result_rows UInt64, result_bytes UInt64,
  current_database String, query String, query_kind LowCardinality(String), exception_code Int32, exception String,
  is_initial_query UInt8, user String, query_id String, initial_user String, initial_query_id String,
  interface UInt8, http_method UInt8, http_user_agent String, log_comment String
) ENGINE = Memory SETTINGS max_rows_to_keep = ${MAX_ROWS} COMMENT 'The newest queries of this endpoint, written when it is looked at'`;

type Row = Record<string, string | number>;

/** A part of a text keeps all of it in memory, so what is cut is copied. */
const cut = (text: string): string => (text.length > MAX_WORDS_CHARACTERS ? Buffer.from(text.slice(0, MAX_WORDS_CHARACTERS)).toString() : text);

function secondsOf(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(6);
}

function kindOf({ statement }: Work): string {
  if (statement.kind === 'select') return 'Select';
  if (statement.kind !== 'command') return 'Insert';
  return statement.verb.charAt(0) + statement.verb.slice(1).toLowerCase();
}

export class QueryLog {
  readonly #engine: Engine;
  #rows: Row[] = [];
  #characters = 0;
  #flushing: Promise<void> = Promise.resolve();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  finished(request: QueryRequest, work: Work, summary: Summary): void {
    this.#add(request, work, summary.elapsed, {
      type: 'QueryFinish', read_rows: summary.readRows ?? 0, read_bytes: summary.readBytes ?? 0, written_rows: summary.writtenRows ?? 0,
      written_bytes: summary.writtenBytes ?? 0, result_rows: summary.resultRows ?? 0, result_bytes: summary.resultBytes ?? 0,
    });
  }

  failed(request: QueryRequest, work: Work, error: ClickHouseError, elapsedSeconds: number): void {
    this.#add(request, work, elapsedSeconds, { type: 'ExceptionWhileProcessing', exception_code: error.code, exception: cut(error.message) });
  }

  /** Makes what is held visible; one after the other, so that no row comes twice. */
  async flush(): Promise<void> {
    this.#flushing = this.#flushing.catch(() => undefined).then(() => this.#write());
    await this.#flushing;
  }

  #add(request: QueryRequest, work: Work, elapsedSeconds: number, outcome: Row): void {
    const { parameters, profile } = request;
    if (profile.settings.get('log_queries') === '0') return;
    const end = Date.now();
    const start = end - elapsedSeconds * 1000;
    const query = work.text.slice(0, MAX_QUERY_CHARACTERS);
    const common: Row = {
      query_start_time: secondsOf(start).slice(0, -7), query_start_time_microseconds: secondsOf(start), current_database: cut(textOf(profile.database ?? 'default')),
      query, query_kind: cut(kindOf(work)), is_initial_query: 1, user: profile.account.name, query_id: request.queryId, initial_user: profile.account.name, initial_query_id: request.queryId,
      interface: 2, http_method: request.readonly === 'method' ? 1 : 2, http_user_agent: cut(request.userAgent), log_comment: cut(textOf(parameters.get('log_comment') ?? '')),
    };
    const at = (time: number): Row => ({ event_date: new Date(time).toISOString().slice(0, 10), event_time: secondsOf(time).slice(0, -7), event_time_microseconds: secondsOf(time) });
    this.#rows.push({ ...common, ...at(start), type: 'QueryStart' }, { ...common, ...at(end), query_duration_ms: Math.round(elapsedSeconds * 1000), ...outcome });
    this.#characters += 2 * query.length;
    while (this.#rows.length > MAX_ROWS || this.#characters > MAX_CHARACTERS) this.#characters -= String(this.#rows.shift()?.['query'] ?? '').length;
  }

  async #write(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    this.#characters = 0;
    const file = this.#engine.transitFile();
    try {
      await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
      await this.#engine.fill('system.query_log', TABLE, rows.length === 0 ? undefined : file);
    } finally {
      await rm(file, { force: true });
    }
  }
}
