import { describe, expect, it } from 'vitest';
import { intervalAt } from './intervals.ts';
import { assigned, created, customer, status, time, told } from '../testing/tell.ts';

const told_ = (story: ReturnType<typeof told>): unknown[] =>
  story.intervals.map(({ validFrom, validTo, status: { name }, assigneeId, changedByType, changedById }) => [validFrom, validTo, name, assigneeId, changedByType, changedById]);

describe('intervals', () => {
  it('are periods in which nothing changed, the last one open, with who opened them', () => {
    expect(told_(told(created('10:00'), customer('10:01'), assigned('10:02', 'lea'), status('10:03', 'pending')))).toEqual([
      [time('10:00'), time('10:02'), 'new', '', 'customer', ''],
      [time('10:02'), time('10:03'), 'new', 'lea', 'automation_rule', 'router'],
      [time('10:03'), null, 'pending', 'lea', 'agent', 'lea']]);
  });

  it('open → in progress, one category, is a new one', () => {
    expect(told(created('10:00', { newStatus: 'open' }), status('10:01', 'in progress')).intervals).toHaveLength(2);
  });

  it('the same status again (open → OPEN) is no new one and is shown as it was sent first', () => {
    expect(told_(told(created('10:00', { newStatus: 'open' }), status('10:01', 'OPEN')))).toEqual([[time('10:00'), null, 'open', '', 'customer', '']]);
  });

  it('of zero length are not kept: of several changes in one instant the last one opens the interval', () => {
    expect(told_(told(created('10:00'), assigned('10:00', 'lea'), status('10:00', 'open', { actorId: 'ida' })))).toEqual([[time('10:00'), null, 'open', 'lea', 'agent', 'ida']]);
  });

  it('that are equal neighbours are kept', () => {
    expect(told(created('10:00'), assigned('10:01', 'lea', '', { eventId: 'a' }), assigned('10:01', '', '', { eventId: 'b' })).intervals).toHaveLength(2);
  });

  it('start at the first event, also before a late creation, whose status holds from there on', () => {
    expect(told_(told(customer('09:50'), created('10:00', { newStatus: 'pending' })))).toEqual([[time('09:50'), null, 'pending', '', 'customer', '']]);
  });

  it('of a provisional ticket start as new, opened by nobody known', () => {
    expect(told_(told(customer('10:00')))).toEqual([[time('10:00'), null, 'new', '', '', '']]);
  });

  it('are half-open: the state at t is the one with valid_from <= t < valid_to', () => {
    const { intervals } = told(created('10:00'), status('10:01', 'pending'));
    expect(intervalAt(intervals, time('10:01'))?.status.name).toBe('pending');
    expect(intervalAt(intervals, time('10:01') - 1)?.status.name).toBe('new');
    expect(intervalAt(intervals, time('10:00') - 1)).toBeUndefined();
  });
});
