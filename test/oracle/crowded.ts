// Desks on which much happens in one instant, by the hundred: an order that leaves ties to the sort looks sound
// as long as the rows are few.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { bodyTime, type CrmEvent, type EventBase } from './events.ts';
import { baseTime, histories, historySpan, withBodyTime } from './histories.ts';

const minute = 60_000;

const idOf = (text: string): string => {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

/** In a random order of arrival, told by offset and time of receipt. */
export function inArrivalOrder(events: readonly CrmEvent[], seed: number): CrmEvent[] {
  const [ranks = []] = fc.sample(fc.array(fc.nat(), { minLength: events.length, maxLength: events.length }), { numRuns: 1, seed });
  return events
    .map((event, i) => ({ event, rank: ranks[i] ?? 0 }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ event }, i) => ({ ...event, kafka_offset: i, received_at: baseTime + Math.floor((historySpan * i) / events.length) }));
}

/** Around the limit that joins actions into a session. */
const gaps = [60, 599, 600, 601, 900, 1801].map((seconds) => seconds * 1000);

interface Reply {
  gap: number;
  /** How often it is there again in the same second. */
  copies: number;
  ticket: number;
}

const reply: fc.Arbitrary<Reply> = fc.record({ gap: fc.constantFrom(...gaps), copies: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 2), ticket: fc.nat() });

/** Replies of one agent, a quarter of them more than once in a second on a ticket that the agent holds. */
export function doubledReplies(integration_id: string, agent: string, { replies, tickets }: { readonly replies: number; readonly tickets: number }): CrmEvent[] {
  const [course = []] = fc.sample(fc.array(reply, { minLength: replies, maxLength: replies }), { numRuns: 1, seed: replies + tickets });
  const base = (name: string, ticket: number, timestamp: number): EventBase => ({
    event_id: idOf(`${agent} ${name}`), ticket_id: `TKT-${agent}-${ticket % tickets}`, source: { platform: 'crm', integration_id, environment: 'production' },
    timestamp, version: '1.2', extra: {}, kafka_offset: 0, received_at: 0,
  });
  const assigned = Array.from({ length: tickets }, (_, ticket): CrmEvent => ({
    ...base(`assigned ${ticket}`, ticket, baseTime), event_type: 'agent.assigned', assignee: { agent_id: agent, group_id: 'tech', name: null },
    previous_assignee: { agent_id: null, group_id: null, name: null }, assigned_by: { type: 'routing_rule', id: null, name: null }, routing_rule: null, assigned_at: baseTime,
  }));
  let at = baseTime;
  return [...assigned, ...course.flatMap(({ gap, copies, ticket }, i) => {
    at += gap;
    return Array.from({ length: 1 + copies }, (_, copy): CrmEvent => ({
      ...base(`${i} ${copy}`, ticket, at), event_type: 'message.received', message_id: `${i} ${copy}`, sender: { type: 'agent', agent_id: agent, telegram_user_id: null, username: null },
      content: { text: 'hello', content_type: 'text', files: [] }, is_private: false, is_automated: null, sent_at: at,
    }));
  })];
}

/** Everything that histories tell, on the same few tickets of one desk, and at the full half hours only. */
export function crowdedHistories(integration_id: string, count: number, seed: number): CrmEvent[] {
  const grid = 30 * minute;
  return fc.sample(histories, { numRuns: count, seed }).flatMap(({ events }) => events.map((event): CrmEvent => {
    const timestamp = Math.floor(event.timestamp / grid) * grid;
    return { ...withBodyTime(event, bodyTime(event) - event.timestamp + timestamp), timestamp, source: { ...event.source, integration_id } };
  }));
}
