// The rows of the views at an instant, made from the facts that the projections keep, as the SQL of the views makes them.
// What several tickets add up to (hours, scorecards, sessions) is compared in ClickHouse only.
import { agentsRow } from '../../services/agent-analytics/facts.ts';
import { queueRow, type QueueRow } from '../../services/queue-analytics/facts.ts';
import { timersRow } from '../../services/queue-analytics/timer-facts.ts';
import { END_OF_TIME, type BusinessClock } from '../../services/ticket/desk/business-clock.ts';
import type { SqlRow } from '../oracle/compare.ts';
import { metadataText } from '../oracle/attributes.ts';
import type { Folded } from './folded.ts';

const wholeSeconds = (ms: number | null): number | null => (ms === null ? null : Math.trunc(ms / 1000));
const secondsBetween = (from: number | null, to: number | null): number | null =>
  (from === null || to === null ? null : wholeSeconds(Math.max(0, to - from)));
const isOver = (category: string): boolean => ['solved', 'closed', 'discarded'].includes(category);
const isAgentsTurn = (category: string): boolean => ['new', 'open'].includes(category);

const inBusinessHours = (clock: BusinessClock, at: number | null): number | null => (at === null ? null : Number(clock.isOpenAt(at)));

/** A sum that still grows, by both clocks. */
function running(name: string, [ms, businessMs]: readonly [number, number], isRunning: boolean, { row, clock, now }: { row: { running_since: number; running_since_clock: number }; clock: BusinessClock; now: number }): SqlRow {
  const [more, businessMore] = isRunning ? [Math.max(0, now - row.running_since), Math.max(0, clock.at(now) - row.running_since_clock)] : [0, 0];
  return { [`${name}_seconds`]: wholeSeconds(ms + more), [`${name}_business_seconds`]: wholeSeconds(businessMs + businessMore) };
}

function sums(row: QueueRow, clock: BusinessClock, now: number): SqlRow {
  const { status_category: category, assignee_id: assignee } = row;
  const sum = (name: string, both: readonly [number, number], isRunning: boolean): SqlRow => running(name, both, isRunning, { row, clock, now });
  return {
    ...sum('requester_wait', [row.work_ms + row.on_hold_ms, row.work_business_ms + row.on_hold_business_ms], isAgentsTurn(category) || category === 'on_hold'),
    ...sum('pending', [row.pending_ms, row.pending_business_ms], category === 'pending'),
    ...sum('on_hold', [row.on_hold_ms, row.on_hold_business_ms], category === 'on_hold'),
    ...sum('agent_work', [row.work_ms, row.work_business_ms], isAgentsTurn(category)),
    ...sum('unassigned', [row.unassigned_ms, row.unassigned_business_ms], assignee === '' && !isOver(category)),
    ...sum('held', [row.held_ms, row.held_business_ms], assignee !== '' && isAgentsTurn(category)),
  };
}

function ticket(row: QueueRow, clock: BusinessClock, now: number): SqlRow {
  const { waits, resolutions, escalations, findings, metadata, cycle_ended_by, status_category } = row;
  const last = waits.at(-1);
  const open = last?.ended_at === null ? last.waiting_since : null;
  const isSolved = cycle_ended_by === 'solved';
  return {
    ...row,
    campaign_id: metadataText(metadata === '' ? null : metadata, 'campaign_id'), source_url: metadataText(metadata === '' ? null : metadata, 'source_url'),
    is_discarded: Number(status_category === 'discarded'),
    first_response_seconds: secondsBetween(row.response_due_from, row.first_response_at), first_response_business_seconds: wholeSeconds(row.first_response_business_ms),
    first_response_in_business_hours: inBusinessHours(clock, row.first_response_at),
    first_resolution_seconds: secondsBetween(row.created_at, row.first_solved_at), first_resolution_business_seconds: wholeSeconds(row.first_resolution_business_ms),
    full_resolution_seconds: isSolved ? secondsBetween(row.created_at, row.last_solved_at) : null,
    full_resolution_business_seconds: isSolved ? wholeSeconds(row.full_resolution_business_ms) : null,
    ...sums(row, clock, now),
    solves: resolutions.length, escalations_fired: escalations.length,
    is_one_touch: isSolved ? Number(row.reply_turns === 1 && row.reopens === 0) : null, is_no_touch: isSolved ? Number(row.agent_replies === 0) : null,
    is_waiting: Number(!isOver(status_category) && open !== null), waiting_since: open,
    clock_skew_seconds: wholeSeconds(row.clock_skew_ms), data_quality: findings.map(({ rule }) => rule),
  };
}

function queueViews(row: QueueRow, clock: BusinessClock, now: number): Record<string, SqlRow[]> {
  return {
    'queue.tickets': [ticket(row, clock, now)],
    'queue.ticket_state_intervals': row.intervals.map((i) => {
      const to = i.valid_to === END_OF_TIME ? Math.max(now, i.valid_from) : i.valid_to;
      return { ...i, seconds: wholeSeconds(to - i.valid_from), business_seconds: wholeSeconds(clock.between(i.valid_from, to)) };
    }),
    'queue.customer_waits': row.waits.map((w) => {
      const isReplied = w.ended_by === 'agent_reply';
      return {
        ...w, kind: w.wait_no === 1 ? 'first' : 'next', wait_seconds: secondsBetween(w.waiting_since, w.ended_at), wait_business_seconds: wholeSeconds(w.wait_business_ms),
        agent_wait_seconds: isReplied ? secondsBetween(w.own_clock_from, w.ended_at) : null, agent_wait_business_seconds: wholeSeconds(w.agent_wait_business_ms),
        in_business_hours: isReplied ? inBusinessHours(clock, w.ended_at) : null, is_waiting_now: Number(w.ended_at === null && !isOver(row.status_category)),
      };
    }),
    'queue.ticket_resolutions': row.resolutions.map((r) => ({
      ...r, cycle_seconds: secondsBetween(r.cycle_started_at, r.solved_at), cycle_business_seconds: wholeSeconds(r.cycle_business_ms),
      since_created_seconds: secondsBetween(row.created_at, r.solved_at), since_created_business_seconds: wholeSeconds(r.since_created_business_ms),
      pending_seconds: wholeSeconds(r.pending_ms), pending_business_seconds: wholeSeconds(r.pending_business_ms),
    })),
    'queue.escalations': row.escalations.map((e) => ({
      ...e, acknowledge_seconds: secondsBetween(e.fired_at, e.acknowledged_at), acknowledge_business_seconds: wholeSeconds(e.acknowledge_business_ms),
    })),
    'queue.process_edges': row.edges.slice(1).flatMap((to, i) => {
      const from = row.edges[i];
      return from === undefined ? [] : [{
        step_no: i + 1, from_activity: from.activity, to_activity: to.activity, from_at: from.at, to_at: to.at, from_actor_type: from.actor_type, from_actor_id: from.actor_id,
        to_actor_type: to.actor_type, to_actor_id: to.actor_id, from_queue_id: from.queue_id, to_queue_id: to.queue_id,
        gap_seconds: secondsBetween(from.at, to.at), gap_business_seconds: wholeSeconds(clock.between(from.at, to.at)),
      }];
    }),
    'queue.data_quality': row.findings.map((finding) => ({ ...finding })),
  };
}

/** What a timer says at the present: an open one past its due time is a breach by then. */
function timers({ timers: all, desk }: Folded, now: number): SqlRow[] {
  return timersRow(all).timers.map((t) => {
    const clock = desk.policies.find(({ policyId, version }) => policyId === t.policy_id && version === t.policy_version)?.clock;
    const outcome = t.outcome === 'active' && t.due_at !== null && t.due_at < now ? 'breached' : t.outcome;
    const isJudged = t.judged_at !== null && t.judged_at <= now;
    const stopped = t.stopped_at === null ? Math.max(now, t.started_at) : t.stopped_at;
    return {
      ...t, outcome, remaining_seconds: wholeSeconds(t.remaining_ms),
      paused_seconds: wholeSeconds(t.paused_ms + (t.paused_since === null ? 0 : Math.max(0, now - t.paused_since))),
      breach_seconds: outcome === 'breached' && t.due_at !== null && clock !== undefined ? wholeSeconds(clock.between(t.due_at, stopped)) : null,
      agent_id_at_due: isJudged ? t.agent_id_when_judged : '', queue_id_at_due: isJudged ? t.queue_id_when_judged : '',
      queue_id_at_end: outcome === 'breached' ? t.queue_id_when_judged : t.queue_id_at_stop,
    };
  });
}

function agentViews({ story, desk: { clock } }: Folded, now: number): Record<string, SqlRow[]> {
  const row = agentsRow(story);
  const weekAgo = now - 7 * 86_400_000;
  return {
    'agents.ticket_assignments': row.stations.map((s) => ({
      ...s, agent_name: s.assignee_name, agent_first_response_seconds: secondsBetween(s.first_response_from, s.first_response_from === null ? null : s.first_public_reply_at),
      agent_first_response_business_seconds: wholeSeconds(s.first_response_business_ms),
      ...running('held', [s.held_ms, s.held_business_ms], s.agent_id !== '' && s.ended_at === null && isAgentsTurn(row.status_category), { row, clock, now }),
    })),
    'agents.agent_replies': row.turns.map((t) => ({
      ...t, wait_no: t.wait_no === 0 ? null : t.wait_no, kind: ['', 'first'][t.wait_no] ?? 'next',
      wait_seconds: secondsBetween(t.waiting_since, t.answered_at), wait_business_seconds: wholeSeconds(t.wait_business_ms),
      agent_wait_seconds: secondsBetween(t.own_clock_from, t.answered_at), agent_wait_business_seconds: wholeSeconds(t.agent_wait_business_ms),
      in_business_hours: inBusinessHours(clock, t.replied_at),
    })),
    'agents.agent_solves': row.solves.filter(({ solved_by_type: type }) => type === 'agent').map((s) => ({
      ...s, agent_id: s.solved_by_id, customer_telegram_user_id: row.customer_telegram_user_id, is_seven_days_old: Number(s.solved_at <= weekAgo),
      is_reopened_within_7_days: Number(s.reopened_at !== null && s.reopened_at <= s.solved_at + 7 * 86_400_000),
    })),
  };
}

export const viewsOfOneTicket = [
  'queue.tickets', 'queue.ticket_state_intervals', 'queue.customer_waits', 'queue.ticket_resolutions', 'queue.escalations', 'queue.process_edges', 'queue.data_quality',
  'queue.sla_timers', 'agents.ticket_assignments', 'agents.agent_replies', 'agents.agent_solves',
] as const;

/** Rows by view, each with whose it is. */
export function viewRows(folded: readonly Folded[], now: number): Map<string, SqlRow[]> {
  const rows = new Map<string, SqlRow[]>(viewsOfOneTicket.map((view) => [view, []]));
  for (const one of folded) {
    const { integration_id, ticket_id, story, desk } = one;
    const views = { ...queueViews(queueRow(story), desk.clock, now), 'queue.sla_timers': timers(one, now), ...agentViews(one, now) };
    for (const [view, own] of Object.entries(views)) {
      rows.get(view)?.push(...own.map((row) => ({ integration_id, ticket_id, ...row })));
    }
  }
  return rows;
}
