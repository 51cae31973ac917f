import { describe, expect, it } from 'vitest';
import { assigned, created, customer, minutes, note, reply, status, time, told } from '../testing/tell.ts';

const agents = (story: ReturnType<typeof told>): string[] => story.stations.map(({ agentId, queueId }) => `${agentId}@${queueId}`);
const bounced = (story: ReturnType<typeof told>): string[] => story.stations.filter(({ isBounced }) => isBounced).map(({ agentId }) => agentId);

describe('stations', () => {
  it('are unbroken periods with the same assignee and queue, that of nobody included', () => {
    const story = told(created('10:00'), assigned('10:01', '', 'billing'), assigned('10:02', 'lea'), assigned('10:03', 'lea'), assigned('10:04', 'max', 'tech'));
    expect(agents(story)).toEqual(['@', '@billing', 'lea@billing', 'max@tech']);
    expect(story.stations.map(({ no }) => no)).toEqual([1, 2, 3, 4]);
    expect(story.stations.map(({ assignedAt, endedAt }) => [assignedAt, endedAt])).toEqual([
      [time('10:00'), time('10:01')], [time('10:01'), time('10:02')], [time('10:02'), time('10:04')], [time('10:04'), null]]);
  });

  it('keep who assigned, the name as of the assignment, and where the ticket came from', () => {
    const story = told(created('10:00'), assigned('10:01', 'max', 'tech'), assigned('10:02', 'lea', 'billing', { actorType: 'agent', actorId: 'ida', assigneeName: 'Lea L.' }));
    expect(story.stations[2]).toMatchObject({ assignedByType: 'agent', assignedById: 'ida', assigneeName: 'Lea L.', fromAgentId: 'max', fromQueueId: 'tech' });
    expect(story.stations[0]).toMatchObject({ assignedByType: '', assignedById: '', fromAgentId: '', fromQueueId: '' });
  });

  it('start with the first event: an assignment as the very first has no nobody-station before it', () => {
    expect(agents(told(assigned('10:00', 'lea', 'billing'), created('10:01')))).toEqual(['lea@billing']);
  });

  it('of zero length are kept', () => {
    expect(agents(told(created('10:00'), assigned('10:00', 'lea'), assigned('10:00', 'max')))).toEqual(['@', 'lea@', 'max@']);
  });

  it('are not ended by a solve', () => {
    expect(told(created('10:00'), assigned('10:01', 'lea'), status('10:02', 'resolved')).stations.at(-1)).toMatchObject({ agentId: 'lea', endedAt: null, endedBy: '' });
  });

  it('keep the queue, when an assignment names no group and when the ticket is unassigned', () => {
    const story = told(created('10:00'), assigned('10:01', 'lea', 'billing'), assigned('10:02', 'max'), assigned('10:03', ''));
    expect(agents(story)).toEqual(['@', 'lea@billing', 'max@billing', '@billing']);
    expect(story.stations.map(({ endedBy }) => endedBy)).toEqual(['reassigned', 'reassigned', 'unassigned', '']);
  });

  it('end as reassigned, when only a group is named and the ticket leaves its agent', () => {
    const story = told(created('10:00'), assigned('10:01', 'lea'), assigned('10:02', '', 'billing'));
    expect(story.stations[1]).toMatchObject({ agentId: 'lea', endedBy: 'reassigned' });
    expect(agents(story).at(-1)).toBe('@billing');
  });
});

describe('a handoff', () => {
  const handoffs = (story: ReturnType<typeof told>): unknown[] => story.stations.map(({ isHandoffIn, isHandoffOut }) => [isHandoffIn, isHandoffOut]);

  it('goes directly from one agent to another', () => {
    expect(handoffs(told(assigned('10:01', 'lea'), assigned('10:02', 'max')))).toEqual([[false, true], [true, false]]);
  });

  it('is not A → nobody → B', () => {
    expect(handoffs(told(assigned('10:01', 'lea'), assigned('10:02', ''), assigned('10:03', 'max'))).flat()).not.toContain(true);
  });

  it('is not another queue with the same agent', () => {
    expect(handoffs(told(assigned('10:01', 'lea', 'billing'), assigned('10:02', 'lea', 'tech'))).flat()).not.toContain(true);
  });
});

describe('a bounced station', () => {
  it('ended by reassignment or unassignment without a reply of its agent', () => {
    expect(bounced(told(created('10:00'), assigned('10:01', 'lea'), assigned('10:02', 'max'), assigned('10:03', '')))).toEqual(['lea', 'max']);
  });

  it('is not saved by a colleague\'s reply', () => {
    expect(bounced(told(created('10:00'), assigned('10:01', 'lea'), reply('10:02', 'max'), assigned('10:03', 'ida')))).toEqual(['lea']);
  });

  it('is not saved by a private note', () => {
    expect(bounced(told(created('10:00'), assigned('10:01', 'lea'), note('10:02', 'lea'), assigned('10:03', 'ida')))).toEqual(['lea']);
  });

  it('is none with a reply of its own agent in it', () => {
    expect(bounced(told(created('10:00'), assigned('10:01', 'lea'), reply('10:02', 'lea'), assigned('10:03', 'ida')))).toEqual([]);
  });

  it('is none, when the same agent only got another queue', () => {
    expect(bounced(told(created('10:00'), assigned('10:01', 'lea', 'billing'), assigned('10:02', 'lea', 'tech')))).toEqual([]);
  });

  it('is none of nobody, and none while it lasts', () => {
    expect(bounced(told(created('10:00'), assigned('10:01', 'lea')))).toEqual([]);
  });
});

describe('an agent\'s own first response in a station', () => {
  it('runs from the station\'s start, or the wait\'s when that is later', () => {
    const story = told(created('10:00'), assigned('10:03', 'lea'), reply('10:05', 'lea'), assigned('10:06', 'max'), customer('10:08'), reply('10:09', 'max'));
    expect(story.stations.slice(1)).toMatchObject([
      { firstPublicReplyAt: time('10:05'), firstResponseFrom: time('10:03'), firstResponseBusinessMs: minutes(2), publicReplies: 1 },
      { firstPublicReplyAt: time('10:09'), firstResponseFrom: time('10:08'), firstResponseBusinessMs: minutes(1) }]);
  });

  it('is NULL, when the first reply answers no wait, whatever is answered later', () => {
    const story = told(created('10:00', { hasMessage: false }), assigned('10:01', 'lea'), reply('10:02', 'lea'), customer('10:03'), reply('10:04', 'lea'));
    expect(story.stations[1]).toMatchObject({ firstPublicReplyAt: time('10:02'), firstResponseFrom: null, firstResponseBusinessMs: null, publicReplies: 2 });
  });

  it('counts its own agent\'s replies only, none of an agent without id', () => {
    const story = told(created('10:00'), assigned('10:01', 'lea'), reply('10:02', 'max'), reply('10:03', ''), reply('10:04', 'lea'), assigned('10:05', ''), reply('10:06', ''));
    expect(story.stations.map(({ publicReplies }) => publicReplies)).toEqual([0, 1, 0]);
  });
});

describe('held time of a station', () => {
  it('is its time in new and open, up to the last event', () => {
    const story = told(created('10:00'), assigned('10:01', 'lea'), status('10:03', 'pending'), status('10:10', 'open'), customer('10:12'), assigned('10:13', 'max'), note('10:15', 'max'));
    expect(story.stations.map(({ agentId, heldMs }) => [agentId, heldMs])).toEqual([['', 0], ['lea', minutes(5)], ['max', minutes(2)]]);
  });

  it('goes to the first holder too, when the ticket was reassigned before the first reply', () => {
    expect(told(created('10:00'), assigned('10:01', 'lea'), assigned('10:05', 'max')).stations[1]).toMatchObject({ heldMs: minutes(4), isBounced: true });
  });
});

describe('queues', () => {
  it('count as runs of one non-empty queue', () => {
    const story = told(created('10:00'), assigned('10:01', 'lea', 'billing'), assigned('10:02', 'max', 'billing'), assigned('10:03', '', 'tech'), assigned('10:04', 'lea', 'billing'));
    expect([story.queueStations, story.firstQueueId]).toEqual([3, 'billing']);
  });

  it('change by the group that assignments name, none being one too, after the creation\'s instant', () => {
    expect(told(created('10:00'), assigned('10:00', '', 'billing'), assigned('10:01', 'lea', 'billing'), assigned('10:02', 'lea'), assigned('10:03', 'lea', 'billing')).queueChanges).toBe(2);
  });
});
