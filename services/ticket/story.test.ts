// What holds for every history, however odd: random ones, ten thousand of them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deskOf } from './desk/desk.ts';
import { isAgentsTurn, isOver } from './desk/status.ts';
import type { TicketEvent } from './event.ts';
import { backlogChange } from './story/flows.ts';
import { intervalAt, isHeld } from './story/intervals.ts';
import { storyOf, type Story } from './story.ts';
import { busyDesk, histories } from './testing/histories.ts';
import { slaTimers, type Timer } from './timers/timers.ts';

const desk = deskOf(busyDesk)('acme');

interface Told {
  readonly story: Story;
  readonly timers: readonly Timer[];
}
const tell = (events: readonly TicketEvent[]): Told => {
  const story = storyOf(events, desk);
  return { story, timers: slaTimers(story, desk) };
};

const seed = Number(process.env['SEED'] ?? 20_260_327);
const numRuns = Number(process.env['HISTORIES'] ?? 10_000);

// Told once for all sentences: making them up takes longer than folding them.
const sampled = fc.sample(histories, { seed, numRuns });
const told = sampled.map(tell);

/** Of every history. One of which it doesn't hold is looked for again, to shrink it to what is wrong with it. */
function holds(sentence: string, isTrue: (told: Told, events: readonly TicketEvent[]) => boolean): void {
  it(sentence, () => {
    if (told.every((one, i) => isTrue(one, sampled[i] ?? []))) return;
    fc.assert(fc.property(histories, (events) => isTrue(tell(events), events)), { seed, numRuns });
    expect.fail('one of the histories fails, but only after others');
  });
}

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
function randomNumbers(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const asText = (one: Told | undefined): string => JSON.stringify(one);
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
const isSorted = (numbers: readonly number[]): boolean => numbers.every((n, i) => i === 0 || (numbers[i - 1] ?? 0) <= n);
const lifeMs = ({ intervals, lastEventAt }: Story, isIn: (interval: Story['intervals'][number]) => boolean): number =>
  sum(intervals.filter(isIn).map(({ validFrom, validTo }) => (validTo ?? lastEventAt) - validFrom));

describe('any order, any duplicates, any split into batches', () => {
  it('give the same story and the same timers', { timeout: 60_000 }, () => {
    const random = randomNumbers(seed);
    const shuffled = <T>(list: readonly T[]): T[] => list.map((item) => ({ item, rank: random() })).sort((x, y) => x.rank - y.rank).map(({ item }) => item);
    for (const [i, events] of sampled.entries()) {
      const cut = Math.floor(random() * (events.length + 1));
      const someAgain = events.filter(() => random() < 0.4);
      // Batches are merged before they are folded, as a flush reads the whole timeline.
      const deliveries = [shuffled([...events, ...someAgain]), [...events].reverse(), [...events.slice(cut), ...someAgain, ...events.slice(0, cut)]];
      const whole = asText(told[i]);
      for (const delivered of deliveries) if (asText(tell(delivered)) !== whole) expect(tell(delivered)).toEqual(told[i]);
    }
  });

  it('with a later different body under an event\'s id, too: the first accepted one wins', () => {
    fc.assert(fc.property(histories, fc.nat(), (events, which) => {
      const twin = events[which % events.length];
      if (twin === undefined) return;
      const later = { ...twin, at: twin.at + 60_000, offset: 1000, eventId: twin.eventId.toUpperCase(), actorId: 'intruder', newStatus: 'closed' };
      expect(tell([later, ...events])).toEqual(tell(events));
    }), { seed, numRuns: Math.ceil(numRuns / 10) });
  });
});

describe('durations', () => {
  holds('are never negative', ({ story, timers }) => [
    ...Object.values(story.durations).flatMap(({ ms, businessMs }) => [ms, businessMs]),
    ...story.waits.flatMap(({ businessMs, ownBusinessMs }) => [businessMs ?? 0, ownBusinessMs ?? 0]),
    ...story.turns.flatMap(({ businessMs, ownBusinessMs }) => [businessMs ?? 0, ownBusinessMs ?? 0]),
    ...story.stations.flatMap(({ heldMs, heldBusinessMs, firstResponseBusinessMs }) => [heldMs, heldBusinessMs, firstResponseBusinessMs ?? 0]),
    ...story.resolutions.flatMap(({ cycleBusinessMs, sinceCreatedBusinessMs, pendingMs, pendingBusinessMs }) => [cycleBusinessMs, sinceCreatedBusinessMs, pendingMs, pendingBusinessMs]),
    ...story.escalations.map(({ acknowledgeBusinessMs }) => acknowledgeBusinessMs ?? 0),
    ...timers.flatMap(({ pausedMs, remainingMs }) => [pausedMs, remainingMs ?? 0]),
    story.firstResponse?.businessMs ?? 0,
  ].every((ms) => ms >= 0));

  holds('of business time are no longer than elapsed', ({ story }) => Object.values(story.durations).every(({ ms, businessMs }) => businessMs <= ms));

  holds('by category add up to the time in which the ticket was not over', ({ story }) => {
    const { work, pending, onHold } = story.durations;
    return work.ms + pending.ms + onHold.ms === lifeMs(story, ({ status }) => !isOver(status.category));
  });

  holds('held and unassigned add up to new and open, and to what intervals say', ({ story }) => {
    const { held, unassigned, work } = story.durations;
    return held.ms === lifeMs(story, isHeld) && unassigned.ms === lifeMs(story, ({ status, assigneeId }) => !isOver(status.category) && assigneeId === '')
      && held.ms + lifeMs(story, ({ status, assigneeId }) => isAgentsTurn(status.category) && assigneeId === '') === work.ms;
  });

  holds('held of the stations add up to the ticket\'s', ({ story }) =>
    sum(story.stations.map(({ heldMs }) => heldMs)) === story.durations.held.ms
    && sum(story.stations.map(({ heldBusinessMs }) => heldBusinessMs)) === story.durations.held.businessMs);

  holds('pending of the resolutions are no more than the ticket\'s', ({ story }) => sum(story.resolutions.map(({ pendingMs }) => pendingMs)) <= story.durations.pending.ms);
});

describe('intervals and stations', () => {
  holds('cover the life from the first event on, without a gap, the last one open', ({ story }) =>
    story.intervals[0]?.validFrom === story.firstEventAt && story.stations[0]?.assignedAt === story.firstEventAt
    && story.intervals.every(({ validFrom, validTo }, i, all) => (i === all.length - 1 ? validTo === null : validTo === all[i + 1]?.validFrom && validTo > validFrom))
    && story.stations.every(({ assignedAt, endedAt }, i, all) => (i === all.length - 1 ? endedAt === null : endedAt === all[i + 1]?.assignedAt && endedAt >= assignedAt)));

  holds('end in the ticket\'s present state', ({ story }) => {
    const last = story.intervals.at(-1);
    const station = story.stations.at(-1);
    return last?.status === story.status && last.queueId === story.queueId && last.assigneeId === story.assigneeId
      && station?.agentId === story.assigneeId && station.queueId === story.queueId;
  });

  holds('tell of each handoff twice, of each bounce once, and never of nobody', ({ story }) =>
    story.stations.every(({ isHandoffOut, isBounced, agentId, publicReplies }, i, all) =>
      isHandoffOut === (all[i + 1]?.isHandoffIn ?? false) && (!isBounced || (agentId !== '' && publicReplies === 0))));
});

describe('waits', () => {
  holds('are disjoint and only the last one may be open', ({ story }) =>
    story.waits.every(({ no, waitingSince, endedAt }, i, all) => no === i + 1 && (endedAt === null ? i === all.length - 1 : endedAt >= waitingSince && endedAt <= (all[i + 1]?.waitingSince ?? Infinity))));

  holds('that a reply ended are each told by one turn', ({ story }) => {
    const answered = story.waits.filter(({ endedBy }) => endedBy === 'agent_reply').map(({ no }) => no);
    return JSON.stringify(answered) === JSON.stringify(story.turns.flatMap(({ waitNo }) => waitNo ?? []));
  });

  holds('give a first response as soon as one of them was answered', ({ story }) => story.waits.every(({ endedBy }) => endedBy !== 'agent_reply') || story.firstResponse !== null);
});

describe('counts', () => {
  holds('of turns add up to the replies', ({ story }) => sum(story.turns.map(({ replies }) => replies)) === story.agentReplies);
  holds('of own replies are no more than all of them', ({ story }) => sum(story.stations.map(({ publicReplies }) => publicReplies)) <= story.agentReplies);
  holds('of solves and reopens take turns', ({ story }) => {
    const crossings = story.flows.filter(({ kind }) => kind === 'solved' || kind === 'reopened').map(({ kind }) => kind);
    return crossings.filter((kind) => kind === 'solved').length === story.resolutions.length && crossings.filter((kind) => kind === 'reopened').length === story.reopens
      && crossings.every((kind, i) => kind !== crossings[i + 1]);
  });
  holds('of activities leave out nothing but repetitions', ({ story }, events) => story.activities.length <= events.length && story.actions.length <= story.activities.length);
});

describe('flows', () => {
  holds('reconcile with the backlog of every queue at every instant', ({ story }) => {
    const instants = [...story.flows.map(({ at }) => at), ...story.intervals.map(({ validFrom }) => validFrom)];
    return instants.every((instant) => ['', 'billing', 'tech'].every((queueId) => {
      const state = intervalAt(story.intervals, instant);
      const isInBacklog = state !== undefined && !isOver(state.status.category) && state.queueId === queueId;
      return sum(story.flows.filter((flow) => flow.queueId === queueId && flow.at <= instant).map(({ kind }) => backlogChange[kind])) === (isInBacklog ? 1 : 0);
    }));
  });

  holds('are in order', ({ story }) => isSorted(story.flows.map(({ at }) => at)));
});

describe('timers', () => {
  holds('are due or tell what remains, one of both', ({ timers }) => timers.every(({ dueAt, remainingMs }) => (dueAt === null) !== (remainingMs === null)));

  holds('are due after their start, and met at or before their due time', ({ timers }) => timers.every(({ dueAt, startedAt, fulfilledAt, outcome }) =>
    (dueAt === null || dueAt >= startedAt) && (outcome !== 'met' || (fulfilledAt !== null && fulfilledAt <= (dueAt ?? Infinity)))));

  holds('that are breached were due before they stopped', ({ timers }) => timers.every(({ outcome, dueAt, stoppedAt }) => outcome !== 'breached' || (dueAt !== null && dueAt < (stoppedAt ?? Infinity))));

  holds('run one at a time for each promise, the one after from where the one before was cancelled', ({ timers }) =>
    timers.every((timer, i) => {
      const before = timers.slice(0, i).findLast(({ metric, startedAt }) => metric === timer.metric && startedAt === timer.startedAt);
      return before === undefined || timer.takenOverAt === timer.startedAt || (before.outcome === 'cancelled' && (before.stoppedAt ?? Infinity) <= timer.takenOverAt);
    }));

  holds('are active only while the ticket is not over', ({ story, timers }) => timers.every(({ outcome }) => outcome !== 'active' || !isOver(story.status.category)));
});

it('the fold changes nothing that it is given', () => {
  fc.assert(fc.property(histories, (events) => {
    const frozen = events.map((event) => Object.freeze(event));
    expect(tell(Object.freeze(frozen) as readonly TicketEvent[])).toEqual(tell(events));
  }), { seed, numRuns: 100 });
});
