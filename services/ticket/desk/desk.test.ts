import { describe, expect, it } from 'vitest';
import { aPolicy, berlinOffice } from '../testing/histories.ts';
import { END_OF_TIME } from './business-clock.ts';
import { deskOf } from './desk.ts';

describe('a desk', () => {
  it('without configuration is 24×7, with the built-in statuses and without policies', () => {
    const desk = deskOf({})('acme');
    expect(desk.clock.between(0, 1000)).toBe(1000);
    expect(desk.statuses.read('resolved').category).toBe('solved');
    expect(desk.policies).toEqual([]);
  });

  it('takes what an integration says itself, else what is said for all', () => {
    const of = deskOf({
      calendars: { office: berlinOffice },
      defaultCalendars: { '': 'office', 'acme': '' },
      statuses: { '': { parked: 'pending' }, 'acme': { parked: 'on_hold' } },
      policies: { '': [aPolicy], 'acme': [] },
    });
    expect([of('acme'), of('other')].map(({ clock }) => clock.isOpenAt(Date.UTC(2026, 2, 28)))).toEqual([true, false]);
    expect([of('acme'), of('other')].map(({ statuses }) => statuses.read('parked').category)).toEqual(['on_hold', 'pending']);
    // A list of no policies is a list of one's own, too.
    expect([of('acme'), of('other')].map(({ policies }) => policies.length)).toEqual([0, 1]);
  });

  it('is made once for each integration', () => {
    const of = deskOf({});
    expect(of('acme')).toBe(of('acme'));
    expect(of('constructor').policies).toEqual([]);
  });

  it('gives a policy the clock of its own calendar; one that nobody configured never opens', () => {
    const [own, unknown] = deskOf({ calendars: { office: berlinOffice }, policies: { '': [{ ...aPolicy, calendarId: 'office' }, { ...aPolicy, calendarId: 'nowhere' }] } })('').policies;
    expect(own?.clock.isOpenAt(Date.UTC(2026, 2, 27, 12))).toBe(true);
    expect(unknown?.clock.reach(0, 1)).toBe(END_OF_TIME);
  });
});
