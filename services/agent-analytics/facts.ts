// What the agents' side keeps of a ticket's story: a row of ticket_facts, column for column as the table names them. Whose
// row it is, its version and the configuration's are added by whoever inserts it.
import { END_OF_TIME } from '../ticket/desk/business-clock.ts';
import type { Story } from '../ticket/story.ts';
import { agentHours, type AgentHour } from '../ticket/story/agent-hours.ts';
import type { Resolution } from '../ticket/story/cycles.ts';
import { ticketFold } from '../ticket/reading/fold.ts';
import { isHeld } from '../ticket/story/intervals.ts';
import type { Station } from '../ticket/story/stations.ts';
import type { Turn } from '../ticket/story/turns.ts';

/** Milliseconds since 1970; of nested columns every element is an object by the tuple's names. */
type Instant = number;

export interface StationRow {
  readonly station_no: number;
  readonly agent_id: string;
  readonly queue_id: string;
  readonly assigned_at: Instant;
  readonly ended_at: Instant | null;
  readonly ended_by: string;
  readonly assigned_by_type: string;
  readonly assigned_by_id: string;
  readonly assignee_name: string;
  readonly from_agent_id: string;
  readonly from_queue_id: string;
  readonly first_public_reply_at: Instant | null;
  readonly public_replies: number;
  readonly first_response_from: Instant | null;
  readonly first_response_business_ms: number | null;
  readonly held_ms: number;
  readonly held_business_ms: number;
  readonly is_handoff_in: boolean;
  readonly is_handoff_out: boolean;
  readonly is_bounced: boolean;
}

export interface TurnRow {
  readonly turn_no: number;
  readonly agent_id: string;
  readonly replied_at: Instant;
  readonly last_reply_at: Instant;
  readonly replies: number;
  /** 0 when it answered no wait. */
  readonly wait_no: number;
  readonly waiting_since: Instant | null;
  readonly own_clock_from: Instant | null;
  readonly answered_at: Instant | null;
  readonly wait_business_ms: number | null;
  readonly agent_wait_business_ms: number | null;
  readonly assignee_at_reply: string;
  readonly queue_id: string;
  readonly is_first_response: boolean;
}

export interface SolveRow {
  readonly resolution_no: number;
  readonly solved_at: Instant;
  readonly solved_by_type: string;
  readonly solved_by_id: string;
  readonly queue_id: string;
  readonly reopened_at: Instant | null;
}

export interface ActionRow {
  readonly at: Instant;
  readonly step_no: number;
  readonly agent_id: string;
  readonly kind: string;
}

export interface HeldRow {
  readonly held_from: Instant;
  /** 2106-01-01 while it lasts. */
  readonly held_to: Instant;
  readonly agent_id: string;
}

export interface HourRow {
  /** Start of the UTC hour. */
  readonly hour: Instant;
  readonly agent_id: string;
  readonly replies: number;
  readonly reply_turns: number;
  readonly first_responses: number;
  readonly private_notes: number;
  readonly solves: number;
  readonly assigned: number;
  readonly handoffs_in: number;
  readonly handoffs_out: number;
  readonly bounced_assignments: number;
  readonly held_change: number;
  readonly held_seconds_beyond: number;
}

export interface AgentsRow {
  readonly created_at: Instant;
  readonly first_event_at: Instant;
  readonly running_since: Instant;
  readonly running_since_clock: number;
  readonly customer_telegram_user_id: number | null;
  readonly status_category: string;
  readonly stations: readonly StationRow[];
  readonly turns: readonly TurnRow[];
  readonly solves: readonly SolveRow[];
  readonly actions: readonly ActionRow[];
  readonly held: readonly HeldRow[];
  readonly hours: readonly HourRow[];
}

const stationRow = (station: Station): StationRow => ({
  station_no: station.no, agent_id: station.agentId, queue_id: station.queueId,
  assigned_at: station.assignedAt, ended_at: station.endedAt, ended_by: station.endedBy,
  assigned_by_type: station.assignedByType, assigned_by_id: station.assignedById, assignee_name: station.assigneeName,
  from_agent_id: station.fromAgentId, from_queue_id: station.fromQueueId,
  first_public_reply_at: station.firstPublicReplyAt, public_replies: station.publicReplies,
  first_response_from: station.firstResponseFrom, first_response_business_ms: station.firstResponseBusinessMs,
  held_ms: station.heldMs, held_business_ms: station.heldBusinessMs,
  is_handoff_in: station.isHandoffIn, is_handoff_out: station.isHandoffOut, is_bounced: station.isBounced,
});

const turnRow = (turn: Turn): TurnRow => ({
  turn_no: turn.no, agent_id: turn.agentId, replied_at: turn.repliedAt, last_reply_at: turn.lastReplyAt, replies: turn.replies,
  wait_no: turn.waitNo ?? 0, waiting_since: turn.waitingSince, own_clock_from: turn.ownClockFrom,
  answered_at: turn.answeredAt, wait_business_ms: turn.businessMs, agent_wait_business_ms: turn.ownBusinessMs,
  assignee_at_reply: turn.assigneeAtReply, queue_id: turn.queueId, is_first_response: turn.isFirstResponse,
});

const solveRow = ({ no, solvedAt, solvedByType, solvedById, queueId, reopenedAt }: Resolution): SolveRow => ({
  resolution_no: no, solved_at: solvedAt, solved_by_type: solvedByType, solved_by_id: solvedById, queue_id: queueId,
  reopened_at: reopenedAt,
});

const hourRow = (hour: AgentHour): HourRow => ({
  hour: hour.hour, agent_id: hour.agentId,
  replies: hour.replies, reply_turns: hour.replyTurns, first_responses: hour.firstResponses, private_notes: hour.privateNotes, solves: hour.solves,
  assigned: hour.assigned, handoffs_in: hour.handoffsIn, handoffs_out: hour.handoffsOut, bounced_assignments: hour.bouncedAssignments,
  held_change: hour.heldChange, held_seconds_beyond: hour.heldSecondsBeyond,
});

/** A row of ticket_facts. */
export function agentsRow(story: Story): AgentsRow {
  return {
    created_at: story.createdAt, first_event_at: story.firstEventAt, running_since: story.lastEventAt, running_since_clock: story.lastEventClock,
    customer_telegram_user_id: story.creation?.customerTelegramUserId ?? null, status_category: story.status.category,
    stations: story.stations.map(stationRow),
    turns: story.turns.map(turnRow),
    solves: story.resolutions.map(solveRow),
    actions: story.actions.map(({ at, stepNo, agentId, kind }) => ({ at, step_no: stepNo, agent_id: agentId, kind })),
    held: story.intervals.filter(isHeld).map(({ validFrom, validTo, assigneeId }) =>
      ({ held_from: validFrom, held_to: validTo ?? END_OF_TIME, agent_id: assigneeId })),
    hours: agentHours(story).map(hourRow),
  };
}

/** The rows of its table. */
export const agentsFold = ticketFold((story) => ({ ticket_facts: agentsRow(story) }));
