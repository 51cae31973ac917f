// What the analyst questions must answer, computed plainly from the oracle's rows. No SQL here.
import type { Cell, Row } from '../oracle/events.ts';
import { shareBounds } from '../oracle/figures.ts';
import type { OracleViews } from '../oracle/oracle.ts';

export const HOUR = 3_600_000;
export const ZONE = 'Europe/Berlin';

export interface Known {
  readonly views: OracleViews;
  readonly queueHours: readonly Row[];
  readonly survival: readonly Row[];
  /** The backlog at the instant that question 1 asks for. */
  readonly backlog: readonly Row[];
  readonly from: number;
  readonly to: number;
  readonly now: number;
}

export const num = (row: Row, column: string): number => Number(row[column]);
export const text = (row: Row, column: string): string => String(row[column] ?? '');
export const total = (rows: readonly Row[], column: string): number => rows.reduce((sum, row) => sum + num(row, column), 0);
export const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
export const distinct = (values: readonly Cell[]): number => new Set(values.filter((value) => value !== null && value !== '')).size;
export const known = (rows: readonly Row[], column: string): number[] => rows.map((row) => row[column] ?? null).filter((value) => typeof value === 'number');
const largest = (values: readonly number[]): number | null => (values.length === 0 ? null : Math.max(...values));

/** The element of the sorted values at level × n, cut: what ClickHouse's quantileExact takes. */
export function quantileExact(values: readonly number[], level: number): number | null {
  return [...values].sort((a, b) => a - b)[Math.trunc(level * values.length)] ?? null;
}

export function grouped(rows: readonly Row[], keyOf: (row: Row) => Row, valuesOf: (rows: Row[]) => Row): Row[] {
  const groups = new Map<string, { key: Row; rows: Row[] }>();
  for (const row of rows) {
    const key = keyOf(row);
    const id = JSON.stringify(key);
    const group = groups.get(id) ?? { key, rows: [] };
    group.rows.push(row);
    groups.set(id, group);
  }
  return [...groups.values()].map((group) => ({ ...group.key, ...valuesOf(group.rows) }));
}

export const within = (k: Known, rows: readonly Row[], column: string): Row[] => rows.filter((row) => num(row, column) >= k.from && num(row, column) < k.to);

/** Local wall time by the platform's zone data, not by ClickHouse's. */
const wallClock = new Intl.DateTimeFormat('en-CA', { timeZone: ZONE, year: 'numeric', month: '2-digit', day: '2-digit', weekday: 'short', hour: '2-digit', hourCycle: 'h23' });
export function local(at: number): { day: string; weekday: number; hour: number } {
  const parts = Object.fromEntries(wallClock.formatToParts(at).map(({ type, value }) => [type, value]));
  return {
    day: `${parts['year'] ?? ''}-${parts['month'] ?? ''}-${parts['day'] ?? ''}`,
    weekday: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].indexOf(parts['weekday'] ?? '') + 1,
    hour: Number(parts['hour']),
  };
}

export const backlogByQueue = (k: Known): Row[] => grouped(k.backlog, (row) => ({ queue_id: row['queue_id'] ?? '' }), (rows) => ({
  tickets: total(rows, 'backlog'),
  unassigned: total(rows, 'unassigned'),
  oldest_age_seconds: largest(known(rows, 'oldest_age_seconds')),
  waiting: total(rows, 'waiting_now'),
  oldest_wait_seconds: largest(known(rows, 'oldest_wait_seconds')),
}));

export const firstResponses = (k: Known): Row[] => grouped(within(k, k.views.tickets, 'created_at'), (row) => ({ day: local(num(row, 'created_at')).day }), (rows) => {
  const answered = known(rows, 'first_response_business_seconds');
  return {
    tickets: rows.length, answered: answered.length, answered_share: answered.length / rows.length,
    p50_business_seconds: quantileExact(answered, 0.5), p90_business_seconds: quantileExact(answered, 0.9),
  };
});

export function resolutionTime(k: Known): Row[] {
  const reached = (level: number): number | null => k.survival.filter((row) => num(row, 'survival') <= level + 1e-9).map((row) => num(row, 'seconds'))[0] ?? null;
  const [solved, unsolved] = [total(k.survival, 'solved'), total(k.survival, 'censored')];
  return [{ p50_seconds: reached(0.5), p90_seconds: reached(0.1), solved, unsolved, solved_share: share(solved, solved + unsolved) }];
}

function holder(row: Row): string {
  if (row['assignee_at_reply'] === '') return 'nobody';
  return row['assignee_at_reply'] === row['agent_id'] ? 'own' : 'colleague';
}

export const answersByHolder = (k: Known): Row[] => grouped(within(k, k.views.agent_replies, 'replied_at'), (row) => ({ agent_id: text(row, 'agent_id'), ticket_of: holder(row) }), (rows) => ({
  reply_turns: rows.length,
  tickets: distinct(rows.map((row) => text(row, 'ticket_id'))),
  waits_ended: known(rows, 'wait_seconds').length,
  customer_p50_seconds: quantileExact(known(rows, 'wait_seconds'), 0.5),
  own_p50_seconds: quantileExact(known(rows, 'agent_wait_seconds'), 0.5),
}));

function mondayOf(at: number): string {
  const midnight = Math.floor(at / (24 * HOUR)) * 24 * HOUR;
  return new Date(midnight - ((new Date(midnight).getUTCDay() + 6) % 7) * 24 * HOUR).toISOString().slice(0, 10);
}

/** The queues of timers come from the views' own tests; here the weeks and the counts. */
export const attainment = (k: Known): Row[] => grouped(k.views.sla_timers.filter((row) => row['due_at'] !== null), (row) => ({ metric: text(row, 'metric'), week: mondayOf(num(row, 'due_at')) }), (rows) => {
  const outcomes = (outcome: string): number => rows.filter((row) => row['outcome'] === outcome).length;
  return { met: outcomes('met'), breached: outcomes('breached'), active: outcomes('active'), cancelled: outcomes('cancelled') };
});

export const waitingLongest = (k: Known, limit: number): Row[] => k.views.tickets
  .filter((row) => row['waiting_since'] !== null && !['solved', 'closed', 'discarded'].includes(text(row, 'status_category')))
  .sort((a, b) => num(a, 'waiting_since') - num(b, 'waiting_since') || (text(a, 'ticket_id') < text(b, 'ticket_id') ? -1 : 1))
  .slice(0, limit)
  .map((row) => ({
    ticket_id: text(row, 'ticket_id'), queue_id: text(row, 'queue_id'), assignee_id: text(row, 'assignee_id'),
    status: text(row, 'status'), waiting_since: num(row, 'waiting_since'),
  }));

const solvesByAgents = (k: Known): Row[] => within(k, k.views.ticket_resolutions, 'solved_at').filter((row) => row['solved_by_type'] === 'agent');

/** The histories are months old, so every solve is 7 days old. */
const isReopened = (row: Row): boolean => row['reopened_at'] !== null && num(row, 'reopened_at') - num(row, 'solved_at') <= 7 * 24 * HOUR;

/** The turn that holds a ticket's first response: the agent's last one to begin by then. */
function turnsOfFirstResponses(k: Known): Set<Row | undefined> {
  return new Set(k.views.tickets.filter((ticket) => ticket['first_responded_at'] !== null).map((ticket) => k.views.agent_replies.findLast((turn) =>
    turn['ticket_id'] === ticket['ticket_id'] && turn['agent_id'] === ticket['first_response_agent_id'] && num(turn, 'replied_at') <= num(ticket, 'first_responded_at'))));
}

export function scorecard(k: Known): Row[] {
  const solves = solvesByAgents(k).map((row) => ({ ...row, agent_id: row['solved_by_id'] ?? '' }));
  const turns = within(k, k.views.agent_replies, 'replied_at');
  const stations = within(k, k.views.ticket_assignments, 'assigned_at').filter((row) => row['agent_id'] !== '');
  const first = turnsOfFirstResponses(k);
  const agents = new Set([...solves, ...turns, ...stations].map((row) => text(row, 'agent_id')));
  return [...agents].map((agent_id) => {
    const of = (rows: readonly Row[]): Row[] => rows.filter((row) => row['agent_id'] === agent_id);
    const own = known(of(stations), 'agent_first_response_seconds');
    const waits = known(of(turns), 'wait_seconds');
    return {
      agent_id,
      solves: of(solves).length,
      solved_tickets: distinct(of(solves).map((row) => text(row, 'ticket_id'))),
      reopen_rate_7d: share(of(solves).filter(isReopened).length, of(solves).length),
      reopen_rate_n: of(solves).length,
      agent_replies: total(of(turns), 'messages'),
      first_responses: of(turns).filter((row) => first.has(row)).length,
      stations: of(stations).length,
      answered_share: share(of(stations).filter((row) => num(row, 'public_replies') > 0).length, of(stations).length),
      bounced_assignments: total(of(stations), 'is_bounced'),
      own_first_p50_seconds: quantileExact(own, 0.5),
      own_first_p90_seconds: quantileExact(own, 0.9),
      own_first_n: own.length,
      customer_wait_p50_seconds: quantileExact(waits, 0.5),
      customer_wait_n: waits.length,
    };
  });
}

export function solvesTicketsCustomers(k: Known): Row[] {
  const customers = new Map(k.views.tickets.map((row) => [row['ticket_id'], row['customer_id'] ?? '']));
  return grouped(within(k, k.views.ticket_resolutions, 'solved_at'), (row) => ({ queue_id: text(row, 'queue_id'), solved_by_type: text(row, 'solved_by_type') }), (rows) => ({
    solves: rows.length,
    tickets: distinct(rows.map((row) => text(row, 'ticket_id'))),
    customers: distinct(rows.map((row) => customers.get(row['ticket_id'] ?? '') ?? '')),
  }));
}

export const reopenRates = (k: Known): Row[] => grouped(solvesByAgents(k), (row) => ({ agent_id: text(row, 'solved_by_id') }), (rows) => {
  const reopened = rows.filter(isReopened).length;
  const { low, high } = shareBounds(reopened, rows.length);
  return { solves: rows.length, judged: rows.length, reopened, reopen_rate_7d: reopened / rows.length, likely_from: low, likely_to: high };
});

export const handovers = (k: Known): Row[] => grouped(
  within(k, k.views.ticket_assignments, 'assigned_at').filter((row) => row['is_handoff'] === 1),
  (row) => ({ from_agent_id: text(row, 'from_agent_id'), to_agent_id: text(row, 'agent_id') }),
  (rows) => ({
    handoffs: rows.length,
    tickets: distinct(rows.map((row) => text(row, 'ticket_id'))),
    to_other_queue: rows.filter((row) => row['from_queue_id'] !== row['queue_id']).length,
    kept_share: rows.filter((row) => row['is_bounced'] === 0).length / rows.length,
  }));

/** Somebody gets what somebody else had in between. */
function comesBack(names: readonly string[]): boolean {
  const runs = names.filter((name) => name !== '').filter((name, i, all) => name !== all[i - 1]);
  return new Set(runs).size < runs.length;
}

export function pingPong(k: Known): Row[] {
  const tickets = new Map<string, Row[]>();
  for (const row of k.views.ticket_assignments) tickets.set(text(row, 'ticket_id'), [...(tickets.get(text(row, 'ticket_id')) ?? []), row]);
  const assigned = [...tickets.values()].filter((stations) => {
    const first = stations.find((row) => row['agent_id'] !== '' || row['queue_id'] !== '');
    return first !== undefined && within(k, [first], 'assigned_at').length === 1;
  });
  const back = (column: string): number => assigned.filter((stations) => comesBack(stations.map((row) => text(row, column)))).length;
  const [agents, queues] = [back('agent_id'), back('queue_id')];
  return [{
    assigned_tickets: assigned.length, back_to_an_agent: agents, back_to_a_queue: queues,
    agent_ping_pong_share: share(agents, assigned.length), queue_ping_pong_share: share(queues, assigned.length),
  }];
}
