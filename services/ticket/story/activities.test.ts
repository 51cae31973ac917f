import { describe, expect, it } from 'vitest';
import { assigned, created, customer, escalated, note, reply, status, told } from '../testing/tell.ts';

describe('activities', () => {
  it('tell what happened, step by step', () => {
    const story = told(
      created('10:00'), customer('10:01'), assigned('10:02', 'lea', 'billing'), reply('10:03', 'lea'), note('10:04', 'lea'), reply('10:05', 'lea', { isAutomated: true }),
      status('10:06', 'pending'), escalated('10:07'), assigned('10:08', ''), status('10:09', 'resolved'), status('10:10', 'closed'), status('10:11', 'open'), status('10:12', 'spam'), status('10:13', 'open'));
    expect(story.activities.map(({ activity }) => activity)).toEqual([
      'created', 'customer_message', 'assigned', 'agent_reply', 'private_note', 'automated_message',
      'status_pending', 'escalated', 'unassigned', 'solved', 'status_closed', 'reopened', 'discarded', 'restored']);
  });

  it('leave out a copy of the initial message and a second creation', () => {
    expect(told(created('10:00'), customer('10:01', { messageId: 'm0' }), created('10:02')).activities).toHaveLength(1);
  });

  it('count an automated message for no agent', () => {
    expect(told(created('10:00'), reply('10:01', 'lea', { isAutomated: true })).activities[1]).toMatchObject({ actorType: 'agent', actorId: '' });
    expect(told(created('10:00'), reply('10:01', 'helper', { actorType: 'bot' })).activities[1]).toMatchObject({ activity: 'automated_message', actorType: 'bot', actorId: '' });
    expect(told(created('10:00'), reply('10:01', 'lea')).activities[1]).toMatchObject({ actorId: 'lea' });
  });
});

describe('actions', () => {
  it('are replies, notes, status changes and assignments by human agents, in the ticket\'s order', () => {
    const story = told(created('10:00'), assigned('10:01', 'lea', '', { actorType: 'agent', actorId: 'ida' }), status('10:01', 'open'), reply('10:01', 'lea'), note('10:02', 'max'));
    expect(story.actions.map(({ agentId, kind }) => `${agentId} ${kind}`)).toEqual(['lea reply', 'ida assignment', 'lea status_change', 'max note']);
  });

  it('are none by rules, customers or machines', () => {
    expect(told(created('10:00'), customer('10:01'), assigned('10:02', 'lea'), reply('10:03', 'lea', { isAutomated: true }), reply('10:04', 'x', { actorType: 'bot' })).actions).toEqual([]);
  });
});
