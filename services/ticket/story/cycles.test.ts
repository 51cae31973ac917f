import { describe, expect, it } from 'vitest';
import { assigned, created, customer, minutes, reply, status, time, told } from '../testing/tell.ts';

describe('a solve', () => {
  it('is entering solved or closed; solved → closed is none', () => {
    const story = told(created('10:00'), status('10:10', 'resolved'), status('10:20', 'closed'));
    expect(story.resolutions.map(({ solvedAt }) => solvedAt)).toEqual([time('10:10')]);
    expect(story.closedAt).toBe(time('10:20'));
  });

  it('is credited to who solved, not to the assignee, also after an unassignment', () => {
    const story = told(created('10:00'), assigned('10:01', 'max', 'billing'), assigned('10:02', ''), status('10:10', 'resolved', { actorId: 'lea' }));
    expect(story.resolutions).toMatchObject([{ no: 1, solvedByType: 'agent', solvedById: 'lea', assigneeId: '', queueId: 'billing' }]);
  });

  it('by an automation rule keeps that it was one', () => {
    expect(told(created('10:00'), status('10:10', 'resolved', { actorType: 'automation_rule', actorId: 'r1' })).resolutions).toMatchObject([{ solvedByType: 'automation_rule', solvedById: 'r1' }]);
  });

  it('is none of a ticket created with a finished status, which has a reopen though', () => {
    const story = told(created('10:00', { newStatus: 'closed' }), status('10:10', 'open'), status('10:15', 'resolved'));
    expect(story).toMatchObject({ reopens: 1, cycleEnd: 'solved' });
    expect(story.resolutions).toMatchObject([{ no: 1, cycleStartedAt: time('10:10'), reopenedAt: null }]);
  });
});

describe('a cycle', () => {
  it('runs from the creation to the first solve, and from a reopen to the next', () => {
    const story = told(created('10:00'), status('10:10', 'resolved'), status('11:00', 'open'), status('11:05', 'closed'));
    expect(story.resolutions).toMatchObject([
      { cycleStartedAt: time('10:00'), cycleBusinessMs: minutes(10), sinceCreatedBusinessMs: minutes(10), reopenedAt: time('11:00') },
      { cycleStartedAt: time('11:00'), cycleBusinessMs: minutes(5), sinceCreatedBusinessMs: minutes(65), reopenedAt: null }]);
    expect(story).toMatchObject({ reopens: 1, cycleEnd: 'solved', closedAt: time('11:05') });
  });

  it('has its own pending time', () => {
    const pending = [status('10:01', 'pending'), status('10:04', 'open'), status('10:10', 'resolved'), status('10:20', 'pending'), status('10:25', 'resolved')];
    expect(told(created('10:00'), ...pending).resolutions.map(({ pendingMs }) => pendingMs)).toEqual([minutes(3), minutes(5)]);
  });

  it('that a solve before a late creation ended clamps to 0, pending time before it too', () => {
    const story = told(customer('09:00'), status('09:01', 'pending'), status('09:30', 'resolved'), created('10:00'));
    expect(story.resolutions).toMatchObject([{ solvedAt: time('09:30'), cycleStartedAt: time('10:00'), cycleBusinessMs: 0, sinceCreatedBusinessMs: 0, pendingMs: 0 }]);
  });

  it('has not ended while it runs: the ticket is neither resolved nor closed', () => {
    expect(told(created('10:00'), status('10:10', 'closed'), status('10:20', 'open'))).toMatchObject({ cycleEnd: '', closedAt: null });
  });
});

describe('a discarded ticket', () => {
  it('is over without a solve or a resolution', () => {
    expect(told(created('10:00'), status('10:05', 'spam'))).toMatchObject({ resolutions: [], reopens: 0, cycleEnd: 'discarded', status: { category: 'discarded' } });
  });

  it('that comes back is restored and not reopened: its cycle goes on from its old start', () => {
    const story = told(created('10:00'), status('10:01', 'pending'), status('10:03', 'spam'), status('10:30', 'pending'), status('10:32', 'resolved'));
    expect(story.reopens).toBe(0);
    // The span includes the time discarded, the sum doesn't.
    expect(story.resolutions).toMatchObject([{ cycleStartedAt: time('10:00'), cycleBusinessMs: minutes(32), pendingMs: minutes(4) }]);
  });

  it('that had been solved is reopened when it comes back, for its cycle had ended by a solve', () => {
    const story = told(created('10:00'), status('10:05', 'resolved'), status('10:10', 'merged'), status('10:20', 'open'));
    expect(story).toMatchObject({ reopens: 1, cycleEnd: '' });
    expect(story.resolutions).toMatchObject([{ reopenedAt: time('10:20') }]);
  });

  it('goes by how its cycle ended: solved → discarded stays solved, discarded → solved is no solve', () => {
    expect(told(created('10:00'), status('10:05', 'resolved'), status('10:10', 'merged')).cycleEnd).toBe('solved');
    expect(told(created('10:00'), status('10:05', 'spam'), status('10:10', 'resolved'))).toMatchObject({ cycleEnd: 'discarded', resolutions: [] });
    expect(told(created('10:00'), status('10:05', 'spam'), status('10:10', 'resolved'), status('10:20', 'open')).reopens).toBe(0);
  });

  it('is censored in survival where its cycle was discarded, and at risk again when it comes back', () => {
    expect(told(created('10:00'), status('10:05', 'spam'), status('10:10', 'closed')).discardedAt).toBe(time('10:05'));
    expect(told(created('10:00'), status('10:05', 'spam'), status('10:10', 'open')).discardedAt).toBeNull();
    expect(told(created('10:00'), status('10:05', 'resolved'), status('10:10', 'spam')).discardedAt).toBeNull();
  });

  it('closed is when it was first closed since it was last not over', () => {
    expect(told(created('10:00'), status('10:05', 'closed'), status('10:06', 'open'), status('10:07', 'spam')).closedAt).toBeNull();
    expect(told(created('10:00'), status('10:05', 'spam'), status('10:06', 'closed'), status('10:07', 'merged'), status('10:08', 'closed')).closedAt).toBe(time('10:06'));
    expect(told(created('10:00'), status('10:05', 'closed'), status('10:06', 'open')).closedAt).toBeNull();
  });

  it('created as one is restored when it comes back; it was never at risk before', () => {
    expect(told(created('10:00', { newStatus: 'spam' }), status('10:05', 'closed'))).toMatchObject({ cycleEnd: 'discarded', discardedAt: null });
    expect(told(created('10:00', { newStatus: 'spam' }), status('10:10', 'open'), status('10:12', 'resolved'))).toMatchObject({ reopens: 0, resolutions: [{ cycleStartedAt: time('10:00') }] });
  });
});

describe('one touch and no touch', () => {
  const touches = (...events: Parameters<typeof told>): unknown[] => { const { isOneTouch, isNoTouch } = told(created('10:00'), ...events); return [isOneTouch, isNoTouch]; };

  it('are solved with exactly one reply turn and no reopen, and solved without a reply', () => {
    expect(touches(reply('10:01', 'lea'), reply('10:02', 'lea'), status('10:05', 'resolved'))).toEqual([true, false]);
    expect(touches(status('10:05', 'resolved'))).toEqual([false, true]);
    expect(touches(reply('10:01', 'lea'), reply('10:02', 'max'), status('10:05', 'resolved'))).toEqual([false, false]);
    expect(touches(reply('10:01', 'lea'), status('10:05', 'resolved'), status('10:06', 'open'), status('10:07', 'resolved'))).toEqual([false, false]);
  });

  it('are NULL while unsolved, and go by how the present cycle ended', () => {
    expect(touches(reply('10:01', 'lea'))).toEqual([null, null]);
    expect(touches(status('10:05', 'resolved'), status('10:06', 'open'))).toEqual([null, null]);
    expect(touches(status('10:05', 'resolved'), status('10:06', 'spam'))).toEqual([false, true]);
    expect(touches(status('10:05', 'spam'), status('10:06', 'resolved'))).toEqual([null, null]);
  });
});

describe('the full resolution', () => {
  const solvedAt = (...events: Parameters<typeof told>): unknown => told(created('10:00'), ...events).fullResolution?.solvedAt ?? null;

  it('is the last solve, NULL while reopened', () => {
    expect(solvedAt(status('10:05', 'resolved'), status('10:06', 'open'), status('10:07', 'resolved'))).toBe(time('10:07'));
    expect(solvedAt(status('10:05', 'resolved'), status('10:06', 'open'))).toBeNull();
  });

  it('is kept by solved → discarded and NULL by discarded → solved', () => {
    expect(solvedAt(status('10:05', 'resolved'), status('10:06', 'spam'))).toBe(time('10:05'));
    expect(solvedAt(status('10:05', 'resolved'), status('10:06', 'open'), status('10:07', 'spam'), status('10:08', 'resolved'))).toBeNull();
  });
});

it('a reply after the solve reopens nothing', () => {
  expect(told(created('10:00'), status('10:01', 'resolved'), customer('10:02'), reply('10:03', 'lea')).reopens).toBe(0);
});
