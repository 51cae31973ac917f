import { defineProjection } from '../runtime/projection/projector.ts';

export const projection = defineProjection({
  name: 'queue-analytics',
  database: 'queue',
  // In this order: timers are computed from the facts of their ticket.
  facts: ['ticket_facts', 'sla_timer_facts'],
  timeline: true,
});
