// What a ticket adds to its queues in each UTC hour: the increments of the hourly tables. Added up over tickets and hours
// they give the backlog and the waiting customers just before an hour's end.
import { isOver } from '../desk/status.ts';
import { backlogChange, type Flow, type FlowKind } from './flows.ts';
import type { Interval } from './intervals.ts';
import type { FirstResponse } from './messages.ts';
import type { Wait } from './waits.ts';

export interface QueueHour {
  /** Start of the UTC hour, which is half-open. */
  readonly hour: number;
  readonly queueId: string;
  readonly flows: Readonly<Record<FlowKind, number>>;
  /** created + reopened + restored + moved in − solved − discarded − moved out. */
  readonly netFlow: number;
  readonly waitsStarted: number;
  readonly firstResponses: number;
  /** Change of the number of tickets that are not over and whose customer waits. */
  readonly waitingChange: number;
}

const HOUR = 3_600_000;
const noFlows = (): Record<FlowKind, number> => ({ created: 0, reopened: 0, restored: 0, moved_in: 0, moved_out: 0, solved: 0, discarded: 0 });

type Draft = { -readonly [K in keyof QueueHour]: QueueHour[K] } & { readonly flows: Record<FlowKind, number> };

class Hours {
  readonly #byKey = new Map<string, Draft>();

  at(instant: number, queueId: string): Draft {
    const hour = Math.floor(instant / HOUR) * HOUR;
    const key = `${hour} ${queueId}`;
    const draft = this.#byKey.get(key) ?? { hour, queueId, flows: noFlows(), netFlow: 0, waitsStarted: 0, firstResponses: 0, waitingChange: 0 };
    this.#byKey.set(key, draft);
    return draft;
  }

  all(): readonly QueueHour[] {
    return [...this.#byKey.values()].sort((a, b) => a.hour - b.hour || (a.queueId < b.queueId ? -1 : 1));
  }
}

/** A wait counts in the queue of the ticket, and as long as that is not over: where waits and intervals overlap. */
function countWaiting(hours: Hours, waits: readonly Wait[], intervals: readonly Interval[]): void {
  for (const { waitingSince, endedAt } of waits) {
    for (const { validFrom, validTo, status, queueId } of intervals) {
      const from = Math.max(validFrom, waitingSince);
      const to = Math.min(validTo ?? Infinity, endedAt ?? Infinity);
      if (from >= to || isOver(status.category)) continue;
      hours.at(from, queueId).waitingChange++;
      if (to !== Infinity) hours.at(to, queueId).waitingChange--;
    }
  }
}

export interface Counted {
  readonly flows: readonly Flow[];
  readonly waits: readonly Wait[];
  readonly intervals: readonly Interval[];
  readonly firstResponse: FirstResponse | null;
}

/** In order of hour and queue. */
export function queueHours({ flows, waits, intervals, firstResponse }: Counted): readonly QueueHour[] {
  const hours = new Hours();
  for (const { at, queueId, kind } of flows) {
    const draft = hours.at(at, queueId);
    draft.flows[kind]++;
    draft.netFlow += backlogChange[kind];
  }
  for (const { waitingSince, queueAtStart } of waits) hours.at(waitingSince, queueAtStart).waitsStarted++;
  if (firstResponse !== null) hours.at(firstResponse.at, firstResponse.queueId).firstResponses++;
  countWaiting(hours, waits, intervals);
  return hours.all();
}
