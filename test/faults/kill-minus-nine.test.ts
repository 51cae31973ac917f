// kill -9 on every service, over and over, while events stream in: what got a 200 is in
// ClickHouse exactly once, and nothing else is.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { closeClients, control, eventually, newTicketId, query, send, ticket, type SignedEvent } from '../system/support.ts';

afterAll(closeClients);

const TICKETS = 60;
const EVENTS_PER_TICKET = 12;
const KILLS = 8;

interface Ledger {
  accepted: Set<string>;
  sent: number;
}

/** One ticket's events in order, each until its 200; a lost answer means the same event again. */
async function sendHistory(id: string, ledger: Ledger): Promise<void> {
  const of = ticket(id);
  const at = (minute: number): string => new Date(Date.UTC(2026, 2, 2, 9, minute)).toISOString();
  const events: SignedEvent[] = [of.created(at(0), 'hello')];
  for (let i = 1; i < EVENTS_PER_TICKET; i++) events.push(of.message(at(i), i % 2 === 0 ? 'customer' : { agent: 'lea' }));
  for (const event of events) {
    for (;;) {
      ledger.sent++;
      const answer = await send(event).catch(() => null);
      if (answer?.status === 200) break;
      await sleep(100);
    }
    ledger.accepted.add(event.event_id);
  }
}

test('every acknowledged event is there exactly once after kills of all services under load', async () => {
  const ledger: Ledger = { accepted: new Set(), sent: 0 };
  const ids = Array.from({ length: TICKETS }, newTicketId);
  const sending = Promise.all(ids.map((id) => sendHistory(id, ledger)));
  const victims = ['ingress', 'queue-analytics', 'agent-analytics', 'event-archive'];
  for (let i = 0; i < KILLS; i++) {
    await sleep(700);
    await control({ action: 'kill', name: victims[i % victims.length] ?? 'ingress' }).catch(() => undefined); // it may be down already
  }
  await sending;
  expect(ledger.accepted.size).toBe(TICKETS * EVENTS_PER_TICKET);

  for (const table of ['log.events', 'queue.timeline', 'agents.timeline']) {
    const rows = await eventually(async () => {
      const found = await query<{ event_id: string; n: number }>(`SELECT event_id, count() AS n FROM ${table} ${table === 'log.events' ? '' : 'FINAL'} WHERE ticket_id IN {ids:Array(String)} GROUP BY event_id`, { ids });
      return found.length >= ledger.accepted.size ? found : null;
    }, `all accepted events in ${table}`, 180_000);
    expect(rows.length, table).toBe(ledger.accepted.size);
    expect(rows.every((row) => row.n === 1 && ledger.accepted.has(row.event_id)), `${table} holds something twice or something never accepted`).toBe(true);
  }
  const facts = await eventually(async () => {
    const found = await query<{ agent_replies: number; customer_messages: number }>('SELECT agent_replies, customer_messages FROM queue.tickets WHERE ticket_id IN {ids:Array(String)}', { ids });
    const complete = found.filter((row) => row.agent_replies === EVENTS_PER_TICKET / 2 && row.customer_messages === EVENTS_PER_TICKET / 2);
    return complete.length === TICKETS ? found : null;
  }, 'facts of all tickets complete', 180_000);
  expect(facts.length).toBe(TICKETS);
});
