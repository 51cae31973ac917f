import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deskOf } from '../desk/desk.ts';
import { isOver } from '../desk/status.ts';
import { queueHours } from './hours.ts';
import { intervalAt } from './intervals.ts';
import { storyOf } from '../story.ts';
import { busyDesk, histories } from '../testing/histories.ts';
import { assigned, created, customer, reply, status, time, told } from '../testing/tell.ts';

describe('the hours of a queue', () => {
  it('are half-open UTC hours with what entered, left, began to wait and was answered in them', () => {
    const hours = queueHours(told(created('10:10'), assigned('10:59:59', 'lea', 'billing'), reply('11:00', 'lea'), customer('11:30'), status('12:00', 'resolved'), status('12:30', 'open')));
    const told_ = hours.map(({ hour, queueId, flows, netFlow, waitsStarted, firstResponses, waitingChange }) =>
      [hour, queueId, Object.entries(flows).filter(([, n]) => n > 0).map(([kind]) => kind), netFlow, waitsStarted, firstResponses, waitingChange]);
    expect(told_).toEqual([
      [time('10:00'), '', ['created', 'moved_out'], 0, 1, 0, 0],
      [time('10:00'), 'billing', ['moved_in'], 1, 0, 0, 1],
      [time('11:00'), 'billing', [], 0, 1, 1, 0],
      [time('12:00'), 'billing', ['reopened', 'solved'], 0, 0, 0, -1]]);
  });

  it('leave out a customer who waits while the ticket is over, until it comes back', () => {
    const hours = queueHours(told(created('10:00'), status('10:30', 'spam'), customer('11:30'), status('12:30', 'open')));
    expect(hours.map(({ hour, waitingChange }) => [hour, waitingChange])).toEqual([[time('10:00'), 0], [time('11:00'), 0], [time('12:00'), 1]]);
  });

  it('add up to the backlog and the waiting just before each hour\'s end, for any history', () => {
    const desk = deskOf(busyDesk)('acme');
    fc.assert(fc.property(histories, (events) => {
      const story = storyOf(events, desk);
      const hours = queueHours(story);
      for (const end of hours.map(({ hour }) => hour + 3_600_000)) {
        const state = intervalAt(story.intervals, end - 1);
        const isWaiting = story.waits.some(({ waitingSince, endedAt }) => waitingSince < end && (endedAt ?? Infinity) >= end);
        for (const queueId of ['', 'billing', 'tech']) {
          const isThere = state !== undefined && state.queueId === queueId && !isOver(state.status.category);
          const sums = hours.filter((hour) => hour.queueId === queueId && hour.hour < end).reduce((sum, { netFlow, waitingChange }) => ({ net: sum.net + netFlow, waiting: sum.waiting + waitingChange }), { net: 0, waiting: 0 });
          if (sums.net !== (isThere ? 1 : 0) || sums.waiting !== (isThere && isWaiting ? 1 : 0)) return false;
        }
      }
      return true;
    }), { seed: 7, numRuns: 1000 });
  });
});
