// What is to be told next, to one destination: a pure function of the alerts, of what was told of them and of the instant.
// Nothing is scheduled, so nothing is lost by a restart: a repeat, a burst and the end of a silence follow from what is written down.
import { dedupKey } from './alert.ts';
import { nothingSent, type Sent, type Step, type Tracked } from './book.ts';
import { asksForQueue, routeOf } from './routes.ts';
import type { EscalationsSection } from './section.ts';

/** How a destination takes alerts. */
export interface Manner {
  /** One for each alert; one for all alerts of an incident; one for all that wait. */
  readonly bundles: 'alerts' | 'incidents' | 'everything';
  /** How long a new alert waits for others that come with it. */
  readonly groupWaitMs: number;
  /** Whether it is told again while nobody acknowledges; incident tools do that themselves. */
  readonly repeats: boolean;
}

export interface Work {
  readonly step: Step;
  readonly tracked: readonly Tracked[];
}

const MINUTE_MS = 60_000;
/** Facts come within a second of the event. When ClickHouse is away, nobody waits longer: for them, and where a route asks for the queue. */
const FACTS_WITHIN_MS = 3_000;
const QUEUE_WITHIN_MS = 30_000;
/** Of one message. */
const MOST_IN_ONE = 20;

interface Reader {
  readonly section: EscalationsSection;
  readonly destination: string;
  readonly repeats: boolean;
  readonly now: number;
}

/** Of what nobody was told yet. */
function isDue({ alert, outcome, askedAt, knownAt }: Tracked, { section, destination, now }: Reader): boolean {
  const { queueId } = outcome;
  const waitsMs = asksForQueue(section) ? QUEUE_WITHIN_MS : askedAt === 0 ? FACTS_WITHIN_MS : 0;
  if (queueId === null && now - knownAt < waitsMs) return false;
  if (routeOf(section, destination, { alert, queueId, at: now })?.isOpen !== true) return false;
  const isDone = outcome.overAt !== null || outcome.acknowledgedAt !== null;
  // Held back by hours or a silence, and looked after meanwhile. What the destination itself missed, it gets.
  return !isDone || routeOf(section, destination, { alert, queueId, at: alert.seenAt })?.isOpen === true;
}

function isToRepeat({ alert, outcome }: Tracked, { at, repeats }: Sent, { section, destination, repeats: canRepeat, now }: Reader): boolean {
  if (!canRepeat) return false;
  const matched = routeOf(section, destination, { alert, queueId: outcome.queueId, at: now });
  const repeat = matched?.route.repeat;
  return matched?.isOpen === true && repeat !== undefined && repeats < repeat.times && now - at >= repeat.after_minutes * MINUTE_MS;
}

export function stepOf(tracked: Tracked, reader: Reader): Step | null {
  const sent = tracked.sent.get(reader.destination) ?? nothingSent;
  const { acknowledgedAt, overAt } = tracked.outcome;
  switch (sent.stage) {
    case null: return isDue(tracked, reader) ? 'fired' : null;
    case 'fired':
      if (acknowledgedAt !== null && acknowledgedAt <= (overAt ?? Infinity)) return 'acknowledged';
      if (overAt !== null) return 'resolved';
      return isToRepeat(tracked, sent, reader) ? 'repeated' : null;
    case 'acknowledged': return overAt === null ? null : 'resolved';
    case 'resolved':
    case 'refused': return null;
  }
}

/** The first thing to tell, oldest alert first; null when there is nothing now. */
export function nextWork(alerts: Iterable<Tracked>, { bundles, groupWaitMs, repeats }: Manner, at: Omit<Reader, 'repeats'>): Work | null {
  const all = [...alerts].map((tracked) => ({ tracked, step: stepOf(tracked, { ...at, repeats }) })).sort((a, b) => a.tracked.alert.seenAt - b.tracked.alert.seenAt);
  const waiting = bundles === 'incidents' ? withoutHeld(all, at.destination) : all;
  const first = waiting.find(({ step, tracked }) => step !== null && (step !== 'fired' || at.now - tracked.alert.seenAt >= groupWaitMs));
  if (first?.step == null) return null;
  const together = waiting.filter(({ step, tracked }) => step === first.step && belongsTo(first.tracked, tracked, bundles));
  return { step: first.step, tracked: together.slice(0, MOST_IN_ONE).map(({ tracked }) => tracked) };
}

interface Waiting {
  readonly tracked: Tracked;
  readonly step: Step | null;
}

/** An incident is acknowledged, and over, when all is that was told of it: the end of one alert waits for the others. */
function withoutHeld(all: readonly Waiting[], destination: string): Waiting[] {
  const told = all.filter(({ tracked, step }) => step === 'fired' || ['fired', 'acknowledged'].includes(tracked.sent.get(destination)?.stage ?? ''));
  const open = told.filter(({ tracked: { outcome } }) => outcome.overAt === null);
  const keysOf = (some: readonly Waiting[]): Set<string> => new Set(some.map(({ tracked }) => dedupKey(tracked.alert)));
  const holds = { acknowledged: keysOf(open.filter(({ tracked: { outcome } }) => outcome.acknowledgedAt === null)), resolved: keysOf(open) };
  return all.filter(({ tracked, step }) => (step !== 'acknowledged' && step !== 'resolved') || !holds[step].has(dedupKey(tracked.alert)));
}

function belongsTo(first: Tracked, other: Tracked, bundles: Manner['bundles']): boolean {
  switch (bundles) {
    case 'alerts': return first === other;
    case 'incidents': return dedupKey(first.alert) === dedupKey(other.alert);
    case 'everything': return true;
  }
}

export function after(sent: Sent, step: Step, now: number, reference: number | undefined): Sent {
  const kept = { reference: reference ?? sent.reference, at: now };
  return step === 'repeated' ? { ...kept, stage: sent.stage, repeats: sent.repeats + 1 } : { ...kept, stage: step, repeats: sent.repeats };
}

/** How long an alert that is over is remembered: longer than a timer of the past may still be found. */
export const REMEMBER_MS = 48 * 60 * MINUTE_MS;
/** Of a ticket that nobody solves, or that ClickHouse never knew. */
const LONGEST_MS = 90 * 24 * 60 * MINUTE_MS;

/** Nobody is told of it any more, and it can't be found again. */
export function isForgettable({ alert, outcome, sent }: Tracked, now: number): boolean {
  if (now - alert.seenAt > LONGEST_MS) return true;
  if (outcome.overAt === null || now - Math.max(outcome.overAt, alert.at, alert.seenAt) < REMEMBER_MS) return false;
  return [...sent.values()].every(({ stage }) => stage === 'resolved' || stage === 'refused' || stage === null);
}
