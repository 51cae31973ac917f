import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sampleEvent } from '../../schemas/events.ts';
import { deskOf } from '../ticket/desk/desk.ts';
import type { TicketEvent } from '../ticket/event.ts';
import { storyOf } from '../ticket/story.ts';
import { histories } from '../ticket/testing/histories.ts';
import { readMemory, remembering, shownBy, written, type CardEvent, type Memory } from './memory.ts';

const empty: Memory = { integrationId: 'acme', ticketId: 'TKT-1', events: [] };

/** As the log has it. */
function sent({ eventId, type, at, actorType, actorId, hasMessage, messageId, isPrivate, isAutomated, newStatus, previousStatus, assigneeId, groupId }: TicketEvent): CardEvent | null {
  const base = { event_id: eventId, ticket_id: empty.ticketId, timestamp: new Date(at), source: { integration_id: empty.integrationId } };
  const orNull = (text: string): string | null => (text === '' ? null : text);
  switch (type) {
    case 'ticket.created': return sampleEvent(type, { ...base, status: orNull(newStatus), initial_message: hasMessage ? { message_id: messageId, text: 'x' } : {} });
    case 'message.received': return sampleEvent(type, { ...base, message_id: messageId, sender: { type: actorType, agent_id: orNull(actorId) }, is_private: isPrivate, is_automated: isAutomated });
    case 'agent.assigned': return sampleEvent(type, { ...base, assignee: { agent_id: orNull(assigneeId), group_id: orNull(groupId) } });
    case 'status.changed': return sampleEvent(type, { ...base, previous_status: orNull(previousStatus), new_status: newStatus });
    case 'escalation.fired': return null;
  }
}

test('what a card remembers tells the same as all of the ticket’s events, in any order and however often they come', () => {
  const desk = deskOf({})('acme');
  fc.assert(fc.property(histories, fc.infiniteStream(fc.nat()), (history, order) => {
    const relevant = history.filter(({ type, isPrivate }) => type !== 'escalation.fired' && !isPrivate);
    fc.pre(relevant.length > 0 && relevant.filter(({ type }) => type === 'ticket.created').length <= 1);
    const arrivals = [...relevant, ...relevant.slice(0, 3)].map((event) => ({ event, rank: order.next().value as number })).sort((a, b) => a.rank - b.rank);
    let memory = empty;
    for (const { event } of arrivals) {
      const told = sent(event);
      if (told !== null) memory = readMemory(written(remembering(memory, told))) ?? empty;
    }
    const story = storyOf(relevant, desk);
    const seconds = story.firstResponse === null || story.responseDueFrom === null ? null : Math.max(0, Math.floor((story.firstResponse.at - story.responseDueFrom) / 1_000));
    const { statusKey, assigneeId, firstResponseSeconds } = shownBy(memory);
    expect({ statusKey, assigneeId, firstResponseSeconds }).toStrictEqual({ statusKey: story.status.key, assigneeId: story.assigneeId, firstResponseSeconds: seconds });
  }), { numRuns: 500 });
});

test('what stands in the field and is none of ours is no memory', () => {
  for (const text of [undefined, '', 'call her', '{}', '{"ticket":["a"],"events":[]}', '{"ticket":["a","b"],"events":[["x","id",1]]}', '{"ticket":["a","b"],"events":[["c","id"]]}']) expect(readMemory(text), text).toBeNull();
});
