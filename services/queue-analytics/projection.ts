import { defineProjection } from '../runtime/projection/projector.ts';
import { queueFold } from './facts.ts';

export const projection = defineProjection({
  name: 'queue-analytics',
  database: 'queue',
  facts: ['ticket_facts', 'sla_timer_facts'],
  fold: queueFold,
  timeline: true,
});
