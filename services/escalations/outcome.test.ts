import { describe, expect, it } from 'vitest';
import { dedupKey, idOf } from './alert.ts';
import { missedBreaches, outcomeOf, type EscalationFacts } from './outcome.ts';
import { alertOf, factsOf, MINUTE_MS, NOON, timerOf } from './testing.ts';
import { timerAlerts, type Warnings } from './timers.ts';

const escalation = (over: Partial<EscalationFacts> = {}): EscalationFacts => ({ eventId: 'e-1', metric: 'first_response', firedAt: NOON, acknowledgedAt: null, acknowledgedBy: '', ...over });

describe('an escalation', () => {
  it('is acknowledged as the facts say, and over with the first solve or discard after it', () => {
    const facts = factsOf({ escalations: [escalation({ acknowledgedAt: NOON + 5, acknowledgedBy: 'lea' })], solvedAt: [NOON - 9, NOON + 20, NOON + 40] });
    expect(outcomeOf(alertOf(), facts)).toStrictEqual({ queueId: 'billing', assigneeId: '', acknowledgedAt: NOON + 5, acknowledgedBy: 'lea', overAt: NOON + 20 });
    expect(outcomeOf(alertOf(), factsOf({ escalations: [escalation()], discardedAt: NOON + 7 })).overAt).toBe(NOON + 7);
  });

  it('of a ticket that was solved and is open again stays open', () => {
    expect(outcomeOf(alertOf(), factsOf({ escalations: [escalation()], solvedAt: [NOON - 9] })).overAt).toBeNull();
  });

  it('of a ticket that was over before is over at once', () => {
    expect(outcomeOf(alertOf(), factsOf({ escalations: [escalation()], solvedAt: [NOON - 9], isOver: true })).overAt).toBe(NOON);
  });

  it('that the facts don’t have yet is neither', () => {
    expect(outcomeOf(alertOf(), factsOf({ solvedAt: [NOON + 1], isOver: true }))).toMatchObject({ queueId: 'billing', acknowledgedAt: null, overAt: null });
    expect(outcomeOf(alertOf(), undefined)).toMatchObject({ queueId: null, overAt: null });
  });
});

describe('a timer’s alert', () => {
  const alert = alertOf({ kind: 'due_soon', startedAt: NOON - 20 * MINUTE_MS, metric: 'first_response', at: NOON, seenAt: NOON - 9 * MINUTE_MS });

  it('is over when its timer stops, and acknowledged by the first human action after it was told', () => {
    const facts = factsOf({ timers: [timerOf({ stoppedAt: NOON - 1 })], actions: [{ at: NOON - 10 * MINUTE_MS, agentId: 'before' }, { at: NOON - 5 * MINUTE_MS, agentId: 'lea' }] });
    expect(outcomeOf(alert, facts)).toMatchObject({ overAt: NOON - 1, acknowledgedBy: 'lea' });
  });

  it('goes on while its timer runs or is paused, and is over when there is no such promise any more', () => {
    expect(outcomeOf(alert, factsOf({ timers: [timerOf({ dueAt: null })] })).overAt).toBeNull();
    expect(outcomeOf(alert, factsOf({ timers: [timerOf({ policyId: 'another' })] })).overAt).toBe(NOON);
    expect(outcomeOf(alert, factsOf()).overAt, 'the timers’ facts are not there yet').toBeNull();
  });
});

describe('a missed breach', () => {
  it('pairs with no escalation: each takes the latest breach of its metric that was due before it', () => {
    const first = timerOf({ instance: 1, dueAt: NOON - 60, outcome: 'breached', stoppedAt: NOON });
    const second = timerOf({ instance: 2, dueAt: NOON - 30 });
    const resolution = timerOf({ metric: 'resolution', dueAt: NOON - 10 });
    const facts = factsOf({ timers: [first, second, resolution, timerOf({ metric: 'next_response', dueAt: NOON - 5 }), timerOf({ instance: 3, dueAt: NOON + 5 })] });
    expect(missedBreaches(facts, NOON)).toStrictEqual([first, second, resolution]);
    expect(missedBreaches({ ...facts, escalations: [escalation()] }, NOON)).toStrictEqual([first, resolution]);
    expect(missedBreaches({ ...facts, escalations: [escalation({ firedAt: NOON - 40 }), escalation({ metric: 'resolution_time' })] }, NOON)).toStrictEqual([second]);
    expect(missedBreaches({ ...facts, escalations: [escalation({ firedAt: NOON - 70 })] }, NOON), 'fired before any breach').toHaveLength(3);
  });
});

describe('what timers tell', () => {
  const warnings: Warnings = { on: new Set(['due_soon', 'missed']), dueSoonMinutes: 15, missedAfterMinutes: 5, since: NOON - 1_000 * MINUTE_MS };
  const told = (dueIn: number, over: Partial<Warnings> = {}, now = NOON): string[] =>
    timerAlerts(factsOf({ timers: [timerOf({ dueAt: NOON + dueIn * MINUTE_MS })] }), { ...warnings, ...over }, now).map(({ kind }) => kind);

  it('is what is due within the minutes ahead, and what was due the minutes before without an escalation', () => {
    expect([told(15), told(15.1), told(0), told(-4.9), told(-5)]).toStrictEqual([['due_soon'], [], [], [], ['missed']]);
    expect(told(-5, { since: NOON - 4 * MINUTE_MS }), 'due before somebody switched it on').toStrictEqual([]);
    expect([told(10, { on: new Set(['missed']) }), told(-10, { on: new Set(['due_soon']) })]).toStrictEqual([[], []]);
  });

  it('has the same id whenever it is found, however the timer is numbered or moved', () => {
    const [first] = timerAlerts(factsOf({ timers: [timerOf({ dueAt: NOON + MINUTE_MS })] }), warnings, NOON);
    const [again] = timerAlerts(factsOf({ timers: [timerOf({ dueAt: NOON + 2 * MINUTE_MS, instance: 7 })] }), warnings, NOON + 50);
    expect(again?.id).toBe(first?.id);
  });

  it('tells of a breach that was answered late, as the audit does', () => {
    expect(timerAlerts(factsOf({ timers: [timerOf({ dueAt: NOON - 10 * MINUTE_MS, outcome: 'breached', stoppedAt: NOON - 9 * MINUTE_MS })] }), warnings, NOON)).toHaveLength(1);
  });
});

it('names an incident by ticket, policy and metric, in no more characters than PagerDuty takes', () => {
  expect(dedupKey(alertOf())).toBe('ticketstream/acme/TKT-1/p1/first_response');
  expect(dedupKey(alertOf({ policyId: 'x/y', ticketId: 'a' }))).not.toBe(dedupKey(alertOf({ policyId: 'y', ticketId: 'a/x' })));
  const [long, other] = ['x', 'y'].map((end) => dedupKey(alertOf({ policyId: 'ü'.repeat(300) + end })));
  expect(long?.length).toBeLessThanOrEqual(255);
  expect(long).not.toBe(other);
  expect(idOf('a/b', 'c')).not.toBe(idOf('a', 'b/c'));
});
