// Keeps an integration's tickets in Zendesk, too.
import { ticketEvents } from '../../schemas/events.ts';
import { defineDestination } from '../destinations/consumer.ts';
import { Zendesk } from './client.ts';
import { Desk } from './desk.ts';
import { zendeskSection } from './section.ts';

export const consumer = defineDestination(ticketEvents, {
  name: 'zendesk',
  section: zendeskSection,
  events: ['ticket.created', 'message.received', 'status.changed', 'agent.assigned'],
  from: 'latest', // what was before is imported, with its own times
  connect: ({ section, api }) => new Desk(new Zendesk(section, api), section),
  handle: (event, { destination, effectId, mayBeRepeated, signal, position }): Promise<void> => destination.take(event, { effectId, mayBeRepeated, signal, position }),
});
