// The answers to the questions about hours, states, forecasts and deadlines, from the oracle's
// rows and by hand. No SQL here.
import { answeredWithin, erlangC } from '../oracle/erlang.ts';
import type { Row } from '../oracle/events.ts';
import { distinct, grouped, HOUR, known, local, num, quantileExact, share, text, total, within, type Known } from './question-answers.ts';

const WEEK = 168 * HOUR;
const hourOf = (at: number): number => Math.floor(at / HOUR) * HOUR;
const isOver = (row: Row): boolean => ['solved', 'closed', 'discarded'].includes(text(row, 'status_category'));
const hoursOf = (k: Known): number[] => Array.from({ length: (k.to - k.from) / HOUR }, (_, i) => k.from + i * HOUR);
const flowColumns = ['created', 'reopened', 'restored', 'moved_in', 'moved_out', 'solved', 'discarded', 'net_flow', 'backlog_end', 'waiting_end'];

export const netFlow = (k: Known): Row[] => within(k, k.queueHours, 'hour').map((row) => ({
  hour: num(row, 'hour'), queue_id: text(row, 'queue_id'), ...Object.fromEntries(flowColumns.map((column) => [column, num(row, column)])),
}));

export function heatMap(k: Known): Row[] {
  const rows = within(k, k.queueHours, 'hour');
  const hours = [...new Set(rows.map((row) => num(row, 'hour')))].map((hour) => ({ hour, arrivals: total(rows.filter((row) => row['hour'] === hour), 'created') }));
  return grouped(hours, (row) => ({ weekday: local(num(row, 'hour')).weekday, local_hour: local(num(row, 'hour')).hour }), (same) => ({
    hours: same.length, arrivals_in_all: total(same, 'arrivals'), mean_arrivals: total(same, 'arrivals') / same.length,
    p90_arrivals: quantileExact(known(same, 'arrivals'), 0.9),
  }));
}

const overlap = (row: Row, from: number, to: number): number => Math.max(0, Math.min(num(row, 'valid_to'), to) - Math.max(num(row, 'valid_from'), from));

/** Whole seconds of each ticket, added. */
export function timeByStatus(k: Known): Row[] {
  const intervals = k.views.ticket_state_intervals.filter((row) => !isOver(row) && num(row, 'valid_from') < k.to && num(row, 'valid_to') > k.from);
  const stateOf = (row: Row): Row => ({ queue_id: text(row, 'queue_id'), status_category: text(row, 'status_category') });
  const byTicket = grouped(intervals, (row) => ({ ...stateOf(row), ticket_id: text(row, 'ticket_id') }), (same) => ({
    seconds: Math.trunc(same.reduce((sum, row) => sum + overlap(row, k.from, k.to), 0) / 1000),
  }));
  const rows = grouped(byTicket, stateOf, (same) => ({ tickets: same.length, seconds_spent: total(same, 'seconds') }));
  return rows.map((row) => ({ ...row, share_of_queue: share(num(row, 'seconds_spent'), total(rows.filter((other) => other['queue_id'] === row['queue_id']), 'seconds_spent')) }));
}

export const touches = (k: Known): Row[] => grouped(within(k, k.views.tickets, 'created_at'), (row) => ({ queue_id: text(row, 'first_queue_id') }), (rows) => {
  const solved = rows.filter((row) => row['is_one_touch'] !== null);
  const [one, none] = [total(solved, 'is_one_touch'), total(solved, 'is_no_touch')];
  return {
    tickets: rows.length, solved_tickets: solved.length, one_touch: one, no_touch: none,
    one_touch_share: share(one, solved.length), no_touch_share: share(none, solved.length),
  };
});

/** A night shift of workdays, 22 to 6 local, so that it goes over midnight and the change to summer time. */
export function heldInShift(k: Known): Row[] {
  const hours = hoursOf(k).filter((at) => [1, 2, 3, 4, 5].includes(local(at).weekday) && (local(at).hour >= 22 || local(at).hour < 6));
  const inShift = (at: number): boolean => hours.includes(hourOf(at));
  const intervals = k.views.ticket_state_intervals.filter((row) => row['status_category'] === 'new' || row['status_category'] === 'open');
  const turns = k.views.agent_replies.filter((row) => inShift(num(row, 'replied_at')));
  const solves = k.views.ticket_resolutions.filter((row) => row['solved_by_type'] === 'agent' && inShift(num(row, 'solved_at')));
  return ['anna', 'ben', 'cleo'].map((agent_id) => {
    const held = intervals.filter((row) => row['assignee_id'] === agent_id);
    const ms = hours.reduce((sum, hour) => sum + held.reduce((part, row) => part + overlap(row, hour, hour + HOUR), 0), 0);
    return {
      agent_id, shift_hours: hours.length, mean_tickets_held: ms / HOUR / hours.length,
      most_at_an_hours_end: Math.max(...hours.map((hour) => held.filter((row) => overlap(row, hour + HOUR - 1, hour + HOUR) > 0).length)),
      reply_turns: turns.filter((row) => row['agent_id'] === agent_id).length,
      solves: solves.filter((row) => row['solved_by_id'] === agent_id).length,
    };
  });
}

export function escalations(k: Known): Row[] {
  const arrived = new Set(within(k, k.views.tickets, 'created_at').map((row) => text(row, 'ticket_id')));
  return grouped(k.views.escalations.filter((row) => arrived.has(text(row, 'ticket_id'))), (row) => ({ policy_id: text(row, 'policy_id'), level: text(row, 'level') }), (rows) => {
    const acknowledged = known(rows, 'acknowledge_seconds');
    const tickets = distinct(rows.map((row) => text(row, 'ticket_id')));
    return {
      escalations: rows.length, tickets, escalation_rate: tickets / arrived.size, acknowledged_share: acknowledged.length / rows.length,
      acknowledge_p50_seconds: quantileExact(acknowledged, 0.5), acknowledge_p90_seconds: quantileExact(acknowledged, 0.9),
    };
  });
}

interface QueueForecast {
  readonly queue_id: string;
  readonly wape: number | null;
  readonly at: (hour: number) => { arrivals: number | null; forecast: number | null };
}

/** Every past hour counts in the error, also those outside of the question's period. */
function queueForecasts(k: Known): QueueForecast[] {
  const arrived = k.views.tickets.map((row) => ({ queue: text(row, 'first_queue_id'), hour: hourOf(num(row, 'created_at')) }));
  const first = Math.min(...arrived.map(({ hour }) => hour));
  const heard = Math.max(...known(k.views.tickets, 'last_event_at'));
  return [...new Set(arrived.map(({ queue }) => queue))].map((queue_id) => {
    const counts = new Map<number, number>();
    for (const { queue, hour } of arrived) if (queue === queue_id) counts.set(hour, (counts.get(hour) ?? 0) + 1);
    const at = (hour: number): { arrivals: number | null; forecast: number | null } =>
      ({ arrivals: hour + HOUR > heard ? null : counts.get(hour) ?? 0, forecast: hour < first + WEEK ? null : counts.get(hour - WEEK) ?? 0 });
    let [errors, arrivals] = [0, 0];
    for (let hour = first + WEEK; hour + HOUR <= heard; hour += HOUR) {
      const came = at(hour).arrivals ?? 0;
      errors += Math.abs((at(hour).forecast ?? 0) - came);
      arrivals += came;
    }
    return { queue_id, wape: share(errors, arrivals), at };
  });
}

export const forecasts = (k: Known): Row[] => hoursOf(k).flatMap((hour) => queueForecasts(k).map(({ queue_id, wape, at }): Row => {
  const { arrivals, forecast } = at(hour);
  return { hour, queue_id, forecast, arrivals, forecast_error: forecast === null || arrivals === null ? null : forecast - arrivals, wape };
}));

export interface ServicePromise {
  readonly channels: readonly string[];
  readonly handleSeconds: number;
  readonly withinSeconds: number;
  readonly target: number;
}

export function agentsNeeded(k: Known, promise: ServicePromise): Row[] {
  return forecasts(k).filter((row) => row['forecast'] !== null).map((row) => {
    const tickets = k.views.tickets.filter((ticket) => ticket['first_queue_id'] === row['queue_id']);
    const live = num(row, 'forecast') * tickets.filter((ticket) => promise.channels.includes(text(ticket, 'channel_type'))).length / tickets.length;
    const load = live * promise.handleSeconds / 3600;
    const levelOf = (agents: number): number => answeredWithin(load, agents, promise.withinSeconds / promise.handleSeconds);
    let agents = 0;
    while (levelOf(agents) < promise.target) agents += 1;
    return {
      hour: num(row, 'hour'), queue_id: text(row, 'queue_id'), forecast: num(row, 'forecast'), live_contacts: live, load, agents_needed: agents,
      wait_probability: erlangC(load, agents), service_level: levelOf(agents), occupancy: share(load, agents),
    };
  });
}

/** The timers of these tests run around the clock and pause in pending only: what is left is the target less the time not pending.
 * A pause of less than a second is none. */
export function pendingBeforeDeadline(k: Known, withinSeconds: number, targetSeconds: number): Row[] {
  const pendings = k.views.ticket_state_intervals.filter((row) => row['status_category'] === 'pending');
  const isPaused = (timer: Row): boolean => num(timer, 'paused_seconds') > 0 || timer['remaining_seconds'] !== null;
  const judged = k.views.sla_timers.filter((timer) => timer['metric'] === 'resolution' && timer['outcome'] !== 'cancelled' && isPaused(timer)).flatMap((timer): Row[] => {
    const [start, own] = [num(timer, 'started_at'), pendings.filter((row) => row['ticket_id'] === timer['ticket_id'])];
    const leftMs = (row: Row): number => targetSeconds * 1000 - (num(row, 'valid_from') - start)
      + own.reduce((sum, other) => sum + overlap(other, start, num(row, 'valid_from')), 0);
    const end = timer['fulfilled_at'] === null ? Infinity : num(timer, 'fulfilled_at');
    const last = own.filter((row) => num(row, 'valid_from') >= start && num(row, 'valid_from') < end && leftMs(row) > 0).at(-1);
    return last === undefined || last['changed_by_type'] !== 'agent' ? [] : [{ agent_id: text(last, 'changed_by_id'), seconds_left: Math.trunc(leftMs(last) / 1000) }];
  });
  return grouped(judged, (row) => ({ agent_id: text(row, 'agent_id') }), (rows) => {
    const close = rows.filter((row) => num(row, 'seconds_left') <= withinSeconds).length;
    return { pendings: rows.length, just_before: close, just_before_share: close / rows.length, p50_seconds_left: quantileExact(known(rows, 'seconds_left'), 0.5) };
  });
}
