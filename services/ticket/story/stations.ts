// Stations: unbroken periods with one assignee (possibly nobody) and one queue. They cover the ticket's life; a solve ends
// none, and those of zero length are kept.
import { isUnassignment, type TicketEvent } from '../event.ts';
import { isHeld } from './intervals.ts';
import type { Ticket } from '../state.ts';
import { startsStation, type Step } from '../step.ts';

export type StationEnd = '' | 'reassigned' | 'unassigned';

export interface Station {
  /** From 1. */
  readonly no: number;
  /** '' for nobody. */
  readonly agentId: string;
  readonly queueId: string;
  readonly assignedAt: number;
  /** null and '' while it lasts. */
  readonly endedAt: number | null;
  readonly endedBy: StationEnd;
  /** '' for a first station without an assignment. */
  readonly assignedByType: string;
  readonly assignedById: string;
  readonly assigneeName: string;
  readonly fromAgentId: string;
  readonly fromQueueId: string;
  /** Its own agent's replies. */
  readonly publicReplies: number;
  readonly firstPublicReplyAt: number | null;
  /** The own clock of that first reply; null when it answered no wait. */
  readonly firstResponseFrom: number | null;
  readonly firstResponseBusinessMs: number | null;
  /** Up to the last event; of the present station it runs on. */
  readonly heldMs: number;
  readonly heldBusinessMs: number;
  readonly isHandoffIn: boolean;
  readonly isHandoffOut: boolean;
  readonly isBounced: boolean;
}

/** Directly from one agent to another; A → nobody → B is none, another queue of the same agent neither. */
const isHandoff = ({ before, after, changesAssignee }: Step): boolean => changesAssignee && before.assigneeId !== '' && after.assigneeId !== '';

export class Stations {
  readonly all: { -readonly [K in keyof Station]: Station[K] }[] = [];
  firstQueueId = '';
  /** Runs of one queue, the time before the first one left out. */
  queueStations = 0;
  /** How often assignments after the creation's instant named another group than the one before; none counts as a group. */
  queueChanges = 0;
  readonly #createdAt: number;
  #groupNamed = '';

  constructor({ createdAt }: Ticket) {
    this.#createdAt = createdAt;
  }

  take(step: Step): void {
    if (step.event.type === 'agent.assigned') this.#countGroup(step.event);
    const present = this.all.at(-1);
    if (present !== undefined && isHeld(step.before)) {
      present.heldMs += step.passedMs;
      present.heldBusinessMs += step.passedBusinessMs;
    }
    // A colleague's reply doesn't save a station from being bounced: only the station's own agent's replies count in it.
    if (present !== undefined && step.isOwnReply) this.#reply(present, step);
    if (!startsStation(step)) return;
    if (present !== undefined) this.#end(present, step);
    this.#start(step);
  }

  #countGroup({ groupId, at }: TicketEvent): void {
    if (groupId !== this.#groupNamed && at > this.#createdAt) this.queueChanges++;
    this.#groupNamed = groupId;
  }

  #start(step: Step): void {
    const { event, before, after } = step;
    const isAssigned = event.type === 'agent.assigned';
    this.all.push({
      no: this.all.length + 1, agentId: after.assigneeId, queueId: after.queueId, assignedAt: step.at, endedAt: null, endedBy: '',
      assignedByType: isAssigned ? event.actorType : '', assignedById: isAssigned ? event.actorId : '', assigneeName: event.assigneeName,
      fromAgentId: before.assigneeId, fromQueueId: before.queueId,
      publicReplies: 0, firstPublicReplyAt: null, firstResponseFrom: null, firstResponseBusinessMs: null, heldMs: 0, heldBusinessMs: 0,
      isHandoffIn: isHandoff(step), isHandoffOut: false, isBounced: false,
    });
    if (!step.changesQueue) return;
    if (this.queueStations === 0) this.firstQueueId = after.queueId;
    this.queueStations++;
  }

  /** A first reply that answers no wait has no own clock, whatever is answered later in the station. */
  #reply(station: typeof this.all[number], { at, answer }: Step): void {
    station.publicReplies++;
    if (station.publicReplies > 1) return;
    station.firstPublicReplyAt = at;
    station.firstResponseFrom = answer?.ownClockFrom ?? null;
    station.firstResponseBusinessMs = answer?.ownBusinessMs ?? null;
  }

  #end(station: typeof this.all[number], step: Step): void {
    station.endedAt = step.at;
    // A group-only assignment that takes the ticket from an agent reassigns it.
    station.endedBy = isUnassignment(step.event) ? 'unassigned' : 'reassigned';
    station.isHandoffOut = isHandoff(step);
    // The same agent in another queue has not lost the ticket.
    station.isBounced = step.changesAssignee && station.agentId !== '' && station.publicReplies === 0;
  }
}
