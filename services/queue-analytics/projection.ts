import { defineProjection } from '../runtime/projector.ts';

export const projection = defineProjection({
  name: 'queue-analytics',
  database: 'queue',
  facts: ['ticket_facts'],
  timeline: true,
});
