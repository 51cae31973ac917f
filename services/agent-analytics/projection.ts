import { defineProjection } from '../runtime/projection/projector.ts';

export const projection = defineProjection({
  name: 'agent-analytics',
  database: 'agents',
  facts: ['ticket_facts'],
  timeline: true,
});
