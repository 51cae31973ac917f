// The alerts that are open, and what was told of them: the memory of the service. It lies in a topic of its own that Kafka
// compacts, a record per alert, so it survives a restart and a lost disk as the log does, and is as long as there are alerts.
import type { Alert } from './alert.ts';
import { unknownOutcome, type Outcome } from './outcome.ts';

export type Step = 'fired' | 'repeated' | 'acknowledged' | 'resolved';
export type Stage = 'fired' | 'acknowledged' | 'resolved' | 'refused';

/** What a destination was told of an alert. */
export interface Sent {
  /** Null while nothing went through. */
  readonly stage: Stage | null;
  readonly repeats: number;
  /** When something was told last. */
  readonly at: number;
  /** What the destination called its message. */
  readonly reference?: number | undefined;
  /** Begun, and not known whether it went through. */
  readonly trying?: Step | undefined;
}

export const nothingSent: Sent = { stage: null, repeats: 0, at: 0 };

export interface Tracked {
  readonly alert: Alert;
  /** As the facts said last. */
  outcome: Outcome;
  /** When they were asked last; 0 before the first time. */
  askedAt: number;
  /** Since when this process knows of it. */
  readonly knownAt: number;
  readonly sent: Map<string, Sent>;
}

/** A record of the topic. */
export interface BookRecord {
  readonly key: string;
  readonly value: string | null;
}

interface Kept {
  readonly alert: Alert;
  readonly sent: Readonly<Record<string, Sent>>;
  readonly writer: string;
}

/** Whoever finds an alert writes this; only who tells of it writes the other, so that neither ever hides what the other knows. */
const foundKey = (id: string): string => `found/${id}`;
const toldKey = (id: string): string => `told/${id}`;
const sinceKey = (integrationId: string): string => `since/${encodeURIComponent(integrationId)}`;

export const foundRecord = (alert: Alert): BookRecord => ({ key: foundKey(alert.id), value: JSON.stringify({ alert }) });
export const sinceRecord = (integrationId: string, since: number): BookRecord => ({ key: sinceKey(integrationId), value: JSON.stringify({ integrationId, since }) });
/** A topic without a record gives its partition to a group, and nothing to read in it. */
export const helloRecord: BookRecord = { key: 'hello', value: '{}' };

const ranks: readonly (Stage | null)[] = [null, 'fired', 'acknowledged', 'resolved', 'refused'];
const further = (a: Sent, b: Sent): Sent => {
  const difference = ranks.indexOf(a.stage) - ranks.indexOf(b.stage);
  return difference > 0 || (difference === 0 && a.repeats >= b.repeats) ? a : b;
};

export class AlertBook {
  readonly alerts = new Map<string, Tracked>();
  /** Since when the timers of an integration are watched. */
  readonly since = new Map<string, number>();
  readonly #writer: string;
  readonly #now: () => number;

  /** @param writer this process: what it wrote itself, it knows better by now. */
  constructor(writer: string, now: () => number = Date.now) {
    this.#writer = writer;
    this.#now = now;
  }

  /** @returns false when it was known. */
  add(alert: Alert): boolean {
    if (this.alerts.has(alert.id)) return false;
    this.alerts.set(alert.id, { alert, outcome: unknownOutcome, askedAt: 0, knownAt: this.#now(), sent: new Map() });
    return true;
  }

  /** In any order and as often as one likes: what a destination was told never becomes less. */
  take({ key, value }: BookRecord): void {
    if (key.startsWith('told/') && value === null) this.alerts.delete(key.slice('told/'.length));
    if (value === null) return;
    if (key.startsWith('found/')) this.add((JSON.parse(value) as Kept).alert);
    else if (key.startsWith('told/')) this.#takeTold(JSON.parse(value) as Kept);
    else if (key.startsWith('since/')) this.#takeSince(JSON.parse(value) as { integrationId: string; since: number });
  }

  #takeTold({ alert, sent, writer }: Kept): void {
    if (writer === this.#writer) return;
    this.add(alert);
    const tracked = this.alerts.get(alert.id);
    for (const [name, one] of Object.entries(sent)) tracked?.sent.set(name, further(one, tracked.sent.get(name) ?? nothingSent));
  }

  #takeSince({ integrationId, since }: { integrationId: string; since: number }): void {
    this.since.set(integrationId, Math.min(since, this.since.get(integrationId) ?? Infinity));
  }

  toldRecord({ alert, sent }: Tracked): BookRecord {
    return { key: toldKey(alert.id), value: JSON.stringify({ alert, sent: Object.fromEntries(sent), writer: this.#writer } satisfies Kept) };
  }

  /** @returns what makes Kafka forget it, too. */
  forget({ alert }: Tracked): BookRecord[] {
    this.alerts.delete(alert.id);
    return [{ key: foundKey(alert.id), value: null }, { key: toldKey(alert.id), value: null }];
  }
}
