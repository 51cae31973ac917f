// Our numbers beside the log's own, per incident, and why they differ where they do. An
// explanation is derived from the rows alone; where the rows don't explain a difference, it says so.
import { iso } from '../events.ts';
import type { Incident, LogRow } from './incident-log.ts';
import { rowTimes } from './incidents.ts';

/** What ClickHouse says about the incident. */
export interface Computed {
  readonly queueChanges: number;
  readonly reopens: number;
  readonly lastSolvedAt: number | null;
  readonly closedAt: number | null;
  readonly fullResolutionSeconds: number | null;
  readonly escalations: number;
}

export const measures = ['reassignments', 'reopens', 'resolved at', 'resolution time', 'closed at', 'SLA missed'] as const;
export type Measure = (typeof measures)[number];

export interface Compared {
  readonly number: string;
  readonly measure: Measure;
  readonly ours: string;
  readonly log: string;
  readonly agrees: boolean;
  /** Set where they differ. */
  readonly reason: string;
  readonly detail: string;
}

const MINUTE = 60_000;
/** The log knows minutes only. */
const toMinute = (at: number | null): number | null => (at === null ? null : Math.floor(at / MINUTE) * MINUTE);
export const minuteText = (at: number | null): string => (at === null ? '–' : iso(at).slice(0, 16).replace('T', ' '));
export const hoursText = (seconds: number | null): string => (seconds === null ? '–' : (seconds / 3_600).toFixed(2));

interface Reason { readonly reason: string; readonly detail: string }
const unexplained = (detail: string): Reason => ({ reason: 'NOT EXPLAINED by the rows', detail });

/** The rows as the events say them: a missing state is the state before. */
interface Step { readonly row: LogRow; readonly state: string; readonly at: number; readonly moved: boolean }

function stepsOf(incident: Incident): Step[] {
  const times = rowTimes(incident);
  let state = 'new';
  return incident.rows.map((row, index) => {
    state = row.state?.toLowerCase() ?? state;
    return { row, state, at: times[index]?.at ?? incident.openedAt, moved: times[index]?.moved ?? false };
  });
}

const isFinished = (state: string | undefined): boolean => state === 'resolved' || state === 'closed';

function apart(from: number, to: number): string {
  const minutes = Math.round(Math.abs(to - from) / MINUTE);
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2_880 ? `${(minutes / 60).toFixed(1)} h` : `${(minutes / 1_440).toFixed(1)} d`;
}

/** Rows in which the log's counter and the thing that it counts don't move together. */
function counterReason(incident: Incident, ours: number, counter: (row: LogRow) => number | null, happened: (before: Step, after: Step) => boolean): Reason {
  const steps = stepsOf(incident);
  const counts = incident.rows.map((row) => counter(row) ?? 0);
  const odd = counts[0] === 0 ? [] : [`the log starts at ${counts[0] ?? 0}`];
  let seen = 0;
  steps.forEach((after, index) => {
    const before = steps[index - 1];
    if (before === undefined) return;
    const moved = (counts[index] ?? 0) - (counts[index - 1] ?? 0);
    const changed = happened(before, after) ? 1 : 0;
    seen += changed;
    if (moved !== changed) odd.push(`line ${after.row.line}: counter ${moved >= 0 ? '+' : ''}${moved}, ${changed === 1 ? 'a change' : 'no change'} in the row`);
  });
  if (ours !== seen) return unexplained(`the rows show ${seen}`);
  return { reason: "the log's counter moves without a change in its rows, or the other way round", detail: odd.join('; ') };
}

/** Why the log's time is not that of the row which first shows the state. `shown` is that row's position. */
function timeReason(steps: readonly Step[], shown: number, logTime: number, stays: (state: string) => boolean): Reason {
  const log = Math.floor(logTime / MINUTE) * MINUTE;
  const [row, before] = [steps[shown], steps[shown - 1]];
  if (row === undefined) return unexplained('');
  const same = steps.findIndex((step, index) => index !== shown && toMinute(step.row.updatedAt) === log);
  const line = `line ${row.row.line}, ${minuteText(row.at)}`;
  if (same > shown && steps.slice(shown, same + 1).every((step) => stays(step.state))) {
    return { reason: 'the log sets its time again at a later update in the same state', detail: `first shown ${line}; set again by line ${steps[same]?.row.line ?? 0}, ${apart(row.at, log)} later` };
  }
  if (same > shown) return { reason: 'the log names the time of another, later row', detail: `${line}; named: line ${steps[same]?.row.line ?? 0}` };
  if (same >= 0) return { reason: 'the log names the time of another, earlier row', detail: `${line}; named: line ${steps[same]?.row.line ?? 0}` };
  if (row.moved) return { reason: "the row's own time is out of the log's order", detail: line };
  if (log < row.at && log >= (before?.at ?? -Infinity)) return { reason: 'the log was updated later than it happened', detail: `${line}, ${apart(row.at, log)} after` };
  return { reason: 'the log names a time that none of its rows has', detail: `${line}, ${apart(row.at, log)} apart` };
}

function solvedReason(incident: Incident, ours: number | null): Reason {
  const steps = stepsOf(incident);
  const solve = steps.findLastIndex((step, index) => index > 0 && isFinished(step.state) && !isFinished(steps[index - 1]?.state));
  if (toMinute(steps[solve]?.at ?? null) !== ours) return unexplained(`the rows show ${minuteText(steps[solve]?.at ?? null)}`);
  if (incident.resolvedAt === null) return { reason: 'the log names no resolved_at', detail: `shown by line ${steps[solve]?.row.line ?? 0}` };
  if (solve < 0) {
    const created = isFinished(steps[0]?.state);
    return { reason: created ? 'the log begins already resolved: it shows no solve' : 'no row is resolved', detail: `first state ${steps[0]?.state ?? '?'}` };
  }
  return timeReason(steps, solve, incident.resolvedAt, isFinished);
}

/** Where the times agree, only the state or the opening can make the durations differ. */
function resolutionReason(incident: Incident, ours: Computed): Reason {
  if (toMinute(ours.lastSolvedAt) !== toMinute(incident.resolvedAt)) return solvedReason(incident, toMinute(ours.lastSolvedAt));
  if (ours.fullResolutionSeconds === null) return { reason: 'reopened after its last solve: no resolution time yet', detail: '' };
  return { reason: 'the log has it resolved before it was opened; ours is 0', detail: `opened ${minuteText(incident.openedAt)}` };
}

function closedReason(incident: Incident, ours: number | null): Reason {
  const steps = stepsOf(incident);
  const solve = Math.max(0, steps.findLastIndex((step, index) => index > 0 && isFinished(step.state) && !isFinished(steps[index - 1]?.state)));
  const closing = steps.findIndex((step, index) => index >= solve && step.state === 'closed' && steps[index - 1]?.state !== 'closed');
  const closed = isFinished(steps.at(-1)?.state) && closing > 0 ? closing : -1;
  if (toMinute(steps[closed]?.at ?? null) !== ours) return unexplained(`the rows show ${minuteText(steps[closed]?.at ?? null)}`);
  if (incident.closedAt === null) return { reason: 'the log names no closed_at', detail: `shown by line ${steps[closed]?.row.line ?? 0}` };
  if (closed < 0) return { reason: 'no row is closed', detail: `last state ${steps.at(-1)?.state ?? '?'}` };
  return timeReason(steps, closed, incident.closedAt, (state) => state === 'closed');
}

function reasonOf(incident: Incident, ours: Computed, measure: Measure): Reason {
  switch (measure) {
    case 'reassignments':
      return counterReason(incident, ours.queueChanges, (row) => row.reassignments, (a, b) => a.row.group !== b.row.group);
    case 'reopens':
      return counterReason(incident, ours.reopens, (row) => row.reopens, (a, b) => isFinished(a.state) && !isFinished(b.state));
    case 'resolved at':
      return solvedReason(incident, toMinute(ours.lastSolvedAt));
    case 'resolution time':
      return resolutionReason(incident, ours);
    case 'closed at':
      return closedReason(incident, toMinute(ours.closedAt));
    case 'SLA missed':
      return { reason: 'made_sla turned back in the log', detail: `${ours.escalations} escalations` };
  }
}

/** Every measure of one incident; `ours` is undefined when ClickHouse has no such ticket. */
export function compareIncident(incident: Incident, ours: Computed | undefined): Compared[] {
  const last = incident.rows.at(-1);
  const seconds = incident.resolvedAt === null ? null : (incident.resolvedAt - incident.openedAt) / 1_000;
  // Events of one minute are milliseconds apart; the log's resolution is the minute.
  const ourSeconds = ours?.fullResolutionSeconds ?? null;
  const resolution = ourSeconds === null ? null : Math.floor(ourSeconds / 60) * 60;
  const pairs: Record<Measure, readonly [ours: string, log: string]> = {
    reassignments: [String(ours?.queueChanges), String(last?.reassignments)],
    reopens: [String(ours?.reopens), String(last?.reopens)],
    'resolved at': [minuteText(toMinute(ours?.lastSolvedAt ?? null)), minuteText(toMinute(incident.resolvedAt))],
    'resolution time': [hoursText(resolution), hoursText(seconds)],
    'closed at': [minuteText(toMinute(ours?.closedAt ?? null)), minuteText(toMinute(incident.closedAt))],
    'SLA missed': [(ours?.escalations ?? 0) > 0 ? 'yes' : 'no', last?.madeSla === false ? 'yes' : 'no'],
  };
  return measures.map((measure) => {
    const [mine, log] = pairs[measure];
    const agrees = ours !== undefined && mine === log;
    const why = agrees ? { reason: '', detail: '' } : ours === undefined ? unexplained('no such ticket in ClickHouse') : reasonOf(incident, ours, measure);
    return { number: incident.number, measure, ours: mine, log, agrees, ...why };
  });
}
