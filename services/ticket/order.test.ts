import { describe, expect, it } from 'vitest';
import { StatusMap } from './desk/status.ts';
import { event, told, created, customer, reply, status, assigned, time, eventsOf } from './testing/tell.ts';
import { inOrder } from './order.ts';

const ids = (...events: Parameters<typeof inOrder>[0][number][]): string[] => inOrder(events, new StatusMap()).events.map(({ eventId }) => eventId);
const at = time('10:00');

describe('the order of a ticket', () => {
  it('is by event time, never by arrival', () => {
    expect(ids(event('message.received', at + 1, 1, { eventId: 'b' }), event('message.received', at, 2, { eventId: 'a' }))).toEqual(['a', 'b']);
  });

  it('within one instant is created, message, assigned, status, escalation, whatever their ids', () => {
    const types = ['escalation.fired', 'status.changed', 'agent.assigned', 'message.received', 'ticket.created'] as const;
    const ordered = inOrder(types.map((type, i) => event(type, at, i, { eventId: `${i}` })), new StatusMap()).events;
    expect(ordered.map(({ type }) => type)).toEqual([...types].reverse());
  });

  it('among equals is by event_id as lower-case text', () => {
    expect(ids(event('message.received', at, 1, { eventId: 'B1' }), event('message.received', at, 2, { eventId: 'a2' }), event('message.received', at, 3, { eventId: 'C3' }))).toEqual(['a2', 'B1', 'C3']);
  });
});

describe('an event that was delivered twice', () => {
  it('counts once by its id, whatever the case of it', () => {
    expect(ids(event('message.received', at, 1, { eventId: 'AB' }), event('message.received', at, 2, { eventId: 'ab' }))).toEqual(['AB']);
  });

  it('is the first one accepted: a later different body never overwrites it', () => {
    const first = event('message.received', at, 7, { eventId: 'a', actorType: 'customer' });
    const later = event('message.received', at - 1000, 9, { eventId: 'a', actorType: 'agent' });
    expect(inOrder([later, first], new StatusMap()).events).toEqual([first]);
  });

  it('doesn\'t raise the version of the facts', () => {
    expect(inOrder([event('message.received', at, 9, { eventId: 'a' }), event('message.received', at, 7, { eventId: 'a' })], new StatusMap()).version).toBe(1);
  });
});

describe('two creations of a ticket', () => {
  it('the earlier by order is the creation, the other is ignored whole', () => {
    const story = told(created('10:05', { messageId: 'late' }), created('10:00', { messageId: 'early' }));
    expect(story.createdAt).toBe(time('10:00'));
    expect(story.customerMessages).toBe(1);
    expect(story.lastEventAt).toBe(time('10:00'));
  });

  it('are both counted by the version, so that a late one makes the facts newer', () => {
    expect(told(created('10:05', { messageId: 'late' }), created('10:00', { messageId: 'early' }), reply('10:06', 'lea')).version).toBe(3);
  });
});

describe('status changes of one instant', () => {
  const change = (eventId: string, previousStatus: string, newStatus: string): ReturnType<typeof status> => status('10:00:01', newStatus, { previousStatus, eventId });

  it('chain by previous_status: new → open, open → resolved is one solve and no reopen, whatever the ids', () => {
    for (const [first, second] of [['a', 'b'], ['b', 'a']] as const) {
      const story = told(created('10:00'), change(first, 'new', 'open'), change(second, 'open', 'resolved'));
      expect(story.status.name).toBe('resolved');
      expect(story.resolutions).toHaveLength(1);
      expect(story.reopens).toBe(0);
      expect(story.findings).toEqual([]);
    }
  });

  it('compare statuses by their key', () => {
    expect(told(created('10:00'), change('b', 'NEW', 'In_Progress'), change('a', 'in progress', 'closed')).status.name).toBe('closed');
  });

  it('of several that go on from the current status take the smallest id', () => {
    const ordered = inOrder(eventsOf([created('10:00'), change('c', 'new', 'pending'), change('b', 'new', 'open'), change('d', 'open', 'resolved')]), new StatusMap()).events;
    expect(ordered.map(({ eventId }) => eventId).slice(1)).toEqual(['b', 'd', 'c']);
  });

  it('if none goes on from it, start with the smallest that none of the others leads to', () => {
    const story = told(created('10:00'), change('a', 'open', 'resolved'), change('b', 'pending', 'open'));
    expect(story.status.name).toBe('resolved');
  });

  it('in a circle that the current status is not in, start with the smallest id', () => {
    expect(told(created('10:00'), change('a', 'open', 'pending'), change('b', 'pending', 'open')).status.name).toBe('open');
  });

  it('go on from what earlier instants and the creation said', () => {
    expect(told(created('10:00', { newStatus: 'open' }), change('a', 'pending', 'closed'), change('b', 'open', 'pending')).status.name).toBe('closed');
    expect(told(created('09:00'), status('10:00', 'pending'), change('a', 'open', 'closed'), change('b', 'pending', 'open')).status.name).toBe('closed');
  });

  it('without a previous_status go on from none, not even from a status of signs alone', () => {
    const ordered = inOrder(eventsOf([created('10:00', { newStatus: '-' }), change('a', '', 'open'), change('b', '-', 'pending')]), new StatusMap()).events;
    expect(ordered.map(({ eventId }) => eventId).slice(1)).toEqual(['b', 'a']);
    expect(told(created('10:00'), change('b', '', '-'), change('a', '', 'open')).status.name).toBe('-');
  });

  it('of different instants don\'t chain', () => {
    expect(told(created('10:00'), status('10:01', 'resolved', { previousStatus: 'open' }), status('10:02', 'open', { previousStatus: 'new' })).status.name).toBe('open');
  });
});

it('any order of delivery gives the same story', () => {
  const events = [created('10:00'), customer('10:01'), assigned('10:01', 'lea'), reply('10:02', 'lea'), status('10:03', 'resolved')];
  const forwards = told(...events);
  expect(forwards.turns).toHaveLength(1);
  const delivered = eventsOf(events).reverse();
  expect(inOrder(delivered, new StatusMap())).toEqual(inOrder(eventsOf(events), new StatusMap()));
});
