import { expect, test } from 'vitest';
import { ticketFold } from './fold.ts';
import { eventsIn, timelineColumns } from './timeline.ts';

const fold = ticketFold(() => ({}));
/** As many messages as anyone asks for. */
const eventAt = eventsIn(timelineColumns.map((name) => ({ at: (row) => (name === 'event_id' ? `e${row}` : name === 'event_type' ? 'message.received' : '') })));
const version = (configVersion: number, events: number): number =>
  fold.under({ config_version: configVersion, calendars: {}, default_calendars: {}, statuses: {}, policies: [] })
    .tell('acme', Array.from({ length: events }, (_, row) => eventAt(row))).version;

test('what is told from more events, or under a later configuration, is newer', () => {
  const inOrder = [version(0, 1), version(0, 2), version(7, 2), version(7, 3), version(8, 3)];
  expect(inOrder).toStrictEqual(inOrder.toSorted((a, b) => a - b));
  expect(new Set(inOrder).size).toBe(inOrder.length);
  expect(version(1_000_000, 2) - version(1_000_000, 1), 'still a whole number').toBe(1);
});
