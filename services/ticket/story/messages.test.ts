import { describe, expect, it } from 'vitest';
import { assigned, created, customer, minutes, note, reply, status, time, told } from '../testing/tell.ts';

describe('the first response', () => {
  it('runs from the creation to the first agent reply, by any agent', () => {
    const story = told(created('10:00'), assigned('10:01', 'max', 'billing'), reply('10:05', 'lea'), reply('10:06', 'max'));
    expect(story.responseDueFrom).toBe(time('10:00'));
    expect(story.firstResponse).toMatchObject({ at: time('10:05'), agentId: 'lea', assigneeId: 'max', queueId: 'billing', businessMs: minutes(5), isInBusinessHours: true });
  });

  it('is credited to the replier, when the ticket was reassigned before it', () => {
    const story = told(created('10:00'), assigned('10:01', 'max'), assigned('10:02', 'lea'), reply('10:05', 'lea'));
    expect(story.firstResponse?.agentId).toBe('lea');
    expect(story.stations.map(({ agentId, isBounced }) => [agentId, isBounced])).toEqual([['', false], ['max', true], ['lea', false]]);
  });

  it('runs from the first customer message, when none came at or before the creation', () => {
    const story = told(created('10:00', { hasMessage: false }), customer('10:10'), reply('10:12', 'lea'));
    expect(story.responseDueFrom).toBe(time('10:10'));
    expect(story.firstResponse?.businessMs).toBe(minutes(2));
  });

  it('runs from the creation, when a customer message came before it', () => {
    expect(told(customer('09:50'), created('10:00', { hasMessage: false }), reply('10:02', 'lea')).responseDueFrom).toBe(time('10:00'));
  });

  it('is not that of an agent who writes first: it answers nothing', () => {
    const story = told(created('10:00', { hasMessage: false }), reply('10:05', 'lea'), customer('10:10'), reply('10:12', 'max'));
    expect(story.firstResponse).toMatchObject({ at: time('10:12'), agentId: 'max' });
  });

  it('is none without a customer message', () => {
    const story = told(created('10:00', { hasMessage: false }), reply('10:05', 'lea'));
    expect([story.responseDueFrom, story.firstResponse]).toEqual([null, null]);
  });

  it('is not a reply before the creation; it stays NULL until a later one', () => {
    const early = [customer('09:58'), reply('09:59', 'lea'), created('10:00')];
    expect(told(...early).firstResponse).toBeNull();
    expect(told(...early, reply('10:01', 'max')).firstResponse?.at).toBe(time('10:01'));
  });

  it('is unchanged by a reopen', () => {
    const story = told(created('10:00'), reply('10:05', 'lea'), status('10:06', 'resolved'), customer('10:10'), status('10:11', 'open'), reply('10:20', 'max'));
    expect(story.firstResponse?.at).toBe(time('10:05'));
  });

  it('comes after the reopen, when the ticket was solved without a reply', () => {
    const story = told(created('10:00'), status('10:01', 'resolved'), status('10:05', 'open'), reply('10:06', 'lea'));
    expect(story.firstResponse?.businessMs).toBe(minutes(6));
  });

  it('is neither a note nor an automated message', () => {
    expect(told(created('10:00'), note('10:01', 'lea'), reply('10:02', 'lea', { isAutomated: true })).firstResponse).toBeNull();
  });
});

it('messages are counted by kind: the initial one, private notes by anybody, public replies by human agents', () => {
  const story = told(created('10:00'), customer('10:01'), customer('10:02', { isPrivate: true }), note('10:03', 'lea'), reply('10:04', 'lea'), reply('10:05', 'bot', { actorType: 'bot' }));
  expect([story.customerMessages, story.privateNotes, story.agentReplies]).toEqual([2, 2, 1]);
});

describe('a ticket whose creation never came', () => {
  it('is provisional: created_at is its first event, everything else is told as usual', () => {
    const story = told(customer('10:00'), reply('10:03', 'lea'));
    expect(story).toMatchObject({ isProvisional: true, creation: null, createdAt: time('10:00'), responseDueFrom: time('10:00') });
    expect(story.firstResponse?.businessMs).toBe(minutes(3));
  });

  it('is corrected when it comes', () => {
    const story = told(customer('10:00'), created('09:00'), reply('10:03', 'lea'));
    expect(story).toMatchObject({ isProvisional: false, createdAt: time('09:00') });
  });
});
