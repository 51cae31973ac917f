import { defineProjection } from '../runtime/projection/projector.ts';

export const projection = defineProjection({
  name: 'event-archive',
  database: 'log',
  facts: [],
  timeline: false,
  // Nobody waits for the archive as for a ticket's numbers; fewer and larger parts cost less.
  flushEveryMs: 1_000,
});
