import { defineProjection } from '../runtime/projection/projector.ts';
import { agentsFold } from './facts.ts';

export const projection = defineProjection({
  name: 'agent-analytics',
  database: 'agents',
  facts: ['ticket_facts'],
  fold: agentsFold,
  timeline: true,
});
