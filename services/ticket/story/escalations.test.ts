import { describe, expect, it } from 'vitest';
import { assigned, created, customer, escalated, minutes, note, reply, status, time, told } from '../testing/tell.ts';

describe('an escalation', () => {
  it('keeps the state when it fired', () => {
    const story = told(created('10:00'), assigned('10:01', 'lea', 'billing'), status('10:02', 'pending'), escalated('10:05', { eventId: 'ABC' }), assigned('10:09', 'max', 'tech'));
    expect(story.escalations).toMatchObject([{ eventId: 'abc', firedAt: time('10:05'), category: 'pending', queueId: 'billing', assigneeId: 'lea' }]);
  });

  it('is acknowledged by the next reply, note, status change or assignment by an agent', () => {
    for (const action of [reply('10:10', 'ida'), note('10:10', 'ida'), status('10:10', 'open', { actorId: 'ida' }), assigned('10:10', 'lea', '', { actorType: 'agent', actorId: 'ida' })]) {
      expect(told(created('10:00'), escalated('10:05'), action, reply('10:20', 'max')).escalations).toMatchObject([
        { acknowledgedAt: time('10:10'), acknowledgedById: 'ida', acknowledgeBusinessMs: minutes(5) }]);
    }
  });

  it('is not acknowledged by customers, rules, automated messages, or what came before it', () => {
    const story = told(created('10:00'), reply('10:05', 'lea'), escalated('10:05'), customer('10:06'), assigned('10:07', 'lea'), reply('10:08', 'lea', { isAutomated: true }), status('10:09', 'open', { actorType: 'automation_rule' }));
    expect(story.escalations).toMatchObject([{ acknowledgedAt: null, acknowledgedById: '', acknowledgeBusinessMs: null }]);
  });

  it('shares its acknowledgement with others that fired before it', () => {
    expect(told(created('10:00'), escalated('10:05'), escalated('10:06'), reply('10:07', 'lea'), escalated('10:08')).escalations.map(({ acknowledgedAt }) => acknowledgedAt)).toEqual([time('10:07'), time('10:07'), null]);
  });
});
