// What the server answers a page with: one description for both of them.
export interface Column {
  readonly name: string;
  readonly type: string;
}
export type Cell = string | number | boolean | null | readonly Cell[];
export type Row = Readonly<Record<string, Cell>>;

export interface Answer {
  readonly query: string;
  readonly title: string;
  readonly about: string;
  /** With its parameters replaced: as anybody can run it. */
  readonly sql: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** When ClickHouse gave it, ISO. */
  readonly at: string;
  readonly took_ms: number;
  /** Rows that ClickHouse read for it; null where it doesn't say: an analyst is not told. */
  readonly read_rows: number | null;
  /** Why it is not of now. */
  readonly stale?: string;
}

export interface ServiceState {
  readonly service: string;
  readonly state: 'ready' | 'not_ready' | 'away';
  /** Why it is not ready, and what is amiss although it is. */
  readonly amiss: readonly string[];
  /** Records of the log that it has not committed, and the age of the oldest; null for what reads no log. */
  readonly lag_records: number | null;
  readonly lag_seconds: number | null;
  readonly held_partitions: number;
  /** Events, records and webhooks by what became of them, since it started. */
  readonly outcomes: Readonly<Record<string, number>>;
}
