import { defineProjection } from '../runtime/projection/projector.ts';
import { ticketFold } from '../ticket/reading/fold.ts';
import { slaTimers } from '../ticket/timers/timers.ts';
import { queueRow, timerRows } from './facts.ts';

export const projection = defineProjection({
  name: 'queue-analytics',
  database: 'queue',
  // In this order: in SQL, timers are computed from the facts of their ticket.
  facts: ['ticket_facts', 'sla_timer_facts'],
  fold: ticketFold((story, desk) => ({ ticket_facts: { ...queueRow(story) }, sla_timer_facts: { timers: timerRows(slaTimers(story, desk)) } })),
  timeline: true,
});
