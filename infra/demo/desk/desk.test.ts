import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { deskEndsAt, deskEvents, deskIntegrations, type DeskOptions } from './desk.ts';
import { compareEvents, type CrmEvent } from '../events.ts';

const options: DeskOptions = { seed: 7, tickets: 300, days: 14 };
const bytes = (events: Iterable<CrmEvent>): string =>
  createHash('sha256').update([...events].map((event) => JSON.stringify(event)).join('\n')).digest('hex');
const desk = [...deskEvents(options)];

const byTicket = new Map<string, CrmEvent[]>();
for (const event of desk) {
  const key = `${event.integrationId}/${event.ticketId}`;
  byTicket.set(key, [...(byTicket.get(key) ?? []), event]);
}

test('the same seed gives the same desk, byte for byte', () => {
  expect(bytes(deskEvents(options))).toBe(bytes(desk));
});

test('another seed gives another desk', () => {
  expect(bytes(deskEvents({ ...options, seed: 8 }))).not.toBe(bytes(desk));
});

test('events come in time order and end with the desk', () => {
  expect(desk.every((event, index) => index === 0 || (desk[index - 1]?.at ?? 0) <= event.at)).toBe(true);
  expect(desk.every((event) => event.at < deskEndsAt && event.at >= deskEndsAt - options.days * 86_400_000)).toBe(true);
});

test('every event id is a UUID of version 4 and is used once', () => {
  expect(new Set(desk.map((event) => event.eventId)).size).toBe(desk.length);
  expect(desk.every((event) => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(event.eventId))).toBe(true);
});

test('every ticket is created once, before anything else happens to it', () => {
  expect(byTicket.size).toBe(options.tickets);
  for (const events of byTicket.values()) {
    expect(events[0]?.eventType).toBe('ticket.created');
    expect(events.filter((event) => event.eventType === 'ticket.created').length).toBe(1);
    expect(events).toStrictEqual([...events].sort(compareEvents));
  }
});

test('each status change starts from the status before', () => {
  for (const events of byTicket.values()) {
    let status: unknown = 'new';
    for (const { payload } of events.filter((event) => event.eventType === 'status.changed')) {
      expect(payload['previous_status']).toBe(status);
      expect(payload['new_status']).not.toBe(status);
      status = payload['new_status'];
    }
  }
});

test('every integration, event type, kind of sender and way of ending takes part', () => {
  expect([...new Set(desk.map((event) => event.integrationId))].sort()).toStrictEqual([...deskIntegrations].sort());
  expect(new Set(desk.map((event) => event.eventType)).size).toBe(5);
  const text = JSON.stringify(desk);
  const signs = ['"is_private":true', '"is_automated":true', '"type":"bot"', '"pending"', '"on_hold"', '"resolved"', '"closed"', '"routing_rule"', '"topic_group"', '"direct_message"', '"bot_form"'];
  for (const sign of signs) expect(text, sign).toContain(sign);
  const statuses = [...byTicket.values()].map((events) => events.flatMap(({ payload }) => payload['new_status'] ?? []));
  expect(statuses.some((path) => path.includes('resolved') && path.indexOf('open', path.indexOf('resolved')) > 0), 'a reopened ticket').toBe(true);
  expect(statuses.some((path) => !path.includes('resolved')), 'a ticket that is still open').toBe(true);
});

test('older contract versions use their own field names', () => {
  const of = (integrationId: string, eventType: string): CrmEvent[] =>
    desk.filter((event) => event.integrationId === integrationId && event.eventType === eventType);
  expect(of('pixel-forge', 'message.received').every(({ payload }) => typeof payload['message_id'] === 'number' && !('is_automated' in payload))).toBe(true);
  expect(of('pixel-forge', 'ticket.created').every(({ payload }) => typeof payload['ticket_id'] === 'number' && !('status' in payload))).toBe(true);
  expect(of('falcon-bank', 'agent.assigned').every(({ payload }) => JSON.stringify(payload['assignee']).includes('"group_id":'))).toBe(true);
  expect(JSON.stringify(desk.filter((event) => event.version !== '1.2'))).not.toContain('contact_phone');
  expect(JSON.stringify(desk.filter((event) => event.version === '1.2'))).toContain('contact_phone');
});
