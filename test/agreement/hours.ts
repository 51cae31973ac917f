// What a ticket adds to the hours of its queues and agents: the fold's increments against what the oracle counts, and what is
// left at the end of each of these hours.
import { agentHours } from '../../services/ticket/story/agent-hours.ts';
import { queueHours } from '../../services/ticket/story/hours.ts';
import { openHeld } from '../oracle/agents.ts';
import { backlogAt, openWaitSince } from '../oracle/backlog.ts';
import type { OracleConfig } from '../oracle/config.ts';
import type { CrmEvent } from '../oracle/events.ts';
import { heldWithin, ticketHappenings, ticketWork } from '../oracle/hourly.ts';
import { runRows } from '../oracle/oracle.ts';
import { heldSpans, stations } from '../oracle/periods.ts';
import type { Timeline } from '../oracle/timeline.ts';
import type { Folded } from './folded.ts';

const HOUR = 3_600_000;

/** By hour, queue or agent, and what is counted; nothing is 0. */
type Counts = Map<string, number>;

function add(counts: Counts, at: number, key: string, amounts: Readonly<Record<string, number>>): void {
  for (const [name, amount] of Object.entries(amounts)) {
    const cell = `${new Date(Math.floor(at / HOUR) * HOUR).toISOString()} ${key} ${name}`;
    if (amount !== 0) counts.set(cell, (counts.get(cell) ?? 0) + amount);
  }
}

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function queuesByFold({ story }: Folded): Counts {
  const counts: Counts = new Map();
  const sums = new Map<string, { backlog: number; waiting: number }>();
  for (const { hour, queueId, flows, netFlow, waitsStarted, firstResponses, waitingChange } of queueHours(story)) {
    const { backlog, waiting } = sums.get(queueId) ?? { backlog: 0, waiting: 0 };
    const left = { backlog: backlog + netFlow, waiting: waiting + waitingChange };
    sums.set(queueId, left);
    add(counts, hour, queueId, { ...flows, waits_started: waitsStarted, first_responses: firstResponses, backlog_end: left.backlog, waiting_end: left.waiting });
  }
  return counts;
}

function agentsByFold({ story }: Folded): Counts {
  const counts: Counts = new Map();
  const held = new Map<string, number>();
  for (const { hour, agentId, heldChange, heldSecondsBeyond, ...done } of agentHours(story)) {
    const before = held.get(agentId) ?? 0;
    held.set(agentId, before + heldChange);
    const named = Object.fromEntries(Object.entries(done).map(([name, n]) => [snake(name), n]));
    add(counts, hour, agentId, { ...named, held_end: before + heldChange, held_seconds: 3600 * before + heldSecondsBeyond });
  }
  return counts;
}

/** The oracle's, with what is left at the end of the hours that the fold speaks of. */
function byOracle(happenings: readonly { at: number; flow: string; key: string; amount?: number }[], hours: Iterable<readonly [hour: number, key: string]>, leftAt: (hour: number, key: string) => Readonly<Record<string, number>>): Counts {
  const counts: Counts = new Map();
  for (const { at, flow, key, amount = 1 } of happenings) add(counts, at, key, { [flow]: amount });
  for (const [hour, key] of hours) add(counts, hour, key, leftAt(hour, key));
  return counts;
}

function queuesByOracle(timeline: Timeline, { story }: Folded): Counts {
  return byOracle(ticketHappenings(timeline), queueHours(story).map(({ hour, queueId }) => [hour, queueId] as const), (hour, queue) => {
    const end = hour + HOUR - 1;
    const backlog = backlogAt([timeline], end).filter(({ queue_id }) => queue_id === queue).length;
    return { backlog_end: backlog, waiting_end: openWaitSince(timeline, end) === null ? 0 : backlog };
  });
}

function agentsByOracle(timeline: Timeline, { story }: Folded, now: number): Counts {
  return byOracle(ticketWork(timeline), agentHours(story).map(({ hour, agentId }) => [hour, agentId] as const), (hour, agent) => {
    const spans = stations(timeline).filter((station) => station.agent === agent).flatMap((station) => heldSpans(station, timeline, now));
    return { held_end: openHeld(agent, [timeline], hour + HOUR - 1), held_seconds: heldWithin([spans], hour) };
  });
}

function different(oracle: Counts, fold: Counts): string[] {
  return [...new Set([...oracle.keys(), ...fold.keys()])].filter((cell) => oracle.get(cell) !== fold.get(cell))
    .map((cell) => `${cell}: oracle ${oracle.get(cell) ?? 0}, fold ${fold.get(cell) ?? 0}`);
}

/** One line per cell that both don't count alike. */
export function differencesOfHours(events: readonly CrmEvent[], config: OracleConfig, folded: readonly Folded[]): string[] {
  const found: string[] = [];
  runRows(events, config, (timelines) => {
    for (const timeline of timelines) {
      const own = folded.find(({ integration_id, ticket_id }) => integration_id === timeline.integration_id && ticket_id === timeline.ticket_id);
      if (own === undefined) found.push(`${timeline.ticket_id}: not folded`);
      else found.push(...different(queuesByOracle(timeline, own), queuesByFold(own)), ...different(agentsByOracle(timeline, own, config.now), agentsByFold(own)));
    }
    return [];
  });
  return found;
}
