// What the load sends: tickets of a small desk, told from a seed. Not the demo's desk and not the tests' oracle: an event says
// here what it does to its ticket, so that the checker can tell each ticket's state without any code of the product.
import { createHmac } from 'node:crypto';
import { randomFrom, type Random } from '../../../infra/demo/random.ts';
import type { Effect, Sent } from './history.ts';

const STARTS = Date.UTC(2026, 2, 2, 8);
const statuses = ['open', 'pending', 'on_hold', 'solved', 'closed'] as const;
const agents = ['lea', 'tom', 'ada'] as const;

export const secretOf = (integrationId: string): string => `${integrationId}-secret`;

export const signatureOf = (secret: string, eventId: string, eventType: string, timestamp: string): string =>
  createHmac('sha256', secret).update(eventId + eventType + timestamp).digest('hex');

export interface Draft {
  readonly integrationId: string;
  readonly ticketId: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly at: number;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly effect?: Effect;
  readonly isUnusable?: boolean;
  readonly environment?: string;
}

/** Signed, as the CRM sends it. */
export function signed({ at, payload, environment = 'production', ...draft }: Draft, secret = secretOf(draft.integrationId)): Sent {
  const timestamp = new Date(at).toISOString();
  const { integrationId, eventId, eventType, ticketId } = draft;
  const body = JSON.stringify({
    event_id: eventId, event_type: eventType, timestamp,
    source: { platform: 'telegram-crm', integration_id: integrationId, environment },
    signature: signatureOf(secret, eventId, eventType, timestamp), version: '1.2', payload: { ticket_id: ticketId, ...payload },
  });
  return { ...draft, timestamp, body };
}

export interface TicketOptions {
  readonly integrationId: string;
  readonly seed: string;
  readonly events: number;
}

/** A ticket's events in the order in which they happened; the same for the same seed. */
export function ticketStory({ integrationId, seed, events }: TicketOptions): Sent[] {
  const random = randomFrom(`${seed}/ticket`);
  const ticketId = `TKT-${random.uuid().slice(0, 13).toUpperCase()}`;
  let at = STARTS + random.int(0, 86_400_000);
  const told: Sent[] = [];
  for (let number = 0; number < events; number++) {
    told.push(signed({ integrationId, ticketId, eventId: random.uuid(), at, ...step(number, at, random) }));
    at += random.int(1_000, 3_600_000);
  }
  return told;
}

function step(number: number, at: number, random: Random): Pick<Draft, 'eventType' | 'payload'> & { readonly effect: Effect } {
  const time = new Date(at).toISOString();
  if (number === 0) return created(time);
  const draw = random.next();
  if (draw < 0.6) return message(time, random);
  if (draw < 0.8) {
    const agentId = random.pick(agents);
    return { eventType: 'agent.assigned', payload: { assignee: { agent_id: agentId }, assigned_by: { type: 'routing_rule', id: 'by-topic' }, assigned_at: time }, effect: { kind: 'assigned', agentId } };
  }
  const status = random.pick(statuses);
  return { eventType: 'status.changed', payload: { previous_status: random.pick(statuses), new_status: status, changed_by: { type: 'agent', id: random.pick(agents) }, changed_at: time }, effect: { kind: 'status', status } };
}

const created = (time: string): ReturnType<typeof step> => ({
  eventType: 'ticket.created',
  payload: {
    customer: { telegram_user_id: 4503599627370495, first_name: 'Mira', language_code: 'de' },
    channel: { type: 'topic_group', chat_id: -1001987654321, topic_id: 42 },
    initial_message: { message_id: '1', text: 'hello', content_type: 'text' }, created_at: time,
  },
  effect: { kind: 'message', from: 'customer' },
});

function message(time: string, random: Random): ReturnType<typeof step> {
  const from = random.pick(['customer', 'agent', 'note'] as const);
  const sender = from === 'customer' ? { type: 'customer' } : { type: 'agent', agent_id: random.pick(agents) };
  const payload = { message_id: random.uuid(), sender, content: { text: 'a word', content_type: 'text' }, is_private: from === 'note', sent_at: time };
  return { eventType: 'message.received', payload, effect: { kind: 'message', from } };
}

/** Tickets without end, some open at once, their events in turn: event n+1 of a ticket comes some events after its event n. */
export function* deskStory(integrationId: string, seed: string, open = 24): Generator<Sent, never, undefined> {
  const random = randomFrom(`${seed}/desk`);
  let ticket = 0;
  const next = (): Sent[] => ticketStory({ integrationId, seed: `${seed}/${ticket++}`, events: random.int(3, 9) });
  const lanes = Array.from({ length: open }, next);
  for (;;) {
    const lane = random.int(0, open - 1);
    const event = lanes[lane]?.shift();
    if (event === undefined) lanes[lane] = next();
    else yield event;
  }
}

/** A ticket as its events leave it, whatever their order of arrival. */
export interface TicketState {
  readonly events: number;
  readonly customerMessages: number;
  readonly agentReplies: number;
  readonly privateNotes: number;
  readonly status: string;
  readonly assigneeId: string;
}

/** By event time; a seed never gives two events of a ticket one instant. */
export function stateOf(events: readonly Sent[]): TicketState {
  const inOrder = events.toSorted((a, b) => a.timestamp.localeCompare(b.timestamp));
  const effects = inOrder.flatMap(({ effect }) => (effect === undefined ? [] : [effect]));
  const messages = (from: string): number => effects.filter((effect) => effect.kind === 'message' && effect.from === from).length;
  const lastStatus = effects.findLast((effect) => effect.kind === 'status');
  const lastAssigned = effects.findLast((effect) => effect.kind === 'assigned');
  return {
    events: events.length, customerMessages: messages('customer'), agentReplies: messages('agent'), privateNotes: messages('note'),
    status: lastStatus?.status ?? 'new', assigneeId: lastAssigned?.agentId ?? '',
  };
}
