// What the queue's side keeps of a ticket's story: a row of ticket_facts, column for column as the table names them, and
// one of its timers (timer-facts.ts). Whose row it is, its version and the configuration's are added by whoever inserts it.
import { END_OF_TIME } from '../ticket/desk/business-clock.ts';
import type { Story } from '../ticket/story.ts';
import type { Activity } from '../ticket/story/activities.ts';
import type { Resolution } from '../ticket/story/cycles.ts';
import type { Escalation } from '../ticket/story/escalations.ts';
import { queueHours, type QueueHour } from '../ticket/story/hours.ts';
import type { Interval } from '../ticket/story/intervals.ts';
import type { Wait } from '../ticket/story/waits.ts';
import { ticketFold } from '../ticket/reading/fold.ts';
import { slaTimers } from '../ticket/timers/timers.ts';
import { timersRow } from './timer-facts.ts';

/** Milliseconds since 1970; of nested columns every element is an object by the tuple's names. */
type Instant = number;

export interface IntervalRow {
  readonly valid_from: Instant;
  /** 2106-01-01 while it lasts. */
  readonly valid_to: Instant;
  readonly status: string;
  readonly status_category: string;
  readonly queue_id: string;
  readonly assignee_id: string;
  readonly changed_by_type: string;
  readonly changed_by_id: string;
}

export interface WaitRow {
  readonly wait_no: number;
  readonly waiting_since: Instant;
  readonly ended_at: Instant | null;
  readonly ended_by: string;
  readonly replied_by_agent_id: string;
  readonly assignee_at_start: string;
  readonly assignee_at_reply: string;
  readonly queue_at_start: string;
  readonly queue_at_end: string;
  readonly wait_business_ms: number | null;
  readonly own_clock_from: Instant | null;
  readonly agent_wait_business_ms: number | null;
}

export interface ResolutionRow {
  readonly resolution_no: number;
  readonly solved_at: Instant;
  readonly solved_by_type: string;
  readonly solved_by_id: string;
  readonly assignee_id: string;
  readonly queue_id: string;
  readonly cycle_started_at: Instant;
  readonly cycle_business_ms: number;
  readonly since_created_business_ms: number;
  readonly pending_ms: number;
  readonly pending_business_ms: number;
  readonly reopened_at: Instant | null;
}

export interface EscalationRow {
  readonly event_id: string;
  readonly fired_at: Instant;
  readonly policy_id: string;
  readonly policy_name: string;
  readonly breached_metric: string;
  readonly threshold_seconds: number;
  readonly elapsed_seconds: number | null;
  readonly level: string;
  readonly escalated_to_type: string;
  readonly escalated_to_id: string;
  readonly status_category: string;
  readonly queue_id: string;
  readonly assignee_id: string;
  readonly acknowledged_at: Instant | null;
  readonly acknowledged_by_id: string;
  readonly acknowledge_business_ms: number | null;
}

export interface EdgeRow {
  readonly step_no: number;
  readonly at: Instant;
  readonly activity: string;
  readonly actor_type: string;
  readonly actor_id: string;
  readonly queue_id: string;
}

export interface HourRow {
  /** Start of the UTC hour. */
  readonly hour: Instant;
  readonly queue_id: string;
  readonly created: number;
  readonly reopened: number;
  readonly restored: number;
  readonly moved_in: number;
  readonly moved_out: number;
  readonly solved: number;
  readonly discarded: number;
  readonly waits_started: number;
  readonly first_responses: number;
  readonly waiting_change: number;
}

export interface FindingRow {
  readonly rule: string;
  readonly occurrences: number;
}

export interface QueueRow {
  readonly is_provisional: 0 | 1;
  readonly created_at: Instant;
  readonly first_event_at: Instant;
  readonly last_event_at: Instant;
  readonly running_since: Instant;
  readonly running_since_clock: number;
  readonly customer_telegram_user_id: number | null;
  readonly customer_language_code: string;
  readonly channel_type: string;
  readonly channel_chat_id: string;
  readonly channel_topic_id: string;
  readonly metadata: string;
  readonly status: string;
  readonly status_category: string;
  readonly queue_id: string;
  readonly assignee_id: string;
  readonly first_queue_id: string;
  readonly response_due_from: Instant | null;
  readonly first_response_at: Instant | null;
  readonly first_response_agent_id: string;
  readonly assignee_at_first_response: string;
  readonly queue_at_first_response: string;
  readonly first_response_business_ms: number | null;
  readonly first_solved_at: Instant | null;
  readonly last_solved_at: Instant | null;
  readonly closed_at: Instant | null;
  readonly discarded_at: Instant | null;
  readonly cycle_ended_by: string;
  readonly first_resolution_business_ms: number | null;
  readonly full_resolution_business_ms: number | null;
  readonly work_ms: number;
  readonly work_business_ms: number;
  readonly pending_ms: number;
  readonly pending_business_ms: number;
  readonly on_hold_ms: number;
  readonly on_hold_business_ms: number;
  readonly unassigned_ms: number;
  readonly unassigned_business_ms: number;
  readonly held_ms: number;
  readonly held_business_ms: number;
  readonly reopens: number;
  readonly agent_replies: number;
  readonly reply_turns: number;
  readonly private_notes: number;
  readonly customer_messages: number;
  readonly stations: number;
  readonly queue_stations: number;
  readonly handoffs: number;
  readonly bounced_assignments: number;
  readonly queue_changes: number;
  readonly clock_skew_ms: number;
  readonly intervals: readonly IntervalRow[];
  readonly waits: readonly WaitRow[];
  readonly resolutions: readonly ResolutionRow[];
  readonly escalations: readonly EscalationRow[];
  readonly edges: readonly EdgeRow[];
  readonly hours: readonly HourRow[];
  readonly findings: readonly FindingRow[];
}

const intervalRow = ({ validFrom, validTo, status, queueId, assigneeId, changedByType, changedById }: Interval): IntervalRow => ({
  valid_from: validFrom, valid_to: validTo ?? END_OF_TIME, status: status.name, status_category: status.category,
  queue_id: queueId, assignee_id: assigneeId, changed_by_type: changedByType, changed_by_id: changedById,
});

const waitRow = (wait: Wait): WaitRow => ({
  wait_no: wait.no, waiting_since: wait.waitingSince, ended_at: wait.endedAt, ended_by: wait.endedBy,
  replied_by_agent_id: wait.repliedByAgentId, assignee_at_start: wait.assigneeAtStart, assignee_at_reply: wait.assigneeAtReply,
  queue_at_start: wait.queueAtStart, queue_at_end: wait.queueAtEnd, wait_business_ms: wait.businessMs,
  own_clock_from: wait.ownClockFrom, agent_wait_business_ms: wait.ownBusinessMs,
});

const resolutionRow = (resolution: Resolution): ResolutionRow => ({
  resolution_no: resolution.no, solved_at: resolution.solvedAt, solved_by_type: resolution.solvedByType, solved_by_id: resolution.solvedById,
  assignee_id: resolution.assigneeId, queue_id: resolution.queueId, cycle_started_at: resolution.cycleStartedAt,
  cycle_business_ms: resolution.cycleBusinessMs, since_created_business_ms: resolution.sinceCreatedBusinessMs,
  pending_ms: resolution.pendingMs, pending_business_ms: resolution.pendingBusinessMs, reopened_at: resolution.reopenedAt,
});

const escalationRow = ({ details, ...escalation }: Escalation): EscalationRow => ({
  event_id: escalation.eventId, fired_at: escalation.firedAt,
  policy_id: details.policyId, policy_name: details.policyName, breached_metric: details.breachedMetric,
  threshold_seconds: details.thresholdSeconds, elapsed_seconds: details.elapsedSeconds, level: details.level,
  escalated_to_type: details.escalatedToType, escalated_to_id: details.escalatedToId,
  status_category: escalation.category, queue_id: escalation.queueId, assignee_id: escalation.assigneeId,
  acknowledged_at: escalation.acknowledgedAt, acknowledged_by_id: escalation.acknowledgedById,
  acknowledge_business_ms: escalation.acknowledgeBusinessMs,
});

const edgeRow = ({ stepNo, at, activity, actorType, actorId, queueId }: Activity): EdgeRow =>
  ({ step_no: stepNo, at, activity, actor_type: actorType, actor_id: actorId, queue_id: queueId });

const hourRow = ({ hour, queueId, flows, waitsStarted, firstResponses, waitingChange }: QueueHour): HourRow =>
  ({ hour, queue_id: queueId, ...flows, waits_started: waitsStarted, first_responses: firstResponses, waiting_change: waitingChange });

/** Empty while the ticket is provisional: only its creation tells them. */
function creationColumns({ creation }: Story): Pick<QueueRow, 'customer_telegram_user_id' | 'customer_language_code' | 'channel_type' | 'channel_chat_id' | 'channel_topic_id' | 'metadata'> {
  return {
    customer_telegram_user_id: creation?.customerTelegramUserId ?? null, customer_language_code: creation?.customerLanguageCode ?? '',
    channel_type: creation?.channelType ?? '', channel_chat_id: creation?.channelChatId ?? '', channel_topic_id: creation?.channelTopicId ?? '',
    metadata: creation?.metadata ?? '',
  };
}

type ResponseColumns = Pick<QueueRow, 'response_due_from' | 'first_response_at' | 'first_response_agent_id' | 'assignee_at_first_response' | 'queue_at_first_response' | 'first_response_business_ms'>;

const responseColumns = ({ responseDueFrom, firstResponse }: Story): ResponseColumns => ({
  response_due_from: responseDueFrom, first_response_at: firstResponse?.at ?? null,
  first_response_agent_id: firstResponse?.agentId ?? '', assignee_at_first_response: firstResponse?.assigneeId ?? '',
  queue_at_first_response: firstResponse?.queueId ?? '', first_response_business_ms: firstResponse?.businessMs ?? null,
});

type SolveColumns = Pick<QueueRow, 'first_solved_at' | 'last_solved_at' | 'closed_at' | 'discarded_at' | 'cycle_ended_by' | 'first_resolution_business_ms' | 'full_resolution_business_ms'>;

/** The last solve counts here after a reopening, too; a view shows it only while it stands. */
function solveColumns({ resolutions, closedAt, discardedAt, cycleEnd }: Story): SolveColumns {
  const [first] = resolutions;
  const last = resolutions.at(-1);
  return {
    first_solved_at: first?.solvedAt ?? null, last_solved_at: last?.solvedAt ?? null, closed_at: closedAt,
    discarded_at: discardedAt, cycle_ended_by: cycleEnd,
    first_resolution_business_ms: first?.sinceCreatedBusinessMs ?? null, full_resolution_business_ms: last?.sinceCreatedBusinessMs ?? null,
  };
}

type DurationColumns = Pick<QueueRow, `${'work' | 'pending' | 'on_hold' | 'unassigned' | 'held'}_${'' | 'business_'}ms`>;

const durationColumns = ({ durations: { work, pending, onHold, unassigned, held } }: Story): DurationColumns => ({
  work_ms: work.ms, work_business_ms: work.businessMs, pending_ms: pending.ms, pending_business_ms: pending.businessMs,
  on_hold_ms: onHold.ms, on_hold_business_ms: onHold.businessMs, unassigned_ms: unassigned.ms, unassigned_business_ms: unassigned.businessMs,
  held_ms: held.ms, held_business_ms: held.businessMs,
});

/** A row of ticket_facts. */
export function queueRow(story: Story): QueueRow {
  return {
    is_provisional: story.isProvisional ? 1 : 0,
    created_at: story.createdAt, first_event_at: story.firstEventAt, last_event_at: story.lastEventAt,
    running_since: story.lastEventAt, running_since_clock: story.lastEventClock,
    ...creationColumns(story),
    status: story.status.name, status_category: story.status.category, queue_id: story.queueId, assignee_id: story.assigneeId,
    first_queue_id: story.firstQueueId,
    ...responseColumns(story),
    ...solveColumns(story),
    ...durationColumns(story),
    reopens: story.reopens, agent_replies: story.agentReplies, reply_turns: story.turns.length, private_notes: story.privateNotes, customer_messages: story.customerMessages,
    stations: story.stations.filter(({ agentId }) => agentId !== '').length, queue_stations: story.queueStations,
    handoffs: story.stations.filter(({ isHandoffIn }) => isHandoffIn).length, bounced_assignments: story.stations.filter(({ isBounced }) => isBounced).length,
    queue_changes: story.queueChanges, clock_skew_ms: story.clockSkewMs,
    intervals: story.intervals.map(intervalRow),
    waits: story.waits.map(waitRow),
    resolutions: story.resolutions.map(resolutionRow),
    escalations: story.escalations.map(escalationRow),
    edges: story.activities.map(edgeRow),
    hours: queueHours(story).map(hourRow),
    findings: story.findings.map(({ rule, occurrences }) => ({ rule, occurrences })),
  };
}

/** The rows of both tables. */
export const queueFold = ticketFold((story, desk) => ({ ticket_facts: queueRow(story), sla_timer_facts: timersRow(slaTimers(story, desk)) }));
