// A ticket's life as lanes: what lasted from when to when, and what happened when.
import { instantOf, textOf, type Answer, type Row } from '../api.ts';
import { said, t, type TextKey } from '../texts/text.ts';

export interface Span {
  readonly from: number;
  readonly to: number;
  readonly isOpen: boolean;
  readonly text: string;
  /** Shown by name instead of the text. */
  readonly agent?: string;
  /** A class of style.css. */
  readonly look: string;
}

export interface Point {
  readonly at: number;
  readonly text: string;
  /** Named before the text. */
  readonly agent?: string;
  readonly look: string;
}

export interface Lane {
  readonly name: TextKey;
  readonly spans: readonly Span[];
  readonly points: readonly Point[];
}

type Answers = Readonly<Record<'ticket' | 'intervals' | 'stations' | 'waits' | 'turns' | 'timers' | 'escalations', Answer>>;

const OVER = new Set(['solved', 'closed', 'discarded']);

function spanOf(row: Row, now: number, from: string, what: Pick<Span, 'text' | 'look' | 'agent'> & { readonly to?: string }): Span {
  const start = instantOf(row[from]) ?? now;
  const end = instantOf(row[what.to ?? 'ended_at']);
  const { text, look, agent } = what;
  return { from: start, to: Math.max(start, end ?? now), isOpen: end === null, text, look, ...(agent === undefined ? {} : { agent }) };
}

/** A timer runs until it was fulfilled; else until it is due, or until now when that has passed. */
function timerSpan(row: Row, end: number): Span {
  const outcome = textOf(row['outcome']);
  const [started, fulfilled, due] = [instantOf(row['started_at']) ?? end, instantOf(row['fulfilled_at']), instantOf(row['due_at'])];
  const to = fulfilled ?? (outcome === 'breached' ? end : Math.min(end, due ?? end));
  return { from: started, to: Math.max(started, to), isOpen: fulfilled === null && outcome === 'active', text: said(outcome), look: outcome };
}

/** When anything last began, ended or was due. */
function lastHappened({ intervals, stations, waits, turns, timers, escalations }: Answers, now: number): number {
  const columns: readonly (readonly [Answer, readonly string[]])[] = [[intervals, ['valid_from']], [stations, ['assigned_at', 'ended_at']], [waits, ['waiting_since', 'ended_at']], [turns, ['last_reply_at']], [timers, ['due_at', 'fulfilled_at']], [escalations, ['fired_at']]];
  const instants = columns.flatMap(([{ rows }, names]) => rows.flatMap((row) => names.map((name) => instantOf(row[name]) ?? 0)));
  return Math.max(...instants.filter((at) => at <= now), 0);
}

/** What is shown ends at `to`; what lasts longer keeps its true end. */
export function lanesOf(answers: Answers, now: number): { readonly lanes: readonly Lane[]; readonly from: number; readonly to: number } {
  const { intervals, stations, waits, turns, timers, escalations } = answers;
  const states = intervals.rows.map((row) => spanOf(row, now, 'valid_from', { text: textOf(row['status']), look: `is-${textOf(row['category'])}` }));
  const last = intervals.rows.at(-1);
  const from = Math.min(now, ...states.map((span) => span.from));
  const isOver = last !== undefined && OVER.has(textOf(last['category']));
  // After its end a ticket only goes on being over, and one that nobody touches goes on lying there: a little of that is enough.
  const ended = states.at(-1)?.from ?? now;
  const told = isOver ? ended : lastHappened(answers, now);
  const to = Math.min(now, told + Math.max(60_000, (told - from) * (isOver ? 0.06 : 0.3)));
  const within = (spans: readonly Span[]): Span[] => spans.filter((span) => span.from <= to);
  const dueOf = (row: Row): Point[] => {
    const due = instantOf(row['due_at']);
    return due === null || due > to ? [] : [{ at: due, text: t('promise_due', { promise: said(textOf(row['metric'])) }), look: textOf(row['outcome']) }];
  };
  const lane = (name: TextKey, spans: readonly Span[], points: readonly Point[] = []): Lane => ({ name, spans: within(spans), points: points.filter(({ at }) => at >= from && at <= to) });
  const timerLanes = (['first_response', 'next_response', 'resolution'] as const).map((metric): Lane => {
    const own = timers.rows.filter((row) => row['metric'] === metric);
    return lane(`metric_${metric}`, own.map((row) => timerSpan(row, isOver ? ended : now)), own.flatMap(dueOf));
  }).filter(({ spans }) => spans.length > 0);
  return {
    from, to,
    lanes: [
      lane('status', states),
      lane('agent', stations.rows.filter((row) => row['agent_id'] !== '').map((row) => spanOf(row, now, 'assigned_at', { text: '', agent: textOf(row['agent_id']), look: 'station' }))),
      lane('waiting_lane', waits.rows.map((row) => spanOf(row, now, 'waiting_since', { text: said(textOf(row['kind'])), look: 'wait' }))),
      lane('replies', [], turns.rows.map((row) => ({ at: instantOf(row['replied_at']) ?? 0, agent: textOf(row['agent_id']), text: `×${textOf(row['replies'])}`, look: 'reply' }))),
      ...timerLanes,
      lane('escalations', [], escalations.rows.map((row) => ({ at: instantOf(row['fired_at']) ?? 0, text: `${textOf(row['policy_id'])} ${textOf(row['level'])}`, look: 'breached' }))),
    ],
  };
}
