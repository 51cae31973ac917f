import { expect, test } from 'vitest';
import { ticketFold } from './fold.ts';
import { timelineColumns } from './timeline.ts';

const fold = ticketFold(() => ({}));
const version = (configVersion: number, events: number): number =>
  fold.under({ config_version: configVersion, calendars: {}, default_calendars: {}, statuses: {}, policies: [] })
    .tell('acme', Array.from({ length: events }, (_, i) => timelineColumns.map((_column, place) => (place === 0 ? `e${i}` : place === 1 ? 'message.received' : '')))).version;

test('what is told from more events, or under a later configuration, is newer', () => {
  const inOrder = [version(0, 1), version(0, 2), version(7, 2), version(7, 3), version(8, 3)];
  expect(inOrder).toStrictEqual(inOrder.toSorted((a, b) => a - b));
  expect(new Set(inOrder).size).toBe(inOrder.length);
  expect(version(1_000_000, 2) - version(1_000_000, 1), 'still a whole number').toBe(1);
});
