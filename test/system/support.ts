// What tests share: signed events, the door they go through, and waiting for ClickHouse.
import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import type { Command } from './control.ts';

const fromEnv = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: only files of the system project have it (vitest.config.ts)`);
  return value;
};

export const ingressUrl = fromEnv('INGRESS_URL');
export const environment = {
  kafkaBrokers: fromEnv('KAFKA_BROKERS'),
  registryUrl: fromEnv('SCHEMA_REGISTRY_URL'),
  clickhouseUrl: fromEnv('CLICKHOUSE_URL'),
  python: fromEnv('PYTHON'),
  healthUrls: JSON.parse(fromEnv('HEALTH_URLS')) as Record<string, string>,
};

export interface Event {
  event_id: string;
  event_type: string;
  timestamp: string;
  source: { platform: string; integration_id: string; environment: string };
  version: string;
  payload: Record<string, unknown>;
}
export interface SignedEvent extends Event {
  signature: string;
}

export const newTicketId = (): string => `TKT-${randomUUID().slice(0, 8).toUpperCase()}`;

export function sign(event: Event, secret = `${event.source.integration_id}-secret`): SignedEvent {
  const signature = createHmac('sha256', secret).update(event.event_id + event.event_type + event.timestamp).digest('hex');
  return { ...event, signature };
}

/** An event of acme's production desk; `at` is its timestamp. */
function event(eventType: string, at: string, payload: Record<string, unknown>, integrationId: string): SignedEvent {
  return sign({
    event_id: randomUUID(),
    event_type: eventType,
    timestamp: at,
    source: { platform: 'telegram-crm', integration_id: integrationId, environment: integrationId === 'initech' ? 'staging' : 'production' },
    version: '1.2',
    payload,
  });
}

/** Builds the events of one ticket; every method returns a signed event that is not sent yet. */
export const ticket = (ticketId: string, integrationId = 'acme') => ({
  created: (at: string, text?: string) => event('ticket.created', at, {
    ticket_id: ticketId,
    customer: { telegram_user_id: 4503599627370495, first_name: 'Mira', language_code: 'de' },
    channel: { type: 'topic_group', chat_id: -1001987654321, topic_id: 42 },
    ...(text === undefined ? {} : { initial_message: { message_id: '1', text, content_type: 'text' } }),
    created_at: at,
  }, integrationId),
  message: (at: string, from: 'customer' | { agent: string }, text = 'hello', isPrivate = false) => event('message.received', at, {
    ticket_id: ticketId,
    message_id: randomUUID(),
    sender: from === 'customer' ? { type: 'customer' } : { type: 'agent', agent_id: from.agent },
    content: { text, content_type: 'text' },
    is_private: isPrivate,
    sent_at: at,
  }, integrationId),
  status: (at: string, previous: string, next: string, by = { type: 'agent', id: 'lea' }) => event('status.changed', at, {
    ticket_id: ticketId, previous_status: previous, new_status: next, changed_by: by, changed_at: at,
  }, integrationId),
  assigned: (at: string, assignee: { agent_id?: string; group_id?: string; name?: string }) => event('agent.assigned', at, {
    ticket_id: ticketId, assignee, assigned_by: { type: 'routing_rule', id: 'by-topic' }, assigned_at: at,
  }, integrationId),
});

export interface Answer {
  readonly status: number;
  readonly body: { status?: string; event_id?: string; error?: { code: string; path?: string } };
  readonly headers: Headers;
}

export async function send(body: unknown, path = '/webhooks'): Promise<Answer> {
  const response = await fetch(ingressUrl + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'], headers: response.headers };
}

/** Sends until the door answers 200, as the CRM does, within 60 s. */
export async function sendUntilAccepted(signed: SignedEvent): Promise<string> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const answer = await send(signed).catch(() => null);
    if (answer?.status === 200) return answer.body.status ?? '';
    if (Date.now() > deadline) throw new Error(`not accepted within 60 s: ${JSON.stringify(answer)}`);
    await sleep(200);
  }
}

const clickhouse = connectClickHouse(environment.clickhouseUrl);

export const query = <Row>(sql: string, params: Record<string, unknown> = {}): Promise<Row[]> => clickhouse.query<Row>(sql, params);

/** Polls until `check` gives something other than null; the last failure is the error after the deadline. */
export async function eventually<T>(check: () => Promise<T | null>, what: string, withinMs = 60_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  let last: unknown = null;
  while (Date.now() < deadline) {
    try {
      const result = await check();
      if (result !== null) return result;
    } catch (error) {
      last = error;
    }
    await sleep(100);
  }
  throw new Error(`${what}: not within ${withinMs} ms`, { cause: last });
}

/** The ticket's row of a view once all of its `events` events are counted in it. */
export const ticketRow = (ticketId: string, integrationId = 'acme') =>
  eventually(async () => {
    const [row] = await query<Record<string, unknown>>('SELECT * FROM queue.tickets WHERE integration_id = {i:String} AND ticket_id = {t:String}', { i: integrationId, t: ticketId });
    return row ?? null;
  }, `ticket ${ticketId} in queue.tickets`);

/** Waits until ClickHouse's archive and both analytics hold these events of a ticket, and the facts tell them: a version says how many. */
export async function landed(ticketId: string, events: number): Promise<void> {
  await eventually(async () => {
    const rows = await query<{ n: number }>(`
      SELECT uniqExact(event_id) AS n FROM log.event_store WHERE ticket_id = {t:String}
      UNION ALL SELECT uniqExact(event_id) FROM queue.timeline WHERE ticket_id = {t:String}
      UNION ALL SELECT uniqExact(event_id) FROM agents.timeline WHERE ticket_id = {t:String}
      UNION ALL SELECT sum(bitAnd(version, 4294967295)) FROM queue.ticket_facts FINAL WHERE ticket_id = {t:String}
      UNION ALL SELECT sum(bitAnd(version, 4294967295)) FROM queue.sla_timer_facts FINAL WHERE ticket_id = {t:String}
      UNION ALL SELECT sum(bitAnd(version, 4294967295)) FROM agents.ticket_facts FINAL WHERE ticket_id = {t:String}`, { t: ticketId });
    return rows.every((row) => row.n === events) ? true : null;
  }, `${events} events of ${ticketId} in ClickHouse`);
}

export async function control(command: Command): Promise<unknown> {
  const response = await fetch(fromEnv('CONTROL_URL'), { method: 'POST', body: JSON.stringify(command) });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

/** Node keeps sockets open after a test file's last test; the client's would keep the process alive. */
export const closeClients = (): Promise<void> => clickhouse.close();
