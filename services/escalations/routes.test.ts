import { describe, expect, it } from 'vitest';
import type { Hours } from '../destinations/hours.ts';
import type { Alert } from './alert.ts';
import { asksForQueue, routeOf } from './routes.ts';
import { problemsOf } from './section.ts';
import { alertOf, NOON, sectionOf } from './testing.ts';

const at = (time: string): number => Date.parse(time);
const isSent = (section: ReturnType<typeof sectionOf>, { alert = alertOf(), queueId = 'billing', now = NOON }: { alert?: Alert; queueId?: string | null; now?: number } = {}): boolean | null =>
  routeOf(section, 'on-call', { alert, queueId, at: now })?.isOpen ?? null;

describe('a route', () => {
  it('takes what matches all that it says, and everything where it says nothing', () => {
    expect(isSent(sectionOf([{}]))).toBe(true);
    expect(isSent(sectionOf([{ levels: ['Management'], queues: ['billing'], metrics: ['first_response'] }]))).toBe(true);
    for (const other of [{ levels: ['2'] }, { queues: ['returns'] }, { metrics: ['resolution'] }, { on: ['missed' as const] }, { to: ['elsewhere'] }]) {
      expect(isSent(sectionOf([other])), JSON.stringify(other)).toBeNull();
    }
  });

  it('sends escalations only, unless it says which other alerts it wants', () => {
    expect(isSent(sectionOf([{}]), { alert: alertOf({ kind: 'due_soon' }) })).toBeNull();
    expect(isSent(sectionOf([{ on: ['due_soon'] }]), { alert: alertOf({ kind: 'due_soon' }) })).toBe(true);
  });

  it('takes an alert whose queue nobody knows: a page too many is better than one too few', () => {
    expect(isSent(sectionOf([{ queues: ['returns'] }]), { queueId: null })).toBe(true);
    expect(asksForQueue(sectionOf([{}]))).toBe(false);
    expect(asksForQueue(sectionOf([{ queues: ['returns'] }]))).toBe(true);
  });

  it('gives the settings of the first that is open', () => {
    const night: Hours = { time_zone: 'UTC', days: ['mon'], from: '20:00', until: '23:00' };
    const section = sectionOf([{ hours: night, repeat: { after_minutes: 1, times: 1 } }, { repeat: { after_minutes: 9, times: 1 } }]);
    expect(routeOf(section, 'on-call', { alert: alertOf(), queueId: null, at: NOON })?.route.repeat?.after_minutes).toBe(9);
  });
});

describe('a silence', () => {
  const from = '2026-03-02T11:00:00Z';
  const until = '2026-03-02T13:00:00Z';

  it('holds back what it matches, from its beginning up to its end', () => {
    const section = sectionOf([{}], { silences: [{ from, until, reason: 'drill', queues: ['billing'] }] });
    expect([isSent(section), isSent(section, { now: at(until) }), isSent(section, { now: at(from) - 1 }), isSent(section, { queueId: 'returns' })]).toStrictEqual([false, true, true, true]);
  });

  it('of a queue holds nothing back whose queue nobody knows', () => {
    expect(isSent(sectionOf([{}], { silences: [{ from, until, reason: 'drill', queues: ['billing'] }] }), { queueId: null })).toBe(true);
  });
});

it('says what a schema can’t see: names, time zones, silences that end before they begin', () => {
  const hours = { time_zone: 'Mars/Base', days: ['mon' as const], from: '08:00', until: '09:00' };
  const pager = { routing_key: 'k'.repeat(32), url: 'http://x' };
  const problems = problemsOf(sectionOf([{ to: ['nobody'], hours }], {
    pagerduty: { same: pager }, webhook: { same: { url: 'http://x', signing_secret: '' } }, silences: [{ from: '2026-03-02T12:00:00Z', until: '2026-03-02T11:00:00Z', reason: 'x' }],
  }));
  expect(problems).toStrictEqual([
    '/: two destinations have the name same', '/routes/0/to: there is no destination nobody',
    '/routes/0/hours/time_zone: Mars/Base is no time zone; an example is Europe/Berlin', '/silences/0: until must be later than from',
  ]);
});
