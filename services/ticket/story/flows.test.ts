import { describe, expect, it } from 'vitest';
import { assigned, created, customer, status, time, told } from '../testing/tell.ts';

const flows = (story: ReturnType<typeof told>): string[] => story.flows.map(({ kind, queueId }) => `${kind}@${queueId}`);

describe('flows', () => {
  it('begin with created in the empty queue; the first assignment is a move into its queue', () => {
    expect(flows(told(created('10:00'), assigned('10:01', 'lea', 'billing'), assigned('10:02', 'max', 'tech')))).toEqual(
      ['created@', 'moved_out@', 'moved_in@billing', 'moved_out@billing', 'moved_in@tech']);
  });

  it('tell solves and reopens in the queue where they happened', () => {
    expect(flows(told(created('10:00'), assigned('10:01', '', 'billing'), status('10:02', 'resolved'), status('10:03', 'closed'), status('10:04', 'open'))).slice(3)).toEqual(
      ['solved@billing', 'reopened@billing']);
  });

  it('don\'t count moves of tickets that are over; a reopen enters the queue that it comes back to', () => {
    expect(flows(told(created('10:00'), status('10:01', 'resolved'), assigned('10:02', '', 'billing'), status('10:03', 'open')))).toEqual(['created@', 'solved@', 'reopened@billing']);
  });

  it('tell discarded and restored, and nothing between two over categories', () => {
    expect(flows(told(created('10:00'), status('10:01', 'spam'), status('10:02', 'closed'), status('10:03', 'open')))).toEqual(['created@', 'discarded@', 'restored@']);
    expect(flows(told(created('10:00'), status('10:01', 'closed'), status('10:02', 'spam'), status('10:03', 'open')))).toEqual(['created@', 'solved@', 'reopened@']);
  });

  it('of a ticket created finished begin with its reopen, of one created as discarded with its restore', () => {
    expect(flows(told(created('10:00', { newStatus: 'closed' }), status('10:01', 'open')))).toEqual(['reopened@']);
    expect(flows(told(created('10:00', { newStatus: 'spam' }), status('10:01', 'open')))).toEqual(['restored@']);
  });

  it('count created at the first event, when the creation comes late', () => {
    expect(told(customer('09:50'), created('10:00')).flows).toEqual([{ at: time('09:50'), queueId: '', kind: 'created' }]);
  });
});
