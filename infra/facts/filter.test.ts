import { expect, test } from 'vitest';
import { conditionOf } from './filter.ts';

const at = (day: number): Date => new Date(Date.UTC(2026, 2, day));

test('without a filter every event counts', () => {
  expect(conditionOf({}, 'd.timeline')).toBe('true');
});

test('the time axes look at events, what is chosen at tickets, and all of it must hold', () => {
  expect(conditionOf({ happenedBy: at(1), knownBy: at(2), integrations: ["o'ne", 'two'], tickets: ['T'] }, 'd.timeline')).toBe(
    "event_at <= toDateTime64('2026-03-01 00:00:00.000', 3, 'UTC') AND received_at <= toDateTime64('2026-03-02 00:00:00.000', 3, 'UTC')"
    + " AND integration_id IN ('o\\'ne','two') AND ticket_id IN ('T')");
});

test('of a ticket with an event in a period, all events count', () => {
  expect(conditionOf({ withEvent: { from: at(1), to: at(2) } }, 'd.timeline')).toBe(
    '(integration_id, ticket_id) IN (SELECT integration_id, ticket_id FROM d.timeline'
    + " WHERE event_at >= toDateTime64('2026-03-01 00:00:00.000', 3, 'UTC') AND event_at < toDateTime64('2026-03-02 00:00:00.000', 3, 'UTC'))");
});
