import { describe, expect, it } from 'vitest';
import { AlertBook, nothingSent, type Sent, type Tracked } from './book.ts';
import { after, isForgettable, nextWork, REMEMBER_MS, stepOf, type Manner } from './plan.ts';
import type { Route } from './section.ts';
import { alertOf, MINUTE_MS, NOON, sectionOf, trackedOf } from './testing.ts';

const step = (tracked: Tracked, route: Partial<Route> = {}, now = NOON, repeats = true) =>
  stepOf(tracked, { section: sectionOf([route]), destination: 'on-call', repeats, now });
const sent = (over: Partial<Sent>): Readonly<Record<string, Sent>> => ({ 'on-call': { stage: 'fired', repeats: 0, at: NOON, ...over } });

describe('what a destination is told next', () => {
  it('is the alert, its acknowledgement, its end, each once and in this order', () => {
    const outcome = { acknowledgedAt: NOON + 1, overAt: NOON + 2 };
    expect(step(trackedOf())).toBe('fired');
    expect(step(trackedOf({}, { outcome })), 'also when it was away meanwhile').toBe('fired');
    expect(step(trackedOf({}, { outcome, sent: sent({}) }))).toBe('acknowledged');
    expect(step(trackedOf({}, { outcome, sent: sent({ stage: 'acknowledged' }) }))).toBe('resolved');
    expect(step(trackedOf({}, { outcome, sent: sent({ stage: 'resolved' }) }))).toBeNull();
    expect(step(trackedOf({}, { outcome, sent: sent({ stage: 'refused' }) }))).toBeNull();
  });

  it('leaves an acknowledgement out that came after the end', () => {
    expect(step(trackedOf({}, { outcome: { acknowledgedAt: NOON + 3, overAt: NOON + 2 }, sent: sent({}) }))).toBe('resolved');
  });

  it('is nothing while nothing changed', () => {
    expect(step(trackedOf({}, { sent: sent({}) }))).toBeNull();
    expect(step(trackedOf({}, { outcome: { acknowledgedAt: NOON }, sent: sent({ stage: 'acknowledged' }) }))).toBeNull();
  });

  it('waits for facts for a moment, longer where a route asks for the queue, and not for ever', () => {
    const unknown = (askedAt: number): Tracked => ({ ...trackedOf({}, { outcome: { queueId: null } }), askedAt });
    expect([step(unknown(0)), step(unknown(0), {}, NOON + 3_000), step(unknown(NOON))]).toStrictEqual([null, 'fired', 'fired']);
    const byQueue = { queues: ['billing'] };
    expect([step(unknown(NOON), byQueue, NOON + 29_999), step(unknown(NOON), byQueue, NOON + 30_000)]).toStrictEqual([null, 'fired']);
  });
});

describe('hours and silences', () => {
  const evening: Partial<Route> = { hours: { time_zone: 'UTC', days: ['mon'], from: '18:00', until: '20:00' } };
  const sixPm = NOON + 360 * MINUTE_MS;

  it('hold an alert back until they let it through', () => {
    expect([step(trackedOf(), evening), step(trackedOf(), evening, sixPm)]).toStrictEqual([null, 'fired']);
  });

  it('drop what somebody looked after meanwhile', () => {
    expect(step(trackedOf({}, { outcome: { acknowledgedAt: NOON + 1 } }), evening, sixPm)).toBeNull();
  });

  it('hold back repeats, but neither an acknowledgement nor an end', () => {
    const route = { ...evening, repeat: { after_minutes: 10, times: 3 } };
    expect(step(trackedOf({}, { sent: sent({}) }), route, NOON + 60 * MINUTE_MS)).toBeNull();
    expect(step(trackedOf({}, { sent: sent({}), outcome: { acknowledgedAt: NOON + 1 } }), route, NOON + MINUTE_MS)).toBe('acknowledged');
  });
});

describe('repeats', () => {
  const route = { repeat: { after_minutes: 10, times: 2 } };

  it('come after so many minutes without an acknowledgement, so many times', () => {
    expect(step(trackedOf({}, { sent: sent({}) }), route, NOON + 10 * MINUTE_MS - 1)).toBeNull();
    expect(step(trackedOf({}, { sent: sent({}) }), route, NOON + 10 * MINUTE_MS)).toBe('repeated');
    expect(step(trackedOf({}, { sent: sent({ repeats: 1, at: NOON + 10 * MINUTE_MS }) }), route, NOON + 19 * MINUTE_MS)).toBeNull();
    expect(step(trackedOf({}, { sent: sent({ repeats: 2 }) }), route, NOON + 99 * MINUTE_MS)).toBeNull();
  });

  it('are not for destinations that repeat by themselves', () => {
    expect(step(trackedOf({}, { sent: sent({}) }), route, NOON + 99 * MINUTE_MS, false)).toBeNull();
  });

  it('leave the stage as it is', () => {
    const repeated = after({ ...nothingSent, stage: 'fired', reference: 7, trying: 'repeated' }, 'repeated', NOON + 5, undefined);
    expect(repeated).toStrictEqual({ stage: 'fired', repeats: 1, at: NOON + 5, reference: 7 });
  });
});

describe('a burst', () => {
  const chat: Manner = { bundles: 'everything', groupWaitMs: 5_000, repeats: true };
  const burst = [1, 2, 3].map((n) => trackedOf({ seenAt: NOON + n * 1_000, policyId: n === 3 ? 'p2' : 'p1' }, { eventId: `e-${n}` }));
  const work = (manner: Manner, now: number, alerts: readonly Tracked[] = burst): string | null => {
    const found = nextWork(alerts, manner, { section: sectionOf([{}]), destination: 'on-call', now });
    return found === null ? null : `${found.step} ${found.tracked.map(({ alert }) => alert.eventId).join(' ')}`;
  };

  it('is one message, once the first of it has waited', () => {
    expect([work(chat, NOON + 5_999), work(chat, NOON + 6_000)]).toStrictEqual([null, 'fired e-1 e-2 e-3']);
  });

  it('is a message for each incident, or each alert, where the destination takes it so', () => {
    expect(work({ bundles: 'incidents', groupWaitMs: 0, repeats: false }, NOON + 9_000)).toBe('fired e-1 e-2');
    expect(work({ bundles: 'alerts', groupWaitMs: 0, repeats: false }, NOON + 9_000)).toBe('fired e-1');
  });

  it('ends an incident with the last of its alerts, and lets nobody acknowledge half of it', () => {
    const incidents: Manner = { bundles: 'incidents', groupWaitMs: 0, repeats: false };
    const soon = (outcome: object, stage: Sent['stage'] = 'fired') => trackedOf({ kind: 'due_soon', seenAt: NOON }, { eventId: 'soon', outcome, sent: stage === null ? {} : sent({ stage }) });
    const fired = (outcome: object, stage: Sent['stage'] = 'fired') => trackedOf({ seenAt: NOON + 1 }, { eventId: 'fired', outcome, sent: stage === null ? {} : sent({ stage }) });
    const [acknowledged, over] = [{ acknowledgedAt: NOON + 2 }, { acknowledgedAt: NOON + 2, overAt: NOON + 3 }];
    expect(work(incidents, NOON + 9_000, [soon(over, 'acknowledged'), fired(acknowledged, 'acknowledged')]), 'the ticket is still escalated').toBeNull();
    expect(work(incidents, NOON + 9_000, [soon(over, 'acknowledged'), fired(over, 'acknowledged')])).toBe('resolved soon fired');
    expect(work(incidents, NOON + 9_000, [soon(over), fired({}, null)]), 'it opens no second one').toBe('fired fired');
    expect(work(incidents, NOON + 9_000, [soon(acknowledged), fired({})])).toBeNull();
    expect(work(incidents, NOON + 9_000, [soon(acknowledged), fired(acknowledged)])).toBe('acknowledged soon fired');
    const other = trackedOf({ policyId: 'p2', seenAt: NOON + 2 }, { eventId: 'other', outcome: over, sent: sent({ stage: 'acknowledged' }) });
    expect(work(incidents, NOON + 9_000, [fired({}), other]), 'others have nothing to do with it').toBe('resolved other');
    expect(work({ ...incidents, bundles: 'everything' }, NOON + 9_000, [soon(over, 'acknowledged'), fired({})])).toBe('resolved soon');
  });

  it('never mixes what is new with what is over, and has an end', () => {
    const over = trackedOf({ seenAt: NOON }, { eventId: 'e-0', outcome: { overAt: NOON + 1 }, sent: sent({}) });
    expect(work(chat, NOON + 9_000, [...burst, over])).toBe('resolved e-0');
    const many = Array.from({ length: 50 }, (_, n) => trackedOf({}, { eventId: `e-${n}` }));
    expect(work(chat, NOON + 9_000, many)?.split(' ').length).toBe(21);
  });
});

describe('the book', () => {
  const records = (book: AlertBook) => [...book.alerts.values()].map((one) => [one.alert.eventId, one.sent.get('on-call')?.stage ?? null]);

  it('is the same whatever the order of its records, and however often they come', () => {
    const before = new AlertBook('before');
    before.add(alertOf());
    const tracked = before.alerts.get(alertOf().id);
    if (tracked === undefined) throw new Error('not there');
    const found = { key: `found/${alertOf().id}`, value: JSON.stringify({ alert: alertOf() }) };
    const told = (['fired', 'acknowledged'] as const).map((stage) => {
      tracked.sent.set('on-call', { stage, repeats: 0, at: NOON });
      return before.toldRecord(tracked);
    });
    for (const order of [[found, ...told], [...told.toReversed(), found, found], [...told, ...told]]) {
      const book = new AlertBook('after');
      order.forEach((record) => book.take(record));
      expect(records(book)).toStrictEqual([['e-1', 'acknowledged']]);
      before.forget(tracked).forEach((record) => book.take(record));
      expect(records(book)).toStrictEqual([]);
    }
  });

  it('does not take its own older word for a newer one', () => {
    const book = new AlertBook('me');
    book.add(alertOf());
    const tracked = [...book.alerts.values()][0];
    if (tracked === undefined) throw new Error('not there');
    const older = book.toldRecord(tracked);
    tracked.sent.set('on-call', { stage: 'fired', repeats: 0, at: NOON });
    book.take(older);
    expect(records(book)).toStrictEqual([['e-1', 'fired']]);
  });

  it('forgets what is over everywhere, days later', () => {
    const over = trackedOf({}, { outcome: { overAt: NOON }, sent: sent({ stage: 'resolved' }) });
    expect([isForgettable(over, NOON + REMEMBER_MS - 1), isForgettable(over, NOON + REMEMBER_MS)]).toStrictEqual([false, true]);
    expect(isForgettable(trackedOf({}, { outcome: { overAt: NOON }, sent: sent({}) }), NOON + REMEMBER_MS)).toBe(false);
    expect(isForgettable(trackedOf(), NOON + REMEMBER_MS)).toBe(false);
  });
});
