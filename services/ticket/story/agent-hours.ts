// What a ticket adds to its agents in each UTC hour: the increments of the hourly tables. Added up over tickets and hours
// they give what an agent did and held; what still lasts is taken to last on, and a reader cuts it at his own present.
import type { Action } from './activities.ts';
import type { Resolution } from './cycles.ts';
import { isHeld, type Interval } from './intervals.ts';
import type { Station } from './stations.ts';
import type { Turn } from './turns.ts';

type Count =
  | 'replies' | 'replyTurns' | 'firstResponses' | 'privateNotes' | 'solves'
  | 'assigned' | 'handoffsIn' | 'handoffsOut' | 'bouncedAssignments';

export interface AgentHour extends Readonly<Record<Count, number>> {
  /** Start of the UTC hour, which is half-open. */
  readonly hour: number;
  /** '' is an agent without id. */
  readonly agentId: string;
  /** Change of the number of open tickets held. */
  readonly heldChange: number;
  /** Whole seconds held in the hour, less 3,600 when it was held at the hour's start: then it counts as held all along. */
  readonly heldSecondsBeyond: number;
}

const HOUR = 3_600_000;
const hourOf = (instant: number): number => Math.floor(instant / HOUR) * HOUR;
const untilNextHour = (instant: number): number => hourOf(instant) + HOUR - instant;

type Draft = { -readonly [K in keyof AgentHour]: AgentHour[K] } & { heldMs: number };

class Hours {
  readonly #byKey = new Map<string, Draft>();

  at(instant: number, agentId: string): Draft {
    const hour = hourOf(instant);
    const key = `${hour} ${agentId}`;
    const draft = this.#byKey.get(key) ?? {
      hour, agentId, replies: 0, replyTurns: 0, firstResponses: 0, privateNotes: 0, solves: 0,
      assigned: 0, handoffsIn: 0, handoffsOut: 0, bouncedAssignments: 0, heldChange: 0, heldSecondsBeyond: 0, heldMs: 0,
    };
    this.#byKey.set(key, draft);
    return draft;
  }

  inOrder(): Draft[] {
    return [...this.#byKey.values()].sort((a, b) => a.hour - b.hour || (a.agentId < b.agentId ? -1 : 1));
  }
}

/** Stations of nobody are no agent's; how one ended counts when it ended. */
function countStations(hours: Hours, stations: readonly Station[]): void {
  for (const { agentId, assignedAt, endedAt, isHandoffIn, isHandoffOut, isBounced } of stations) {
    if (agentId === '') continue;
    const started = hours.at(assignedAt, agentId);
    started.assigned++;
    if (isHandoffIn) started.handoffsIn++;
    if (endedAt === null || (!isHandoffOut && !isBounced)) continue;
    const ended = hours.at(endedAt, agentId);
    if (isHandoffOut) ended.handoffsOut++;
    if (isBounced) ended.bouncedAssignments++;
  }
}

/** What begins in an hour counts to the hour's end, and what ends in it is taken off from there. */
function countHeld(hours: Hours, intervals: readonly Interval[]): void {
  for (const { validFrom, validTo, assigneeId } of intervals.filter(isHeld)) {
    const from = hours.at(validFrom, assigneeId);
    from.heldChange++;
    from.heldMs += untilNextHour(validFrom);
    if (validTo === null) continue;
    const to = hours.at(validTo, assigneeId);
    to.heldChange--;
    to.heldMs -= untilNextHour(validTo);
  }
}

/** A sum over tickets is the sum of their whole-second values, so each hour of the ticket is cut to whole seconds. */
function cutToSeconds(drafts: readonly Draft[]): AgentHour[] {
  const heldBefore = new Map<string, number>();
  return drafts.map(({ heldMs, ...hour }) => {
    const before = heldBefore.get(hour.agentId) ?? 0;
    heldBefore.set(hour.agentId, before + hour.heldChange);
    return { ...hour, heldSecondsBeyond: Math.floor((before * HOUR + heldMs) / 1000) - before * 3600 };
  });
}

export interface Done {
  readonly actions: readonly Action[];
  readonly turns: readonly Turn[];
  readonly resolutions: readonly Resolution[];
  readonly stations: readonly Station[];
  readonly intervals: readonly Interval[];
}

/** In order of hour and agent. */
export function agentHours({ actions, turns, resolutions, stations, intervals }: Done): readonly AgentHour[] {
  const hours = new Hours();
  for (const { at, agentId, kind } of actions) {
    if (kind === 'reply') hours.at(at, agentId).replies++;
    if (kind === 'note') hours.at(at, agentId).privateNotes++;
  }
  for (const { repliedAt, agentId, isFirstResponse } of turns) {
    const hour = hours.at(repliedAt, agentId);
    hour.replyTurns++;
    if (isFirstResponse) hour.firstResponses++;
  }
  // Credit for a solve goes by who solved, not by who held it; rules solve for nobody.
  for (const { solvedAt, solvedByType, solvedById } of resolutions) if (solvedByType === 'agent') hours.at(solvedAt, solvedById).solves++;
  countStations(hours, stations);
  countHeld(hours, intervals);
  return cutToSeconds(hours.inOrder());
}
