import { describe, expect, it } from 'vitest';
import { END_OF_TIME } from '../desk/business-clock.ts';
import { aPolicy, berlinOffice } from '../testing/histories.ts';
import { assigned, created, customer, minutes, note, reply, status, time, timersUnder, type Telling } from '../testing/tell.ts';
import type { Metric, Policy } from './policies.ts';
import type { Timer } from './timers.ts';

const NO_TARGETS = { ...aPolicy, targetSeconds: {}, pauseStatuses: [] };
/** A policy with one target in minutes. */
const promise = (metric: Metric, target: number, more: Partial<Policy> = {}): Policy => ({ ...NO_TARGETS, policyId: metric, targetSeconds: { [metric]: target * 60 }, ...more });

const under = (policies: readonly Policy[], ...tellings: Telling[]): readonly Timer[] => timersUnder({ policies: { '': policies } }, ...tellings);
const firstResponse = (...tellings: Telling[]): readonly Timer[] => under([promise('first_response', 10)], ...tellings);
const nextResponse = (...tellings: Telling[]): readonly Timer[] => under([promise('next_response', 10)], ...tellings);
const resolution = (...tellings: Telling[]): readonly Timer[] => under([promise('resolution', 60, { pauseStatuses: ['pending'] })], ...tellings);

describe('a first-response timer', () => {
  it('runs from the creation and is met by a reply at or before its due time', () => {
    expect(firstResponse(created('10:00'), reply('10:10', 'lea'))).toMatchObject([{
      metric: 'first_response', instance: 1, startedAt: time('10:00'), takenOverAt: time('10:00'), dueAt: time('10:10'), stoppedAt: time('10:10'),
      fulfilledAt: time('10:10'), outcome: 'met', judgedAt: time('10:10'), remainingMs: null, pausedMs: 0, pausedSince: null }]);
  });

  it('is breached by a later reply, which fulfils it all the same', () => {
    expect(firstResponse(created('10:00'), reply('10:11', 'lea'))).toMatchObject([{ outcome: 'breached', fulfilledAt: time('10:11'), judgedAt: time('10:10'), breachMs: minutes(1) }]);
  });

  it('is active while it is open, whether its due time has passed or not', () => {
    expect(firstResponse(created('10:00'))).toMatchObject([{ outcome: 'active', dueAt: time('10:10'), stoppedAt: null, fulfilledAt: null, judgedAt: time('10:10'), breachMs: null }]);
  });

  it('is cancelled by a solve without a reply, or breached if it was due before', () => {
    expect(firstResponse(created('10:00'), status('10:10', 'resolved'))).toMatchObject([{ outcome: 'cancelled', stoppedAt: time('10:10'), fulfilledAt: null, judgedAt: null, agentIdWhenJudged: '' }]);
    expect(firstResponse(created('10:00'), status('10:10:01', 'resolved'))).toMatchObject([{ outcome: 'breached', stoppedAt: time('10:10:01'), fulfilledAt: null }]);
  });

  it('is cancelled by a discard, or breached if it was due before', () => {
    expect(firstResponse(created('10:00'), status('10:05', 'spam'))).toMatchObject([{ outcome: 'cancelled', stoppedAt: time('10:05') }]);
    expect(firstResponse(created('10:00'), status('10:11', 'spam'))).toMatchObject([{ outcome: 'breached' }]);
  });

  it('runs from the first customer message, when none came with the creation', () => {
    expect(firstResponse(created('10:00', { hasMessage: false }), customer('10:30'))).toMatchObject([{ startedAt: time('10:30'), dueAt: time('10:40') }]);
  });

  it('is none without a customer message', () => {
    expect(firstResponse(created('10:00', { hasMessage: false }), reply('10:01', 'lea'))).toEqual([]);
  });

  it('runs from a late creation, and is none when the wait was over before it', () => {
    expect(firstResponse(customer('09:50'), created('10:00'))).toMatchObject([{ startedAt: time('10:00') }]);
    expect(firstResponse(customer('09:50'), status('09:55', 'resolved'), created('10:00', { hasMessage: false }))).toEqual([]);
  });

  it('is not paused: the pause list pauses resolution timers only', () => {
    const paused = under([promise('first_response', 10, { pauseStatuses: ['pending'] })], created('10:00'), status('10:01', 'pending'), reply('10:20', 'lea'));
    expect(paused).toMatchObject([{ outcome: 'breached', dueAt: time('10:10'), pausedMs: 0 }]);
  });
});

describe('a next-response timer', () => {
  it('runs for each later wait', () => {
    expect(nextResponse(created('10:00'), reply('10:01', 'lea'), customer('10:02'), reply('10:05', 'lea'), customer('10:06'))).toMatchObject([
      { instance: 1, startedAt: time('10:02'), outcome: 'met' }, { instance: 2, startedAt: time('10:06'), outcome: 'active' }]);
  });

  const solved = [created('10:00'), reply('10:01', 'lea'), status('10:02', 'resolved'), customer('10:30')];

  it('of a wait that begins while the ticket is solved starts at the reopen', () => {
    expect(nextResponse(...solved, status('10:40', 'open'), reply('10:45', 'lea'))).toMatchObject([{ startedAt: time('10:40'), dueAt: time('10:50'), outcome: 'met' }]);
  });

  it('is none, when the ticket never reopens or the reply comes before the reopen', () => {
    expect(nextResponse(...solved)).toEqual([]);
    expect(nextResponse(...solved, reply('10:35', 'lea'), status('10:40', 'open'))).toEqual([]);
    expect(nextResponse(...solved, reply('10:40', 'lea'), status('10:40', 'open'))).toEqual([]);
  });

  it('of a message to a discarded ticket starts at the restore', () => {
    expect(nextResponse(created('10:00'), reply('10:01', 'lea'), status('10:02', 'spam'), customer('10:30'), status('10:40', 'open'))).toMatchObject([{ startedAt: time('10:40') }]);
  });

  it('of a message in the instant of a solve has length 0 and is cancelled', () => {
    expect(nextResponse(created('10:00'), reply('10:01', 'lea'), customer('10:05'), status('10:05', 'resolved'))).toMatchObject([{ startedAt: time('10:05'), stoppedAt: time('10:05'), outcome: 'cancelled' }]);
  });
});

describe('a resolution timer', () => {
  it('runs from the creation to the solve', () => {
    expect(resolution(created('10:00'), status('10:50', 'closed'))).toMatchObject([{ startedAt: time('10:00'), dueAt: time('11:00'), fulfilledAt: time('10:50'), outcome: 'met' }]);
    expect(resolution(created('10:00'), status('11:00:01', 'closed'))).toMatchObject([{ outcome: 'breached', judgedAt: time('11:00') }]);
  });

  it('starts anew with the whole target at each reopen and each restore', () => {
    const timers = resolution(created('10:00'), status('10:10', 'resolved'), status('12:00', 'open'), status('12:10', 'spam'), status('13:00', 'open'));
    expect(timers).toMatchObject([
      { instance: 1, startedAt: time('10:00'), outcome: 'met' },
      { instance: 2, startedAt: time('12:00'), dueAt: time('13:00'), outcome: 'cancelled', stoppedAt: time('12:10') },
      { instance: 3, startedAt: time('13:00'), dueAt: time('14:00'), outcome: 'active' }]);
  });

  it('is none of a ticket created finished until it comes back', () => {
    expect(resolution(created('10:00', { newStatus: 'closed' }))).toEqual([]);
    expect(resolution(created('10:00', { newStatus: 'spam' }), status('11:00', 'open'))).toMatchObject([{ startedAt: time('11:00') }]);
  });

  it('is none of what was over before a late creation', () => {
    expect(resolution(customer('09:00'), status('09:30', 'resolved'), created('10:00'))).toEqual([]);
    expect(resolution(customer('09:00'), created('10:00'))).toMatchObject([{ startedAt: time('10:00') }]);
    // A cycle that began with a reopen before it has its own start.
    expect(resolution(customer('09:00'), status('09:10', 'resolved'), status('09:20', 'open'), status('09:30', 'resolved'), created('10:00'))).toMatchObject([{ startedAt: time('09:20'), outcome: 'met' }]);
  });
});

describe('a pause', () => {
  it('moves the due time by its length', () => {
    expect(resolution(created('10:00'), status('10:10', 'pending'), status('10:40', 'open'))).toMatchObject([{ dueAt: time('11:30'), pausedMs: minutes(30), remainingMs: null }]);
  });

  it('leaves due_at NULL while it lasts, with what remains and since when', () => {
    expect(resolution(created('10:00'), status('10:10', 'pending'))).toMatchObject([{ dueAt: null, remainingMs: minutes(50), pausedMs: 0, pausedSince: time('10:10'), judgedAt: null, outcome: 'active' }]);
  });

  it('counts no longer once the timer is due', () => {
    expect(resolution(created('10:00'), status('11:10', 'pending'), status('11:20', 'open'))).toMatchObject([{ dueAt: time('11:00'), pausedMs: 0 }]);
    expect(resolution(created('10:00'), status('11:10', 'pending'))).toMatchObject([{ dueAt: time('11:00'), pausedSince: null }]);
  });

  it('that begins in the instant in which the target is used up stops the timer with 0 left', () => {
    expect(resolution(created('10:00'), status('11:00', 'pending'))).toMatchObject([{ dueAt: null, remainingMs: 0, outcome: 'active' }]);
    expect(resolution(created('10:00'), status('11:00', 'pending'), status('12:00', 'open'))).toMatchObject([{ dueAt: time('12:00'), pausedMs: minutes(60) }]);
  });

  it('that begins later than the calendar closed on the used-up target comes too late', () => {
    const policy = promise('resolution', 60, { pauseStatuses: ['pending'], calendarId: 'office' });
    const friday = 25 * 24;
    const told = [created(`${friday + 16}:00`), status(`${friday + 20}:00`, 'pending')];
    expect(timersUnder({ calendars: { office: berlinOffice }, policies: { '': [policy] } }, ...told)).toMatchObject([{ dueAt: time(`${friday + 17}:00`), remainingMs: null }]);
  });

  it('out of which the ticket is solved ends with the solve for due_at', () => {
    expect(resolution(created('10:00'), status('10:10', 'pending'), status('12:00', 'resolved'))).toMatchObject([{ dueAt: time('12:50'), outcome: 'met', pausedMs: minutes(110), fulfilledAt: time('12:00') }]);
  });

  it('out of which it is discarded keeps due_at NULL and what remained', () => {
    expect(resolution(created('10:00'), status('10:10', 'pending'), status('12:00', 'spam'))).toMatchObject([{ dueAt: null, remainingMs: minutes(50), outcome: 'cancelled', pausedMs: minutes(110), pausedSince: null }]);
  });
});

describe('the policy', () => {
  const slow = promise('resolution', 60, { policyId: 'slow' });
  const billing = promise('resolution', 30, { policyId: 'billing', queueIds: ['billing'] });
  const names = (timers: readonly Timer[]): unknown[] => timers.map(({ policyId, outcome, startedAt, takenOverAt, dueAt }) => [policyId, outcome, startedAt, takenOverAt, dueAt]);

  it('is the first that matches in configured order and has a target for the metric', () => {
    expect(under([promise('first_response', 5), slow, { ...slow, policyId: 'later' }], created('10:00', { hasMessage: false })).map(({ policyId }) => policyId)).toEqual(['slow']);
  });

  it('is the version in force at the original start', () => {
    const versions = [{ ...slow, inForceTo: time('10:00') }, { ...slow, version: 2, inForceFrom: time('10:00'), targetSeconds: { resolution: 600 } }];
    expect(under(versions, created('10:00', { hasMessage: false }))).toMatchObject([{ policyVersion: 2, dueAt: time('10:10') }]);
    expect(under(versions, created('09:59', { hasMessage: false }))).toMatchObject([{ policyVersion: 1, dueAt: time('10:59') }]);
  });

  it('by queue takes over from the original start, once the queue is known; the timer before is cancelled', () => {
    expect(names(under([billing, slow], created('10:00'), assigned('10:10', '', 'billing')))).toEqual([
      ['slow', 'cancelled', time('10:00'), time('10:00'), time('11:00')],
      ['billing', 'active', time('10:00'), time('10:10'), time('10:30')]]);
  });

  it('by queue rules from the start, when the assignment shares its instant', () => {
    expect(names(under([billing, slow], created('10:00'), assigned('10:00', '', 'billing')))).toEqual([['billing', 'active', time('10:00'), time('10:00'), time('10:30')]]);
  });

  it('that changes after a timer was due leaves it alone', () => {
    expect(names(under([billing, slow], created('10:00'), assigned('11:00:01', '', 'billing'), status('12:00', 'resolved')))).toEqual([['slow', 'breached', time('10:00'), time('10:00'), time('11:00')]]);
  });

  it('that changes in the very instant of due_at cancels', () => {
    expect(names(under([billing, slow], created('10:00'), assigned('11:00', '', 'billing'))).map((row) => (row as unknown[]).slice(0, 2))).toEqual([['slow', 'cancelled'], ['billing', 'active']]);
  });

  it('that takes over after its own due time is breached at the take-over, with the holder and queue of that instant', () => {
    const timers = under([billing, slow], created('10:00'), assigned('10:20', 'max'), assigned('10:45', 'lea', 'billing'), status('10:50', 'resolved'));
    expect(timers[1]).toMatchObject({ policyId: 'billing', dueAt: time('10:30'), judgedAt: time('10:45'), outcome: 'breached', agentIdWhenJudged: 'lea', queueIdWhenJudged: 'billing' });
  });

  it('that changes in the instant of a solve takes over before it, in the instant of a reply comes too late', () => {
    expect(under([billing, slow], created('10:00'), status('10:10', 'resolved'), assigned('10:10', '', 'billing')).map(({ policyId, outcome }) => [policyId, outcome])).toEqual([['slow', 'cancelled'], ['billing', 'met']]);
    const response = [promise('first_response', 10, { queueIds: ['billing'] }), promise('first_response', 20, { policyId: 'slow' })];
    expect(under(response, created('10:00'), assigned('10:05', '', 'billing'), reply('10:05', 'lea')).map(({ policyId, outcome }) => [policyId, outcome])).toEqual([['slow', 'met']]);
  });

  it('that matches nothing leaves no timer, and one that comes back is a new instance from the original start', () => {
    const timers = under([billing], created('10:00'), assigned('10:05', '', 'billing'), assigned('10:10', '', 'tech'), assigned('10:15', '', 'billing'));
    expect(timers.map(({ instance, takenOverAt, outcome, dueAt }) => [instance, takenOverAt, outcome, dueAt])).toEqual([
      [1, time('10:05'), 'cancelled', time('10:30')], [2, time('10:15'), 'active', time('10:30')]]);
  });

  it('that loses the ticket for no time at all keeps its timer: the state after an instant rules at that instant', () => {
    const back = [assigned('10:10', '', 'tech', { eventId: 'a' }), assigned('10:10', '', 'billing', { eventId: 'b' })];
    expect(under([billing, slow], created('10:00'), assigned('10:00', '', 'billing'), ...back)).toHaveLength(1);
  });

  it('that loses the ticket in the very instant in which a pause ends keeps its due time', () => {
    const paused = { ...slow, pauseStatuses: ['pending'] };
    expect(under([billing, paused], created('10:00'), status('10:10', 'pending'), assigned('10:30', '', 'billing'), status('10:30', 'open'))[0]).toMatchObject({ outcome: 'cancelled', dueAt: time('11:20'), remainingMs: null });
    expect(under([billing, paused], created('10:00'), status('10:10', 'pending'), assigned('10:30', '', 'billing'))[0]).toMatchObject({ outcome: 'cancelled', dueAt: null, remainingMs: minutes(50) });
  });

  it('that loses the ticket in the instant in which a pause begins keeps its due time, too', () => {
    const paused = { ...slow, pauseStatuses: ['pending'] };
    expect(under([billing, paused], created('10:00'), assigned('10:30', '', 'billing'), status('10:30', 'pending'))[0]).toMatchObject({ outcome: 'cancelled', dueAt: time('11:00'), remainingMs: null });
  });

  it('that loses the ticket out of a pause in the instant of a solve or a discard loses it before that: due_at is NULL', () => {
    const paused = { ...slow, pauseStatuses: ['pending'] };
    for (const end of ['resolved', 'spam']) {
      expect(under([billing, paused], created('10:00'), status('10:10', 'pending'), assigned('10:30', '', 'billing'), status('10:30', end))[0]).toMatchObject({ policyId: 'slow', outcome: 'cancelled', dueAt: null, remainingMs: minutes(50) });
    }
  });

  it('of a reopened cycle is looked for from the reopen', () => {
    const versions = [{ ...slow, inForceTo: time('11:00') }, { ...slow, version: 2, inForceFrom: time('11:00') }];
    expect(under(versions, created('10:00'), status('10:10', 'resolved'), status('11:10', 'open')).map(({ policyVersion }) => policyVersion)).toEqual([1, 2]);
  });
});

describe('who held it', () => {
  it('when it was due is the assignee then, an assignment in that very instant included', () => {
    const timers = firstResponse(created('10:00'), assigned('10:01', 'max', 'tech'), assigned('10:10', 'lea', 'billing'), reply('10:20', 'ida'));
    expect(timers).toMatchObject([{ outcome: 'breached', agentIdWhenJudged: 'lea', queueIdWhenJudged: 'billing' }]);
  });

  it('is nobody for a cancelled timer; the queue where it stopped is kept', () => {
    expect(firstResponse(created('10:00'), assigned('10:01', 'max', 'tech'), status('10:05', 'resolved'), assigned('10:07', 'lea', 'billing'))).toMatchObject([{ judgedAt: null, agentIdWhenJudged: '', queueIdWhenJudged: '', queueIdAtStop: 'tech' }]);
  });

  it('while it runs is in the present queue', () => {
    expect(resolution(created('10:00'), assigned('10:01', 'max', 'tech'))).toMatchObject([{ queueIdAtStop: 'tech' }]);
  });
});

describe('the calendar of a policy', () => {
  it('counts its own open hours only', () => {
    const friday = 25 * 24;
    const config = { calendars: { office: berlinOffice }, policies: { '': [promise('resolution', 120, { calendarId: 'office' })] } };
    // Friday 17:00 in Berlin and two business hours: Monday 10:00 in summer time.
    expect(timersUnder(config, created(`${friday + 16}:00`))).toMatchObject([{ dueAt: Date.parse('2026-03-30T10:00:00+02:00'), calendarId: 'office' }]);
  });

  it('counts a breach in its own open hours, too', () => {
    const friday = 25 * 24;
    const config = { calendars: { office: berlinOffice }, policies: { '': [promise('first_response', 30, { calendarId: 'office' })] } };
    // Due on Friday at 17:30 in Berlin, answered on Monday at 10:00: half an hour on Friday and one on Monday.
    expect(timersUnder(config, created(`${friday + 16}:00`), reply(`${friday + 72 + 8}:00`, 'lea'))).toMatchObject([{ outcome: 'breached', breachMs: minutes(90) }]);
  });

  it('that never opens again leaves the timer due at the end of time', () => {
    expect(under([promise('resolution', 60, { calendarId: 'nowhere' })], created('10:00'), note('12:00', 'lea'))).toMatchObject([{ dueAt: END_OF_TIME, outcome: 'active' }]);
  });
});

it('timers stand in order of metric and instance', () => {
  const all = under([{ ...aPolicy, pauseStatuses: [] }], created('10:00'), reply('10:01', 'lea'), customer('10:02'), status('10:03', 'resolved'), status('10:04', 'open'), customer('10:05'));
  expect(all.map(({ metric, instance }) => `${metric} ${instance}`)).toEqual(['first_response 1', 'next_response 1', 'next_response 2', 'resolution 1', 'resolution 2']);
});

it('of a policy without calendar is 24×7', () => {
  expect(resolution(created('26:00'))).toMatchObject([{ dueAt: time('27:00'), calendarId: '' }]);
});
