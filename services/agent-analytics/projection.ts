import { defineProjection } from '../runtime/projector.ts';

export const projection = defineProjection({
  name: 'agent-analytics',
  database: 'agents',
  facts: ['ticket_facts'],
  timeline: true,
});
