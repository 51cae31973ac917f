// Reads a ServiceNow incident log (one row per update of an incident) as published: `?` for
// missing, several spellings of a date, local times of an unknown zone that are taken as UTC,
// more columns than are needed. What can't be read is listed, never guessed.
import { parse } from 'csv-parse/sync';

export interface LogRow {
  /** Line in the file, for messages; the header is line 1. */
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
  /** Rows or incidents left out, each with its reason. */
  readonly skipped: readonly string[];
}

const required = ['number', 'incident_state', 'opened_at', 'sys_updated_at', 'assignment_group'];
/** Columns that become events or are compared with ours, so that they aren't repeated as metadata. */
const used = new Set([
  ...required, 'assigned_to', 'sys_updated_by', 'made_sla', 'caller_id', 'location', 'contact_type', 'reassignment_count',
  'reopen_count', 'sys_mod_count', 'resolved_at', 'closed_at', 'resolved_by', 'closed_code', 'active',
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

function readRow(cells: Cells, line: number): LogRow {
  return {
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
}

function readIncident(number: string, lines: readonly { cells: Cells; line: number }[]): Incident | string {
  const [first, last] = [lines[0], lines.at(-1)];
  if (first === undefined || last === undefined) return `${number}: no rows`;
  const rows = lines.map(({ cells, line }) => readRow(cells, line));
  const openedAt = parseLogTime(valueOf(first.cells, 'opened_at')) ?? rows.find((row) => row.updatedAt !== null)?.updatedAt;
  if (openedAt === undefined || openedAt === null) return `${number}: no row has a readable time`;
  const fields = Object.keys(first.cells).filter((column) => !used.has(column))
    .flatMap((column) => { const value = valueOf(first.cells, column); return value === null ? [] : [[column, value] as const]; });
  return {
    number, openedAt, rows,
    resolvedAt: parseLogTime(valueOf(last.cells, 'resolved_at')),
    closedAt: parseLogTime(valueOf(last.cells, 'closed_at')),
    caller: valueOf(first.cells, 'caller_id'),
    location: valueOf(first.cells, 'location'),
    contactType: valueOf(first.cells, 'contact_type'),
    fields: Object.fromEntries(fields),
  };
}

/** @throws Error when the text has no header with the columns that a replay needs. */
export function readIncidentLog(csv: string): IncidentLog {
  const table = parse(csv, { bom: true, skip_empty_lines: true, relax_column_count: true, trim: true });
  const [header = [], ...body] = table;
  const missing = required.filter((column) => !header.includes(column));
  if (missing.length > 0) throw new Error(`not an incident log: no column ${missing.join(', ')}`);
  const skipped: string[] = [];
  const byNumber = new Map<string, { cells: Cells; line: number }[]>();
  body.forEach((values, index) => {
    const cells = Object.fromEntries(header.map((column, position) => [column, values[position] ?? '']));
    const number = valueOf(cells, 'number');
    if (number === null) skipped.push(`row ${index + 1}: no incident number`);
    else byNumber.set(number, [...(byNumber.get(number) ?? []), { cells, line: index + 2 }]);
  });
  const incidents = [...byNumber].flatMap(([number, lines]) => {
    const incident = readIncident(number, lines);
    if (typeof incident !== 'string') return [incident];
    skipped.push(incident);
    return [];
  });
  return { incidents, rows: body.length, skipped };
}
