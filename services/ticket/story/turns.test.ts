import { describe, expect, it } from 'vitest';
import { assigned, created, customer, minutes, note, reply, status, time, told } from '../testing/tell.ts';

const turns = (story: ReturnType<typeof told>): unknown[] => story.turns.map(({ agentId, replies }) => [agentId, replies]);

describe('a reply turn', () => {
  it('is a run of replies by one agent', () => {
    const story = told(created('10:00'), assigned('10:01', 'max', 'billing'), reply('10:02', 'lea'), reply('10:03', 'lea'));
    expect(story.turns).toMatchObject([{ no: 1, agentId: 'lea', repliedAt: time('10:02'), lastReplyAt: time('10:03'), replies: 2, assigneeAtReply: 'max', queueId: 'billing', isFirstResponse: true }]);
  });

  it('ends when the side or the agent changes', () => {
    expect(turns(told(created('10:00'), reply('10:01', 'lea'), customer('10:02'), reply('10:03', 'lea'), reply('10:04', 'max')))).toEqual([['lea', 1], ['lea', 1], ['max', 1]]);
  });

  it('is not split by a note, an automated message, a solve, or a copy of the initial message', () => {
    const between = [note('10:02', 'max'), reply('10:03', 'max', { isAutomated: true }), status('10:04', 'resolved'), customer('10:05', { messageId: 'm0' })];
    expect(turns(told(created('10:00'), reply('10:01', 'lea'), ...between, reply('10:09', 'lea')))).toEqual([['lea', 2]]);
  });

  it('of agents without id is one agent\'s', () => {
    expect(turns(told(created('10:00'), reply('10:01', ''), reply('10:02', '')))).toEqual([['', 2]]);
  });

  it('carries the clocks of the wait that one of its replies ended, the later one\'s when the first came before the creation', () => {
    const story = told(customer('09:50'), reply('09:55', 'lea'), created('10:00', { hasMessage: false }), reply('10:02', 'lea'));
    expect(story.turns).toMatchObject([{ repliedAt: time('09:55'), replies: 2, waitNo: 1, waitingSince: time('09:50'), answeredAt: time('10:02'), businessMs: minutes(12), ownBusinessMs: minutes(12), isFirstResponse: true }]);
  });

  it('carries none, when nobody waited', () => {
    expect(told(created('10:00', { hasMessage: false }), reply('10:01', 'lea')).turns).toMatchObject([{ waitNo: null, waitingSince: null, answeredAt: null, isFirstResponse: false }]);
  });
});
