import { defineProjection } from '../runtime/projection/projector.ts';

export const projection = defineProjection({
  name: 'event-archive',
  database: 'log',
  facts: [],
  timeline: false,
});
