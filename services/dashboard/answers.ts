// What one person's questions are answered with. Whoever asks the same within a second shares one run of the query; when
// ClickHouse is away, the last answer is given again with its age, and nothing is ever called fresh that is not.
import { json } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { LRUCache } from 'lru-cache';
import { RuntimeError, messageOf } from '../runtime/errors.ts';
import type { Answer, Cell, Column, Row } from './answer.ts';
import { runnable, type NamedQuery, type Values } from './catalogue.ts';
import type { Names } from './names.ts';
import type { Asking } from './turns.ts';

export type { Answer, Cell, Column, Row };

interface Held {
  readonly answer: Answer;
  readonly askedAt: number;
}

export interface AnswersOptions {
  readonly clickhouse: Asking;
  readonly names: Names;
  readonly now: () => number;
  /** A run of a query, with its seconds. */
  readonly onRun: (query: string, outcome: 'answered' | 'failed', seconds: number) => void;
}

const SHARED_MS = 1_000;
/** Answers kept for when ClickHouse is away, in characters of rows. */
const KEPT_CHARACTERS = 24 * 1_048_576;

export const formats = { csv: 'CSVWithNames', parquet: 'Parquet' } as const;
export type Format = keyof typeof formats;

export class Answers {
  readonly #options: AnswersOptions;
  readonly #running = new Map<string, Promise<Answer>>();
  readonly #kept = new LRUCache<string, Held>({ maxSize: KEPT_CHARACTERS, sizeCalculation: ({ answer }) => 1_000 + answer.rows.length * answer.columns.length * 16 });

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  /** @throws RuntimeError when there is no answer, not even an old one. */
  async ask(query: NamedQuery, values: Values, sharedMs = SHARED_MS): Promise<Answer> {
    const key = JSON.stringify([query.name, query.snapshot, values]);
    const held = this.#kept.get(key);
    if (held !== undefined && this.#options.now() - held.askedAt < sharedMs) return held.answer;
    const running = this.#running.get(key) ?? this.#run(key, query, values);
    try {
      return await running;
    } catch (error) {
      const last = this.#kept.get(key);
      if (last === undefined || !(error instanceof RuntimeError && error.retriable)) throw error;
      return { ...last.answer, stale: messageOf(error) };
    }
  }

  /** All rows, as a file. */
  async download(query: NamedQuery, values: Values, format: Format): Promise<Readable> {
    const { clickhouse, names } = this.#options;
    const asked = await names.asked(query, values);
    return clickhouse.bytes(`${asked.sql}\nFORMAT ${formats[format]}`, asked.values);
  }

  #run(key: string, query: NamedQuery, values: Values): Promise<Answer> {
    const { now } = this.#options;
    const askedAt = now();
    const run = this.#query(query, values).then((answer) => {
      this.#kept.set(key, { answer, askedAt });
      this.#options.onRun(query.name, 'answered', (now() - askedAt) / 1_000);
      return answer;
    }).catch((error: unknown) => {
      this.#options.onRun(query.name, 'failed', (now() - askedAt) / 1_000);
      throw error;
    }).finally(() => this.#running.delete(key));
    this.#running.set(key, run);
    return run;
  }

  async #query(query: NamedQuery, values: Values): Promise<Answer> {
    const { clickhouse, names, now } = this.#options;
    const begun = now();
    const asked = await names.asked(query, values);
    const stream = await clickhouse.bytes(`${asked.sql}\nFORMAT JSON`, asked.values);
    const { meta, data, statistics } = (await json(stream)) as { meta: Column[]; data: Row[]; statistics?: { rows_read: number } };
    return {
      query: query.name, title: query.title, about: query.about, sql: runnable(query.sql, values),
      columns: meta, rows: data, at: new Date(begun).toISOString(), took_ms: Math.round(now() - begun), read_rows: statistics?.rows_read ?? null,
    };
  }
}
