import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { berlinOffice } from '../testing/histories.ts';
import { aroundTheClock, BusinessClock, END_OF_TIME } from './business-clock.ts';

// Mon–Fri 09:00–18:00 in Berlin, Good Friday and Easter Monday 2026 as holidays.
const office = new BusinessClock(berlinOffice);
const seconds = (from: string, to: string): number => office.between(Date.parse(from), Date.parse(to)) / 1000;

describe('business time', () => {
  it('golden: Fri 2026-03-27 17:00 → Mon 2026-03-30 10:00 in Berlin is 7,200 s over the change to summer time', () => {
    expect(seconds('2026-03-27T17:00:00+01:00', '2026-03-30T10:00:00+02:00')).toBe(7200);
  });

  it('golden: Thu 2026-04-02 17:30 → Tue 2026-04-07 09:15 over Easter is 2,700 s', () => {
    expect(seconds('2026-04-02T17:30:00+02:00', '2026-04-07T09:15:00+02:00')).toBe(2700);
  });

  it('is 0 before the first opening, after the last closing, and over closed hours', () => {
    expect(seconds('2020-01-01T00:00:00Z', '2026-03-27T08:00:00Z')).toBe(0);
    expect(seconds('2026-04-10T18:00:00+02:00', '2030-01-01T00:00:00Z')).toBe(0);
    expect(seconds('2026-03-28T00:00:00Z', '2026-03-29T12:00:00Z')).toBe(0);
  });

  it('is never negative', () => {
    expect(seconds('2026-03-30T10:00:00+02:00', '2026-03-27T17:00:00+01:00')).toBe(0);
  });

  it('of 24×7 is the time itself', () => {
    expect(aroundTheClock.between(Date.parse('1969-12-31T23:59:59Z'), Date.parse('1970-01-01T00:00:01Z'))).toBe(2000);
    expect(aroundTheClock.reach(Date.parse('2026-03-28T00:00:00Z'), 5000)).toBe(Date.parse('2026-03-28T00:00:05Z'));
    expect(aroundTheClock.isOpenAt(0)).toBe(true);
  });

  it('is open at the opening instant and closed at the closing one', () => {
    expect(office.isOpenAt(Date.parse('2026-03-27T09:00:00+01:00'))).toBe(true);
    expect(office.isOpenAt(Date.parse('2026-03-27T18:00:00+01:00'))).toBe(false);
    expect(office.isOpenAt(Date.parse('2026-03-28T12:00:00+01:00'))).toBe(false);
  });
});

describe('a due time', () => {
  const reach = (from: string, amountSeconds: number): string => new Date(office.reach(Date.parse(from), amountSeconds * 1000)).toISOString();

  it('is the inverse of C', () => {
    expect(reach('2026-03-27T17:00:00+01:00', 7200)).toBe('2026-03-30T08:00:00.000Z');
    expect(reach('2026-04-02T17:30:00+02:00', 2700)).toBe('2026-04-07T07:15:00.000Z');
  });

  it('at closing time is the closing instant and not the next opening', () => {
    expect(reach('2026-03-27T17:00:00+01:00', 3600)).toBe('2026-03-27T17:00:00.000Z');
  });

  it('starts to count at the next opening, when it starts in closed hours', () => {
    expect(reach('2026-03-28T12:00:00Z', 60)).toBe('2026-03-30T07:01:00.000Z');
  });

  it('with nothing left is its start, open or not', () => {
    expect(reach('2026-03-28T12:00:00Z', 0)).toBe('2026-03-28T12:00:00.000Z');
  });

  it('that the calendar never reaches is the end of time', () => {
    expect(office.reach(Date.parse('2026-04-10T00:00:00Z'), 1e12)).toBe(END_OF_TIME);
    expect(new BusinessClock([]).reach(0, 1)).toBe(END_OF_TIME);
  });

  it('is the first instant by which the amount has passed', () => {
    const from = fc.integer({ min: Date.UTC(2026, 2, 26), max: Date.UTC(2026, 3, 8) });
    fc.assert(fc.property(from, fc.integer({ min: 1, max: 30 * 3_600_000 }), (start, amount) => {
      const due = office.reach(start, amount);
      fc.pre(due !== END_OF_TIME);
      expect(office.between(start, due)).toBe(amount);
      expect(office.between(start, due - 1)).toBe(amount - 1);
    }), { numRuns: 2000 });
  });
});

describe('a calendar', () => {
  it('unites windows that overlap or touch', () => {
    const clock = new BusinessClock([{ openFrom: 100, openTo: 200 }, { openFrom: 0, openTo: 50 }, { openFrom: 150, openTo: 300 }, { openFrom: 300, openTo: 400 }, { openFrom: 310, openTo: 320 }]);
    expect(clock.between(0, 1000)).toBe(50 + 300);
    expect(clock.reach(0, 350)).toBe(400);
  });

  it('changes its version in the middle of a window: each part of a duration uses the one in force then', () => {
    const clock = new BusinessClock([
      { openFrom: 0, openTo: 100, inForceTo: 60 },
      { openFrom: 40, openTo: 70, inForceFrom: 60 }, { openFrom: 80, openTo: 90, inForceFrom: 60 }]);
    expect(clock.between(0, 200)).toBe(70 + 10);
    expect(clock.at(65) - clock.at(55)).toBe(10);
  });

  it('adds up: business time over a middle instant is the sum of both parts', () => {
    const instant = fc.integer({ min: Date.UTC(2026, 2, 26), max: Date.UTC(2026, 3, 12) });
    fc.assert(fc.property(fc.tuple(instant, instant, instant), (instants) => {
      const [a, b, c] = instants.sort((x, y) => x - y);
      expect(office.between(a, b) + office.between(b, c)).toBe(office.between(a, c));
    }), { numRuns: 2000 });
  });
});
