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
  /** Why it is not of now. */
  readonly stale?: string;
}
