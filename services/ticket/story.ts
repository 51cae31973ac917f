// A ticket's story: everything that its events say, as one value. It is a pure function of the events and the desk; what
// depends on the present (running sums, open waits) is left open with a null end, and a reader adds his own present.
import { Activities, type Action, type Activity } from './story/activities.ts';
import { Cycles, fullResolution, isNoTouch, isOneTouch, type Resolution } from './story/cycles.ts';
import type { Desk } from './desk/desk.ts';
import type { Status } from './desk/status.ts';
import { Durations, type Duration } from './story/durations.ts';
import { Escalations, type Escalation } from './story/escalations.ts';
import type { Creation, TicketEvent } from './event.ts';
import { Findings, type Finding } from './story/findings.ts';
import { Flows, type Flow } from './story/flows.ts';
import { Intervals, type Interval } from './story/intervals.ts';
import { Messages, type FirstResponse } from './story/messages.ts';
import { inOrder, type Ordered } from './order.ts';
import { Stations, type Station } from './story/stations.ts';
import { beginning, ticketOf, type CycleEnd, type State, type Ticket } from './state.ts';
import { takeStep, type Step } from './step.ts';
import { Promises, type Timed } from './timers/promises.ts';
import { Turns, type Turn } from './story/turns.ts';
import { isWaitingNow, Waits, type Wait } from './story/waits.ts';

export interface Story {
  /** How many events it was told from, each once, ignored creations among them. Not an offset: they may lie in two partitions. */
  readonly version: number;
  readonly isProvisional: boolean;
  readonly creation: Creation | null;
  readonly createdAt: number;
  readonly firstEventAt: number;
  /** Up to here durations are added up; from here the present state runs. */
  readonly lastEventAt: number;
  readonly lastEventClock: number;
  /** After the last event. */
  readonly status: Status;
  readonly queueId: string;
  readonly assigneeId: string;
  /** How the present cycle ended; '' while it runs. */
  readonly cycleEnd: CycleEnd;
  readonly fullResolution: Resolution | null;
  readonly isOneTouch: boolean | null;
  readonly isNoTouch: boolean | null;
  readonly isWaitingNow: boolean;
  readonly closedAt: number | null;
  readonly discardedAt: number | null;
  readonly firstQueueId: string;
  /** Where the first response runs from; null without a customer message. */
  readonly responseDueFrom: number | null;
  readonly firstResponse: FirstResponse | null;
  readonly durations: Readonly<Record<'work' | 'pending' | 'onHold' | 'unassigned' | 'held', Duration>>;
  readonly customerMessages: number;
  readonly agentReplies: number;
  readonly privateNotes: number;
  readonly reopens: number;
  readonly queueStations: number;
  readonly queueChanges: number;
  readonly clockSkewMs: number;
  readonly intervals: readonly Interval[];
  readonly waits: readonly Wait[];
  readonly stations: readonly Station[];
  readonly turns: readonly Turn[];
  readonly resolutions: readonly Resolution[];
  readonly escalations: readonly Escalation[];
  readonly activities: readonly Activity[];
  readonly actions: readonly Action[];
  readonly flows: readonly Flow[];
  readonly findings: readonly Finding[];
  /** What SLA timers time. */
  readonly timed: readonly Timed[];
}

/** What gathers the steps; each knows nothing of the others. */
class Gatherers {
  readonly intervals: Intervals;
  readonly durations = new Durations();
  readonly messages: Messages;
  readonly waits: Waits;
  readonly stations: Stations;
  readonly turns: Turns;
  readonly cycles: Cycles;
  readonly flows = new Flows();
  readonly escalations = new Escalations();
  readonly activities = new Activities();
  readonly findings: Findings;
  readonly promises: Promises;

  constructor(ticket: Ticket, ordered: Ordered) {
    const { clock, statuses } = ticket.desk;
    this.intervals = new Intervals(ticket);
    this.messages = new Messages(ticket);
    this.waits = new Waits(clock);
    this.stations = new Stations(ticket);
    this.turns = new Turns(clock);
    this.cycles = new Cycles(ticket);
    this.findings = new Findings(ordered, statuses);
    this.promises = new Promises(ticket);
  }

  take(step: Step): void {
    this.intervals.take(step);
    this.durations.take(step);
    this.messages.take(step);
    this.waits.take(step);
    this.stations.take(step);
    this.turns.take(step);
    this.cycles.take(step);
    this.flows.take(step);
    this.escalations.take(step);
    this.activities.take(step);
    this.findings.take(step);
    this.promises.take(step);
  }
}

interface Walked {
  readonly state: State;
  readonly at: number;
  readonly clock: number;
}

/** Takes every step in order and tells where the ticket stands after the last one. */
function walk(ticket: Ticket, ordered: Ordered, gatherers: Gatherers): Walked {
  let state = beginning(ticket, ordered);
  let no = 0;
  let at = ticket.firstEventAt;
  let clock = state.stationSinceClock;
  for (const event of ordered.events) {
    const clockThen = event.at === at ? clock : ticket.desk.clock.at(event.at);
    const step = takeStep(ticket, state, event, { no: ++no, at: event.at, clock: clockThen, passedMs: event.at - at, passedBusinessMs: clockThen - clock });
    gatherers.take(step);
    state = step.after;
    at = event.at;
    clock = clockThen;
  }
  return { state, at, clock };
}

/** @param delivered the events of one ticket, at least one, in any order and as often as they were delivered. */
export function storyOf(delivered: readonly TicketEvent[], desk: Desk): Story {
  const ordered = inOrder(delivered, desk.statuses);
  const ticket = ticketOf(ordered, desk);
  const gathered = new Gatherers(ticket, ordered);
  const { state, at, clock } = walk(ticket, ordered, gathered);
  const { messages, waits, stations, turns, cycles, activities, findings } = gathered;
  const touches = { cycleEnd: state.cycleEnd, reopens: cycles.reopens, replyTurns: turns.all.length };
  return {
    version: ordered.version, isProvisional: ticket.isProvisional, creation: ordered.creation?.creation ?? null,
    createdAt: ticket.createdAt, firstEventAt: ticket.firstEventAt, lastEventAt: at, lastEventClock: clock,
    status: state.status, queueId: state.queueId, assigneeId: state.assigneeId, firstQueueId: stations.firstQueueId,
    cycleEnd: state.cycleEnd, fullResolution: fullResolution(state.cycleEnd, cycles.resolutions), isOneTouch: isOneTouch(touches), isNoTouch: isNoTouch(touches),
    isWaitingNow: isWaitingNow(waits.all, state.status), closedAt: cycles.closedAt, discardedAt: cycles.discardedAt,
    responseDueFrom: messages.responseDueFrom, firstResponse: messages.firstResponse, durations: gathered.durations,
    customerMessages: messages.fromCustomer, agentReplies: messages.replies, privateNotes: messages.notes,
    reopens: cycles.reopens, queueStations: stations.queueStations, queueChanges: stations.queueChanges, clockSkewMs: findings.clockSkewMs,
    intervals: gathered.intervals.all, waits: waits.all, stations: stations.all, turns: turns.all,
    resolutions: cycles.resolutions, escalations: gathered.escalations.all, activities: activities.all, actions: activities.actions,
    flows: gathered.flows.all, findings: findings.all(), timed: gathered.promises.all(),
  };
}
