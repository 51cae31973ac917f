import { defineProjection } from '../runtime/projection/projector.ts';
import { ticketFold } from '../ticket/reading/fold.ts';
import { agentsRow } from './facts.ts';

export const projection = defineProjection({
  name: 'agent-analytics',
  database: 'agents',
  facts: ['ticket_facts'],
  fold: ticketFold((story) => ({ ticket_facts: { ...agentsRow(story) } })),
  timeline: true,
});
