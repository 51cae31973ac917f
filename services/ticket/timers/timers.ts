// SLA timers: each promise of a ticket under each policy that ruled it, judged as far as that doesn't depend on the present.
// A timer follows from what it times, the ticket's intervals and the policies; an open one past its due time is a breach
// now, which a reader says at his own present.
import type { Desk, ReadyPolicy } from '../desk/desk.ts';
import type { Status } from '../desk/status.ts';
import { intervalAt, type Interval } from '../story/intervals.ts';
import type { Story } from '../story.ts';
import { matchesCreation, matchesQueue, pauses, promises, type Metric } from './policies.ts';
import type { Timed } from './promises.ts';
import { countDown, type Countdown } from './countdown.ts';

export type Outcome = 'active' | 'met' | 'breached' | 'cancelled';

export interface Timer {
  readonly policyId: string;
  readonly policyVersion: number;
  readonly calendarId: string;
  readonly metric: Metric;
  /** From 1, within the ticket and metric. */
  readonly instance: number;
  /** The original start, kept by a timer that takes over. */
  readonly startedAt: number;
  /** When this policy began to rule: the start, or the change that cancelled the timer before. */
  readonly takenOverAt: number;
  /** null while paused; what is left stands in remainingMs instead. */
  readonly dueAt: number | null;
  readonly remainingMs: number | null;
  /** Elapsed, before it was due; a pause that still lasts stands in pausedSince. */
  readonly pausedMs: number;
  readonly pausedSince: number | null;
  /** When it was fulfilled, cancelled or left unanswered; null while it runs. */
  readonly stoppedAt: number | null;
  readonly fulfilledAt: number | null;
  readonly outcome: Outcome;
  /** From the due time to where it stopped, in the timer's own calendar; null unless breached, and while it runs. */
  readonly breachMs: number | null;
  /** When the outcome was or would be decided: the due time, or the take-over when that came later. */
  readonly judgedAt: number | null;
  /** Holder and queue at that moment; '' when cancelled. Before it has come, a reader shows ''. */
  readonly agentIdWhenJudged: string;
  readonly queueIdWhenJudged: string;
  /** Queue when it stopped, the present one while it runs. */
  readonly queueIdAtStop: string;
}

/** A part of what is timed in which the state was one and the same, with the policy that rules it. */
export interface Stretch {
  readonly from: number;
  /** Infinity while it lasts. */
  readonly to: number;
  readonly status: Status;
  readonly policy: ReadyPolicy | undefined;
}

/**
 * The intervals that something timed ran through. A reply comes first in its instant, so what else happens then is too late
 * for it; a solve or a discard comes last, so an assignment in its instant takes over before it.
 */
function stretchesOf({ startedAt, endedAt, endedBy }: Timed, intervals: readonly Interval[], policyFor: (queueId: string) => ReadyPolicy | undefined): Stretch[] {
  const end = endedAt ?? Infinity;
  const isEndIncluded = endedBy === 'solved' || endedBy === 'discarded';
  const stretches: Stretch[] = [];
  for (const interval of intervals) {
    const { validFrom, validTo, queueId } = interval;
    // The state after an instant rules at that instant.
    if ((validTo ?? Infinity) <= startedAt) continue;
    if (validFrom > startedAt && (isEndIncluded ? validFrom > end : validFrom >= end)) break;
    // The status that ends it is no part of what is timed: out of a pause it ends paused.
    const status = validFrom === end ? stretches.at(-1)?.status ?? interval.status : interval.status;
    stretches.push({ from: Math.max(validFrom, startedAt), to: Math.min(validTo ?? Infinity, end), status, policy: policyFor(queueId) });
  }
  return stretches;
}

/** Stretches from a first to a last one under one policy: one timer. */
interface Run {
  readonly timed: Timed;
  readonly policy: ReadyPolicy;
  readonly instance: number;
  readonly stretches: readonly Stretch[];
  readonly last: number;
  readonly takenOverAt: number;
  readonly endsAt: number;
}

function* runsOf(timed: Timed, stretches: readonly Stretch[], instances: number): Generator<Run> {
  let instance = instances;
  for (let first = 0; first < stretches.length;) {
    const policy = stretches[first]?.policy;
    let last = first;
    while (last + 1 < stretches.length && stretches[last + 1]?.policy === policy) last++;
    if (policy !== undefined) {
      yield { timed, policy, instance: ++instance, stretches, last, takenOverAt: stretches[first]?.from ?? 0, endsAt: stretches[last]?.to ?? Infinity };
    }
    first = last + 1;
  }
}

function outcomeOf({ metric, endedAt, endedBy }: Timed, dueAt: number | null): Outcome {
  if (endedAt === null) return 'active';
  const isFulfilled = endedBy === (metric === 'resolution' ? 'solved' : 'agent_reply');
  // Left without a reply, or discarded: cancelled, or breached if it was due before.
  if (!isFulfilled) return dueAt !== null && dueAt < endedAt ? 'breached' : 'cancelled';
  return dueAt === null || endedAt <= dueAt ? 'met' : 'breached';
}

/** When it is decided: a take-over after its own due time is breached at the take-over. */
function judgedAtOf(outcome: Outcome, dueAt: number | null, takenOverAt: number): number | null {
  return outcome === 'cancelled' || dueAt === null ? null : Math.max(dueAt, takenOverAt);
}

function timerOf(run: Run, countdown: Countdown, isFinal: boolean, story: Story): Timer {
  const { timed, policy, instance, takenOverAt } = run;
  const { dueAt } = countdown;
  // A policy change cancels the running timer.
  const outcome = isFinal ? outcomeOf(timed, dueAt) : 'cancelled';
  const stoppedAt = isFinal ? timed.endedAt : run.endsAt;
  const judgedAt = judgedAtOf(outcome, dueAt, takenOverAt);
  // The holder at a due time is the assignee then, an assignment in that very instant included.
  const judged = judgedAt === null ? undefined : intervalAt(story.intervals, judgedAt);
  const isFulfilled = isFinal && timed.endedBy === (timed.metric === 'resolution' ? 'solved' : 'agent_reply');
  return {
    policyId: policy.policyId, policyVersion: policy.version, calendarId: policy.calendarId,
    metric: timed.metric, instance, startedAt: timed.startedAt, takenOverAt,
    dueAt, remainingMs: countdown.remainingMs, pausedMs: pausedMsOf(run, dueAt, stoppedAt),
    pausedSince: outcome === 'active' && dueAt === null ? run.stretches[run.last]?.from ?? null : null,
    stoppedAt, fulfilledAt: isFulfilled ? timed.endedAt : null, outcome, judgedAt,
    breachMs: outcome === 'breached' && dueAt !== null && stoppedAt !== null ? policy.clock.between(dueAt, stoppedAt) : null,
    agentIdWhenJudged: judged?.assigneeId ?? '', queueIdWhenJudged: judged?.queueId ?? '',
    queueIdAtStop: stoppedAt === null ? story.queueId : intervalAt(story.intervals, stoppedAt)?.queueId ?? '',
  };
}

/** After its due time pauses no longer count. */
function pausedMsOf({ timed, policy, stretches, last }: Run, dueAt: number | null, stoppedAt: number | null): number {
  let sum = 0;
  for (const { from, to, status } of stretches.slice(0, last + 1)) {
    const end = Math.min(to, stoppedAt ?? Infinity, dueAt ?? Infinity);
    if (isPaused(timed, policy, status) && end !== Infinity) sum += Math.max(0, end - from);
  }
  return sum;
}

/** The pause list pauses resolution timers only. */
const isPaused = ({ metric }: Timed, policy: ReadyPolicy, status: Status): boolean => metric === 'resolution' && pauses(policy.pausedIn, status);

/** Each run of a policy is an instance; it takes over from the original start. */
function addTimers(timers: Timer[], timed: Timed, policies: readonly ReadyPolicy[], story: Story): void {
  // The first matching policy in configured order that has a target for the metric.
  const applicable = policies.filter((policy) => promises(policy, timed.metric, timed.startedAt));
  if (applicable.length === 0) return;
  const stretches = stretchesOf(timed, story.intervals, (queueId) => applicable.find((policy) => matchesQueue(policy, queueId)));
  const instances = timers.findLast(({ metric }) => metric === timed.metric)?.instance ?? 0;
  for (const run of runsOf(timed, stretches, instances)) {
    const isLast = run.last === stretches.length - 1;
    const countdown = countDown({
      clock: run.policy.clock,
      targetMs: (run.policy.targetSeconds[timed.metric] ?? 0) * 1000,
      stretches, last: run.last,
      isPaused: (status) => isPaused(timed, run.policy, status),
      solvedAt: isLast && timed.endedBy === 'solved' ? timed.endedAt : null,
    });
    // After a timer was due, a policy change leaves it alone; in the instant of its due time it cancels it.
    const wasDue = countdown.dueAt !== null && countdown.dueAt < run.endsAt;
    timers.push(timerOf(run, countdown, isLast || wasDue, story));
    if (wasDue) return;
  }
}

/** All timers of a ticket, in order of metric and instance. */
export function slaTimers(story: Story, desk: Desk): readonly Timer[] {
  const policies = desk.policies.filter((policy) => matchesCreation(policy, story.creation));
  const timers: Timer[] = [];
  if (policies.length > 0) for (const timed of story.timed) addTimers(timers, timed, policies, story);
  return timers;
}
