// A ticket's story: everything that its events say, as one value. It is a pure function of the events and the desk; what
// depends on the present (running sums, open waits) is left open with a null end, and a reader adds his own present.
import { Activities, type Action, type Activity } from './story/activities.ts';
import { Cycles, type Resolution } from './story/cycles.ts';
import type { Desk } from './desk/desk.ts';
import type { Status } from './desk/status.ts';
import { Durations, type Duration } from './story/durations.ts';
import { Escalations, type Escalation } from './story/escalations.ts';
import type { Creation, TicketEvent } from './event.ts';
import { Findings, type Finding } from './story/findings.ts';
import { Flows, type Flow } from './story/flows.ts';
import { Intervals, type Interval } from './story/intervals.ts';
import { Messages, type FirstResponse } from './story/messages.ts';
import { inOrder } from './order.ts';
import { Stations, type Station } from './story/stations.ts';
import { beginning, ticketOf, type CycleEnd } from './state.ts';
import { takeStep } from './step.ts';
import { Promises, type Timed } from './timers/promises.ts';
import { Turns, type Turn } from './story/turns.ts';
import { Waits, type Wait } from './story/waits.ts';

export interface Story {
  /** The highest log offset among its events. */
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
  /** How the present cycle ended: full resolution, one touch and no touch go by it; '' while it runs. */
  readonly cycleEnd: CycleEnd;
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

/** @param delivered the events of one ticket, at least one, in any order and as often as they were delivered. */
export function storyOf(delivered: readonly TicketEvent[], desk: Desk): Story {
  const ordered = inOrder(delivered, desk.statuses);
  const ticket = ticketOf(ordered, desk);
  let state = beginning(ticket, ordered);

  const intervals = new Intervals(ticket);
  const durations = new Durations();
  const messages = new Messages(ticket);
  const waits = new Waits(desk.clock);
  const stations = new Stations(ticket);
  const turns = new Turns(desk.clock);
  const cycles = new Cycles(ticket);
  const flows = new Flows();
  const escalations = new Escalations();
  const activities = new Activities();
  const findings = new Findings(ordered, desk.statuses);
  const promises = new Promises(ticket);

  let no = 0;
  let at = ticket.firstEventAt;
  let clock = state.stationSinceClock;
  for (const event of ordered.events) {
    const now = event.at === at ? clock : desk.clock.at(event.at);
    const step = takeStep(ticket, state, event, { no: ++no, at: event.at, clock: now, passedMs: event.at - at, passedBusinessMs: now - clock });
    intervals.take(step);
    durations.take(step);
    messages.take(step);
    waits.take(step);
    stations.take(step);
    turns.take(step);
    cycles.take(step);
    flows.take(step);
    escalations.take(step);
    activities.take(step);
    findings.take(step);
    promises.take(step);
    state = step.after;
    at = event.at;
    clock = now;
  }

  return {
    version: ordered.version, isProvisional: ticket.isProvisional, creation: ordered.creation?.creation ?? null,
    createdAt: ticket.createdAt, firstEventAt: ticket.firstEventAt, lastEventAt: at, lastEventClock: clock,
    status: state.status, queueId: state.queueId, assigneeId: state.assigneeId, cycleEnd: state.cycleEnd,
    closedAt: cycles.closedAt, discardedAt: cycles.discardedAt, firstQueueId: stations.firstQueueId,
    responseDueFrom: messages.responseDueFrom, firstResponse: messages.firstResponse, durations,
    customerMessages: messages.fromCustomer, agentReplies: messages.replies, privateNotes: messages.notes,
    reopens: cycles.reopens, queueStations: stations.queueStations, queueChanges: stations.queueChanges, clockSkewMs: findings.clockSkewMs,
    intervals: intervals.all, waits: waits.all, stations: stations.all, turns: turns.all, resolutions: cycles.resolutions,
    escalations: escalations.all, activities: activities.all, actions: activities.actions, flows: flows.all,
    findings: findings.all(), timed: promises.all(),
  };
}
