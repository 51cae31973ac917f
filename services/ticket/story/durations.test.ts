import { describe, expect, it } from 'vitest';
import { berlinOffice } from '../testing/histories.ts';
import { assigned, created, customer, minutes, note, reply, status, told, toldUnder } from '../testing/tell.ts';

const ms = ({ durations: { work, pending, onHold, unassigned, held } }: ReturnType<typeof told>): number[] =>
  [work.ms, pending.ms, onHold.ms, unassigned.ms, held.ms].map((sum) => sum / minutes(1));

describe('where the time goes', () => {
  it('is told by category, unassigned and held, up to the last event', () => {
    const story = told(created('10:00'), assigned('10:02', 'lea'), status('10:05', 'pending'), status('10:15', 'on_hold'), status('10:18', 'open'), note('10:20', 'lea'));
    // work 10:00–10:05 and 10:18–10:20, pending 10, on hold 3, unassigned 2, held 10:02–10:05 and 10:18–10:20
    expect(ms(story)).toEqual([7, 10, 3, 2, 5]);
  });

  it('counts new and open as the agents\' turn, pending and on hold not as held', () => {
    expect(ms(told(created('10:00', { newStatus: 'new' }), assigned('10:00', 'lea'), status('10:01', 'in progress'), status('10:02', 'pending'), note('10:09', 'lea')))).toEqual([2, 7, 0, 0, 2]);
  });

  it('belongs to no sum while solved, closed or discarded', () => {
    for (const over of ['resolved', 'closed', 'spam']) {
      expect(ms(told(created('10:00'), status('10:01', over), note('11:00', 'lea')))).toEqual([1, 0, 0, 1, 0]);
    }
  });

  it('goes on after a reopen and after a restore', () => {
    expect(ms(told(created('10:00'), status('10:01', 'spam'), status('10:30', 'open'), note('10:33', 'lea')))[0]).toBe(4);
  });

  it('starts at the first event, also before a late creation', () => {
    expect(ms(told(customer('09:50'), created('10:00')))[0]).toBe(10);
  });

  it('is group time and not agent time, when only a group is assigned', () => {
    expect(ms(told(created('10:00'), assigned('10:01', '', 'billing'), note('10:05', 'lea')))).toEqual([5, 0, 0, 5, 0]);
  });
});

it('business time of a part lies in the open hours of the default calendar', () => {
  const story = toldUnder({ calendars: { office: berlinOffice }, defaultCalendars: { '': 'office' } }, created(`${25 * 24 + 16}:00`), reply(`${28 * 24 + 8}:00`, 'lea'));
  // Friday 17:00 to Monday 10:00 in Berlin, over the change to summer time.
  expect(story.durations.work.businessMs).toBe(7_200_000);
});
