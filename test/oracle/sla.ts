// SLA timers (sections 4, 5 and 9) and the audit of the escalations that the CRM sent.
//
// A clock that has to be watched (a "watch": first response, next response, resolution) is
// run by the policy that applies at each instant. When another policy comes to apply, the
// timer is cancelled and a new instance runs the same watch from its original start.
import { metadataText } from './attributes.ts';
import type { Clock } from './calendar.ts';
import type { Rules } from './config.ts';
import type { Wait } from './conversation.ts';
import { isOver, sameStatus } from './statuses.ts';
import { crossingOf, stateAt, type State, type Timeline } from './timeline.ts';

export type SlaMetric = 'first_response' | 'next_response' | 'resolution';

export interface SlaPolicyVersion {
  version: number;
  valid_from: number;
  /** '' is 24×7. */
  calendar_id: string;
  first_response_seconds?: number;
  next_response_seconds?: number;
  resolution_seconds?: number;
  match?: {
    queue_ids?: readonly string[];
    channel_types?: readonly string[];
    language_codes?: readonly string[];
    metadata?: Readonly<Record<string, string | number | boolean>>;
  };
  /** Categories or statuses that pause resolution timers. */
  pause_statuses: readonly string[];
}

export interface SlaPolicy {
  policy_id: string;
  integration_id: string;
  versions: readonly SlaPolicyVersion[];
}

interface Watch {
  metric: SlaMetric;
  start: number;
  end: { at: number; index: number; by: 'agent_reply' | 'solved' | 'discarded' } | null;
}

interface Applied {
  policy: SlaPolicy;
  version: SlaPolicyVersion;
  clock: Clock;
  targetMs: number;
}

/**
 * The order within an instant rules: a wait that begins just before the solve of that instant
 * has its timer. One that begins while the ticket is over starts it when it comes back.
 */
function responseWatch(wait: Wait, timeline: Timeline): Watch | null {
  const metric = wait.wait_no === 1 ? 'first_response' : 'next_response';
  const anchor = wait.wait_no === 1 ? Math.max(wait.startIndex, timeline.creationIndex) : wait.startIndex;
  const endIndex = wait.end?.index ?? timeline.steps.length;
  if (anchor >= endIndex) return null; // over before the clock could start
  const start = timeline.steps.slice(anchor, endIndex).find((step) => !isOver(step.after.category));
  return start ? { metric, start: start.at, end: wait.end } : null;
}

/** The creation (unless it is over from the start), each reopen and each restore start a resolution timer. */
function resolutionWatches(timeline: Timeline): Watch[] {
  const crossings = timeline.steps.map((step) => ({ at: step.at, index: step.index, by: crossingOf(step) }));
  const starts = crossings.filter(({ by }) => by === 'reopened' || by === 'restored').map(({ at, index }) => ({ at, index }));
  const ends = crossings.flatMap(({ at, index, by }) => (by === 'solved' || by === 'discarded' ? [{ at, index, by }] : []));
  if (!isOver(timeline.initial.category)) {
    const [first] = ends;
    const overBefore = first !== undefined && first.index < timeline.creationIndex;
    if (!overBefore) starts.unshift({ at: timeline.created_at, index: -1 });
  }
  return starts.map(({ at, index }) => ({ metric: 'resolution', start: at, end: ends.find((end) => end.index > index) ?? null }));
}

/** The version that is in force at the timer's original start. */
function versionAt(policy: SlaPolicy, instant: number): SlaPolicyVersion | undefined {
  return [...policy.versions].sort((a, b) => a.valid_from - b.valid_from).findLast((v) => v.valid_from <= instant);
}

function targetOf(version: SlaPolicyVersion, metric: SlaMetric): number | undefined {
  switch (metric) {
    case 'first_response': return version.first_response_seconds;
    case 'next_response': return version.next_response_seconds;
    case 'resolution': return version.resolution_seconds;
  }
}

/** Each that is given must match; metadata is compared as text. */
function matches(version: SlaPolicyVersion, timeline: Timeline, state: State): boolean {
  const { queue_ids, channel_types, language_codes, metadata = {} } = version.match ?? {};
  const { creation } = timeline;
  const fits = (allowed: readonly string[] | undefined, value: string): boolean => allowed === undefined || allowed.includes(value);
  return fits(queue_ids, state.queue)
    && fits(channel_types, creation?.channel.type ?? '')
    && fits(language_codes, creation?.customer.language_code ?? '')
    && Object.entries(metadata).every(([member, value]) => metadataText(creation?.metadata ?? null, member) === String(value));
}

/** The first matching policy in configured order that has a target for the metric. */
function applicable(watch: Watch, timeline: Timeline, state: State, rules: Rules): Applied | null {
  for (const policy of rules.policies) {
    if (policy.integration_id !== timeline.integration_id) continue;
    const version = versionAt(policy, watch.start);
    const target = version && targetOf(version, watch.metric);
    if (version && target !== undefined && matches(version, timeline, state)) {
      return { policy, version, clock: rules.clock(version.calendar_id), targetMs: target * 1000 };
    }
  }
  return null;
}

interface Point {
  at: number;
  state: State;
}

/**
 * The state after each instant of the watch, from its start on. A reply comes first in its
 * instant, so what else happens then is too late; a solve or discard comes last, so an assignment
 * counts, but the status that ends the watch is no part of it.
 */
function pointsOf(watch: Watch, timeline: Timeline): Point[] {
  const { start, end } = watch;
  const points = new Map<number, State>([[start, stateAt(timeline, start) ?? timeline.initial]]);
  const before = timeline.steps.filter((step) => step.at > start && (end === null || step.at < end.at));
  for (const step of before) points.set(step.at, step.after);
  if (end !== null && end.by !== 'agent_reply' && end.at > start) {
    const status = stateAt(timeline, end.at - 1) ?? timeline.initial;
    const held = timeline.steps[end.index]?.after ?? status;
    points.set(end.at, { ...status, queue: held.queue, assignee: held.assignee });
  }
  return [...points].map(([at, state]) => ({ at, state }));
}

interface Figures {
  /** Reached before `until`; nothing after it counts. */
  reachedAt: number | null;
  remainingMs: number;
  pausedMs: number;
}

function pauses(applied: Applied, watch: Watch, state: State): boolean {
  return watch.metric === 'resolution'
    && applied.version.pause_statuses.some((name) => sameStatus(name, state.category) || sameStatus(name, state.status));
}

/** Runs the watch under one policy from its original start; pauses after the due time no longer count. */
function run(applied: Applied, watch: Watch, points: readonly Point[], until: number): Figures {
  let remainingMs = applied.targetMs;
  let pausedMs = 0;
  for (const [i, point] of points.entries()) {
    const to = Math.min(points[i + 1]?.at ?? until, until);
    if (point.at >= to) continue;
    if (pauses(applied, watch, point.state)) {
      pausedMs += to - point.at;
      continue;
    }
    const due = applied.clock.add(point.at, remainingMs);
    if (due < to) return { reachedAt: due, remainingMs: 0, pausedMs };
    remainingMs -= applied.clock.between(point.at, to);
  }
  return { reachedAt: null, remainingMs, pausedMs };
}

export interface SlaTimer {
  metric: SlaMetric;
  instance: number;
  policy_id: string;
  policy_version: number;
  calendar_id: string;
  started_at: number;
  /** When its policy came to apply. */
  taken_over_at: number;
  /** When it was fulfilled or cancelled, or what it watched was over; null while that lasts. */
  ended_at: number | null;
  due_at: number | null;
  remainingMs: number | null;
  pausedMs: number;
  fulfilled_at: number | null;
  outcome: 'active' | 'met' | 'breached' | 'cancelled';
  breachMs: number | null;
  /** The due time, or the take-over if the policy took over later than that. */
  breached_at: number | null;
}

type Timer = Omit<SlaTimer, 'instance'>;

/** A policy that applies, and since when. */
interface InCharge {
  applied: Applied;
  since: number;
}

/** The figures as they stood just before `until`: `paused` leaves the due time open. */
function timer({ applied, since }: InCharge, watch: Watch, figures: Figures, at: { until: number; paused: boolean }): Timer {
  return {
    metric: watch.metric,
    policy_id: applied.policy.policy_id,
    policy_version: applied.version.version,
    calendar_id: applied.version.calendar_id,
    started_at: watch.start,
    taken_over_at: since,
    ended_at: null,
    due_at: figures.reachedAt ?? (at.paused ? null : applied.clock.add(at.until, figures.remainingMs)),
    remainingMs: figures.reachedAt === null && at.paused ? figures.remainingMs : null,
    pausedMs: figures.pausedMs,
    fulfilled_at: null,
    outcome: 'active',
    breachMs: null,
    breached_at: null,
  };
}

/** It keeps its figures as they stood; where a pause ends in that very instant, as they are after it. */
function cancelled(charge: InCharge, watch: Watch, points: readonly Point[], until: number): Timer {
  const { applied } = charge;
  const before = points.findLast((p) => p.at < until) ?? points[0];
  const after = points.find((p) => p.at === until) ?? before;
  const paused = [before, after].every((point) => point !== undefined && pauses(applied, watch, point.state));
  return { ...timer(charge, watch, run(applied, watch, points, until), { until, paused }), ended_at: until, outcome: 'cancelled' };
}

/** The instance that is in charge when the watch ends, or now. */
function finished(charge: InCharge, watch: Watch, points: readonly Point[], now: number): Timer {
  const { applied, since } = charge;
  const until = watch.end?.at ?? now;
  const figures = run(applied, watch, points, until);
  const last = points.findLast((p) => p.at <= until) ?? points[0];
  // Solved out of a pause: as if the pause ended with the solve. Discarded out of one, it stays as it stood.
  const paused = watch.end?.by !== 'solved' && last !== undefined && pauses(applied, watch, last.state);
  const row = { ...timer(charge, watch, figures, { until, paused }), ended_at: watch.end?.at ?? null };
  const fulfilled = watch.end?.by === (watch.metric === 'resolution' ? 'solved' : 'agent_reply');
  const fulfilled_at = fulfilled ? until : null;
  if (figures.reachedAt !== null) {
    const breachMs = applied.clock.between(figures.reachedAt, until);
    return { ...row, fulfilled_at, outcome: 'breached', breachMs, breached_at: Math.max(figures.reachedAt, since) };
  }
  if (watch.end === null) return row;
  return { ...row, fulfilled_at, outcome: fulfilled ? 'met' : 'cancelled' };
}

function policyOf(charge: InCharge | null): SlaPolicy | undefined {
  return charge?.applied.policy;
}

function timersOf(watch: Watch, timeline: Timeline, rules: Rules): Timer[] {
  const points = pointsOf(watch, timeline).filter((p) => p.at <= Math.max(rules.now, watch.start));
  const timers: Timer[] = [];
  let current: InCharge | null = null;
  for (const point of points) {
    const next = applicable(watch, timeline, point.state, rules);
    if (policyOf(current) === next?.policy) continue;
    if (current) {
      // After it was due, a policy change leaves a timer alone.
      if (run(current.applied, watch, points, point.at).reachedAt !== null) break;
      timers.push(cancelled(current, watch, points, point.at));
    }
    current = next && { applied: next, since: point.at };
  }
  if (current) timers.push(finished(current, watch, points, rules.now));
  return timers;
}

export function slaTimers(timeline: Timeline, waits: readonly Wait[], rules: Rules): SlaTimer[] {
  const watches = [...waits.map((w) => responseWatch(w, timeline)).filter((w) => w !== null), ...resolutionWatches(timeline)];
  const instances = new Map<SlaMetric, number>();
  return watches.flatMap((watch) => timersOf(watch, timeline, rules)).map((t) => {
    const instance = (instances.get(t.metric) ?? 0) + 1;
    instances.set(t.metric, instance);
    return { ...t, instance };
  });
}
