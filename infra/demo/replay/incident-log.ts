// Reads a ServiceNow incident log (one row per update of an incident) as published: `?` for
// missing, several spellings of a date, local times of an unknown zone that are taken as UTC,
// more columns than are needed. What can't be read is listed, never guessed.
import { delimiterOf, readRecords, UnreadableLog, type Delimiter, type TableRow } from './log-file.ts';
import { inOrder, type OrderedRow } from './row-order.ts';

export interface LogRow {
  /** Line in the file on which it starts, for messages; the header is line 1. */
  readonly line: number;
  readonly state: string | null;
  readonly group: string | null;
  readonly agent: string | null;
  readonly updatedBy: string | null;
  /** As written; its order is judged over the whole incident. */
  readonly updatedAt: number | null;
  readonly madeSla: boolean | null;
  readonly reassignments: number | null;
  readonly reopens: number | null;
}

export interface Incident {
  readonly number: string;
  readonly openedAt: number;
  /** In the order in which they happened, wherever in the file they stand. */
  readonly rows: readonly LogRow[];
  /** The log's own verdict, from the last row; null = `?`. */
  readonly resolvedAt: number | null;
  readonly closedAt: number | null;
  readonly caller: string | null;
  readonly location: string | null;
  readonly contactType: string | null;
  /** Every other column of the first row that has a value. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface IncidentLog {
  readonly incidents: readonly Incident[];
  readonly rows: number;
  readonly delimiter: Delimiter;
  /** Rows or incidents left out, each with its line and reason. */
  readonly skipped: readonly string[];
  /** Where it is not sys_mod_count that tells the order of the rows. */
  readonly notes: readonly string[];
}

const modCount = 'sys_mod_count';
const required = ['number', 'incident_state', 'opened_at', 'sys_updated_at', 'assignment_group'];
/** Columns that become events or are compared with ours, so that they aren't repeated as metadata. */
const used = new Set([
  ...required, 'assigned_to', 'sys_updated_by', 'made_sla', 'caller_id', 'location', 'contact_type', 'reassignment_count',
  'reopen_count', modCount, 'resolved_at', 'closed_at', 'resolved_by', 'closed_code', 'active',
]);

type Cells = Readonly<Record<string, string>>;

const valueOf = (cells: Cells, column: string): string | null => {
  const value = cells[column]?.trim() ?? '';
  return value === '' || value === '?' ? null : value;
};

const wholeNumber = (value: string | null): number | null => (value !== null && /^\d+$/.test(value) ? Number(value) : null);

const flag = (value: string | null): boolean | null => (value === null ? null : /^(true|1|yes)$/i.test(value));

/** `29-02-2016 01:16`, `29/2/2016 1:16`, `2016-02-29 01:16:00`: day before month unless the year leads. */
export function parseLogTime(text: string | null): number | null {
  const match = /^(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?$/.exec(text?.trim() ?? '');
  if (match === null) return null;
  const [first = 0, month = 0, third = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map((part) => Number(part || 0));
  const [year, day] = first > 31 ? [first, third] : [third, first];
  const at = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  // Date.UTC rolls a 31 February over into March; that is not what the log says.
  const valid = year >= 1970 && at.getUTCMonth() === month - 1 && at.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  return valid ? at.getTime() : null;
}

const times = ['opened_at', 'sys_updated_at', 'resolved_at', 'closed_at'];

/** What stands for a time and is none, like 31-02-2016: it counts as unknown. */
const unreadableTimes = (cells: Cells, line: number): string[] => times
  .filter((column) => valueOf(cells, column) !== null && parseLogTime(valueOf(cells, column)) === null)
  .map((column) => `line ${line}: ${column} "${cells[column] ?? ''}" is no time, so it counts as unknown`);

interface FileRow extends OrderedRow {
  readonly cells: Cells;
  readonly row: LogRow;
}

function readRow(cells: Cells, line: number): FileRow {
  const row: LogRow = {
    line,
    state: valueOf(cells, 'incident_state'),
    group: valueOf(cells, 'assignment_group'),
    agent: valueOf(cells, 'assigned_to'),
    updatedBy: valueOf(cells, 'sys_updated_by'),
    updatedAt: parseLogTime(valueOf(cells, 'sys_updated_at')),
    madeSla: flag(valueOf(cells, 'made_sla')),
    reassignments: wholeNumber(valueOf(cells, 'reassignment_count')),
    reopens: wholeNumber(valueOf(cells, 'reopen_count')),
  };
  const { updatedAt, state, group, agent } = row;
  return { cells, row, line, updatedAt, modCount: wholeNumber(valueOf(cells, modCount)), text: JSON.stringify(Object.values(cells)), shown: [state, group, agent] };
}

function readIncident(number: string, ordered: readonly FileRow[]): Incident | string {
  const [first, last] = [ordered[0]?.cells ?? {}, ordered.at(-1)?.cells ?? {}];
  const rows = ordered.map(({ row }) => row);
  const openedAt = parseLogTime(valueOf(first, 'opened_at')) ?? rows.find((row) => row.updatedAt !== null)?.updatedAt;
  if (openedAt === undefined || openedAt === null) return `line ${rows.map(({ line }) => line).join(', ')}: no row of ${number} has a readable time`;
  const fields = Object.keys(first).filter((column) => !used.has(column))
    .flatMap((column) => { const value = valueOf(first, column); return value === null ? [] : [[column, value] as const]; });
  return {
    number, openedAt, rows,
    resolvedAt: parseLogTime(valueOf(last, 'resolved_at')),
    closedAt: parseLogTime(valueOf(last, 'closed_at')),
    caller: valueOf(first, 'caller_id'),
    location: valueOf(first, 'location'),
    contactType: valueOf(first, 'contact_type'),
    fields: Object.fromEntries(fields),
  };
}

/** @throws UnreadableLog unless the columns that a replay needs are there, each once. */
function checkHeader(header: readonly string[]): void {
  const missing = required.filter((column) => !header.includes(column));
  if (missing.length > 0) throw new UnreadableLog(`not an incident log: no column ${missing.join(', ')}`);
  const twice = header.filter((column, index) => column !== '' && header.indexOf(column) < index);
  if (twice.length > 0) throw new UnreadableLog(`not an incident log: column ${twice.join(', ')} is there twice`);
}

/** The cells of a row, or why they can't be told apart. */
function cellsOf({ values }: TableRow, header: readonly string[]): Cells | string {
  if (values.length !== header.length) return `${values.length} cells where the header has ${header.length}`;
  const cells = Object.fromEntries(header.map((column, position) => [column, values[position] ?? '']));
  return valueOf(cells, 'number') === null ? 'no incident number' : cells;
}

/** @throws UnreadableLog when the text has no header with the columns that a replay needs. */
export function readIncidentLog(csv: string): IncidentLog {
  const delimiter = delimiterOf(csv, required);
  const [head, ...body] = readRecords(csv, delimiter);
  const header = head?.values ?? [];
  checkHeader(header);
  const [skipped, notes]: [string[], string[]] = [[], []];
  const byNumber = new Map<string, FileRow[]>();
  for (const record of body) {
    const cells = cellsOf(record, header);
    if (typeof cells === 'string') skipped.push(`line ${record.line}: ${cells}`);
    else {
      const number = valueOf(cells, 'number') ?? '';
      notes.push(...unreadableTimes(cells, record.line));
      const rows = byNumber.get(number) ?? [];
      byNumber.set(number, rows);
      rows.push(readRow(cells, record.line));
    }
  }
  const isCounted = header.includes(modCount);
  if (!isCounted) notes.push(`there is no column ${modCount}: the rows of an incident keep the file's order`);
  const incidents = [...byNumber].flatMap(([number, rows]) => {
    const ordered = inOrder(rows);
    const incident = readIncident(number, ordered.rows);
    if (typeof incident === 'string') {
      skipped.push(incident);
      return [];
    }
    if (isCounted && ordered.note !== null) notes.push(`${number}: ${ordered.note}`);
    return [incident];
  });
  return { incidents, rows: body.length, delimiter, skipped, notes };
}
