// Random ticket histories for property tests: small, full of ties and of everything that
// goes wrong in practice, in any order of arrival. Times lie on a few instants of two weeks
// around the change to summer time in Berlin (2026-03-29).
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { Actor, Assignee, AttachedFile, CrmEvent } from './events.ts';
import { naming } from './naming.ts';
import { defaultStatusMap } from './statuses.ts';

export const baseTime = Date.UTC(2026, 2, 20);
const quarter = 900_000;
const day = 86_400_000;
export const historySpan = 14 * day;

export interface History {
  /** In arrival order: `kafka_offset` and `received_at` never decrease. */
  events: CrmEvent[];
  /** Later than every event. */
  now: number;
  asOf: number;
  knownAt: number;
}

type Without<T> = T extends CrmEvent
  ? Omit<T, 'event_id' | 'ticket_id' | 'source' | 'timestamp' | 'version' | 'extra' | 'kafka_offset' | 'received_at'>
  : never;
/** What an event says, without whose and when it is; body times are filled in with the skew. */
type Body = Without<CrmEvent>;

interface Move {
  instant: number;
  skew: number;
  body: Body;
}

interface TicketPlan {
  integration: string;
  ticket: string;
  moves: Move[];
  /** Its status changes name the status before them, where they name one at all. */
  isHonest: boolean;
}

const agents = ['anna', 'ben', 'cleo'];
const queues = ['billing', 'tech'];
const statuses = [
  'new', 'open', 'Open', 'in_progress', 'In Progress', 'pending', 'Awaiting User Info', 'on-hold', 'awaiting_vendor',
  'solved', 'Resolved', 'DONE', 'closed', 'Closed', 'reopened', 'parked at moon', 'spam', 'Merged', 'duplicate',
];

/** Everything that has a meaning out of the box, as CRMs spell it, and names that nobody listed. */
const spelt = Object.keys(defaultStatusMap).flatMap((name, i) => {
  const words = name.replace('*', ['Vendor', 'Problem', 'Evidence', 'approval board'][i % 4] ?? '');
  return [words, words.toUpperCase(), words.replaceAll(' ', '_'), words.replace(/(^| )[a-z]/g, (letter) => letter.toUpperCase()).replaceAll(' ', '-')];
});
const unusual = [...spelt, 'Awaiting Vendor', 'Awaiting Vendor Parts', 'Awaiting Problem', 'Awaiting Evidence', 'awaiting visit', 'Awaiting', 'openish', 'Zurückgestellt', '-100',
  ' Pending ', 'in__progress', 'on - hold', 'awaiting  vendor', 'open-', 'Marked_as__Spam', '-'];
const anyStatus = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...statuses) }, { weight: 1, arbitrary: fc.constantFrom(...unusual) });

const agentId = fc.constantFrom<(string | null)[]>(...agents, ...agents, null);
const person = fc.constantFrom<Actor[]>(
  ...agents.map((id) => ({ type: 'agent', id, name: null })),
  { type: 'automation_rule', id: 'r1', name: 'nightly' },
  { type: 'routing_rule', id: null, name: null },
  { type: 'agent', id: null, name: null },
);
const skew = fc.constantFrom(0, 0, 0, 0, 1_500, -999, -3_600_000, 86_400_500);
const nobody: Assignee = { agent_id: null, group_id: null, name: null };

/** The greatest whole number that the door lets in: no digit of it may be lost on the way. */
const GREATEST_LONG = Number.MAX_SAFE_INTEGER - 1;

const photo: AttachedFile = { file_url: 'https://files.example/1', file_size: 4_503_599_627_370_496, file_name: null, content_type: 'image/jpeg' };

const creation: fc.Arbitrary<Body> = fc.record({
  customer: fc.integer({ min: 1, max: 3 }),
  channel: fc.constantFrom('direct_message', 'topic_group', 'bot_form'),
  language: fc.constantFrom('de', 'en', null),
  initial: fc.boolean(),
  status: fc.oneof({ weight: 7, arbitrary: fc.constantFrom(null, null, null, 'new', 'Open', 'pending', 'solved', 'closed', 'spam', 'parked at moon') }, { weight: 1, arbitrary: anyStatus }),
  chat: fc.constantFrom('-100', '4503599627370497'),
  topic: fc.constantFrom(null, '7'),
  metadata: fc.constantFrom(
    null, '{}', '{"campaign_id":"spring"}', '{"campaign_id":42,"vip":"yes"}', '{"campaign_id":null,"source_url":"https://shop.example/?q=\\u00e4"}',
    '{"source_url":["a",1],"campaign_id":{"id":"x"}}'),
}).map(({ customer, channel, language, initial, status, chat, topic, metadata }) => ({
  event_type: 'ticket.created',
  customer: {
    telegram_user_id: customer === 3 ? GREATEST_LONG : customer, first_name: 'C', language_code: language,
    username: customer === 1 ? 'mira' : null, last_name: customer === 2 ? 'Öz' : null, contact_phone: customer === 3 ? '+49 30 1' : null,
    email: customer === 3 ? 'c@example.org' : null,
  },
  channel: { type: channel, chat_id: chat, topic_id: topic },
  initial_message: initial
    ? { message_id: 'm1', text: 'hello', content_type: 'photo', files: topic === null ? [] : [photo] }
    : { message_id: null, text: null, content_type: null, files: [] },
  status,
  metadata,
  created_at: 0,
}));

/** 'm1' is the initial message's id: only the customer's own public messages may repeat it. */
const message: fc.Arbitrary<Body> = fc.record({
  sender: fc.constantFrom('customer', 'customer', 'customer', 'agent', 'agent', 'agent', 'agent', 'bot'),
  agent: agentId,
  id: fc.constantFrom('m1', 'm2', 'm3', 'm4'),
  isPrivate: fc.constantFrom(false, false, false, false, true),
  automated: fc.constantFrom(null, null, false, false, true),
}).map(({ sender, agent, id, isPrivate, automated }) => ({
  event_type: 'message.received',
  message_id: id === 'm1' && (sender !== 'customer' || isPrivate) ? 'm2' : id,
  sender: { type: sender, telegram_user_id: sender === 'customer' ? 7 : null, username: sender === 'bot' ? 'helpful_bot' : null, agent_id: sender === 'customer' ? null : agent },
  content: { text: isPrivate ? null : 'text', content_type: 'text', files: id === 'm4' ? [photo, { ...photo, file_size: null }] : [] },
  is_private: isPrivate,
  is_automated: automated,
  sent_at: 0,
}));

function statusTo(name: fc.Arbitrary<string>): fc.Arbitrary<Body> {
  return fc.record({
    from: fc.constantFrom<(string | null)[]>(null, null, 'new', 'open', 'OPEN', 'solved', 'pending', 'spam', 'in-progress'),
    to: name,
    by: person,
  }).map(({ from, to, by }) => ({
    event_type: 'status.changed', previous_status: from, new_status: to, changed_by: by, changed_at: 0,
  }));
}

const assignment: fc.Arbitrary<Body> = fc.record({
  agent: agentId,
  queue: fc.constantFrom<(string | null)[]>(...queues, null),
  name: fc.constantFrom(null, 'A. N.', 'Team Tech'),
  by: person,
}).map(({ agent, queue, name, by }) => ({
  event_type: 'agent.assigned',
  assignee: { agent_id: agent, group_id: queue, name },
  previous_assignee: name === null ? nobody : { agent_id: 'ben', group_id: 'billing', name },
  assigned_by: by,
  routing_rule: by.type === 'routing_rule' ? 'by language' : null,
  assigned_at: 0,
}));

const escalation: fc.Arbitrary<Body> = fc.record({
  metric: fc.constantFrom('first_response_time', 'resolution_time', 'mood'),
  level: fc.constantFrom('2', 'management'),
  policy: fc.constantFrom({ id: 'esc-1', name: null }, { id: 'esc-2', name: 'Too late' }),
  elapsed: fc.constantFrom(null, 0, 4000, -(2 ** 52)),
  to: fc.constantFrom({ type: null, id: null }, { type: 'agent', id: 'cleo' }, { type: 'group', id: 'tech' }),
}).map(({ metric, level, policy, elapsed, to }) => ({
  event_type: 'escalation.fired',
  policy,
  breached_metric: metric,
  threshold_seconds: level === '2' ? 3600 : GREATEST_LONG,
  elapsed_seconds: elapsed,
  level,
  escalated_to: to,
  fired_at: 0,
}));

function moves(body: fc.Arbitrary<Body>, max: number, instantsUsed = 12): fc.Arbitrary<Move[]> {
  return fc.array(fc.record({ instant: fc.nat({ max: instantsUsed - 1 }), skew, body }), { maxLength: max });
}

/** Telegram times have whole seconds: several status changes in one instant, often with whatever else a rule does then. */
const burst: fc.Arbitrary<Move[]> = fc.record({
  instant: fc.nat({ max: 11 }),
  bodies: fc.array(fc.oneof(
    { weight: 5, arbitrary: statusTo(fc.constantFrom('open', 'pending', 'solved', 'spam', 'closed')) }, { weight: 1, arbitrary: statusTo(anyStatus) },
    { weight: 1, arbitrary: assignment }, { weight: 1, arbitrary: message }), { minLength: 2, maxLength: 6 }),
}).map(({ instant, bodies }) => bodies.map((body) => ({ instant, skew: 0, body })));

/** A storm of assignments, a chain of solves, discards and reopens, pauses that queues and replies meet in few instants, or a bit of everything. */
const course: fc.Arbitrary<Move[]> = fc.oneof(
  { weight: 4, arbitrary: moves(fc.oneof(message, message, message, statusTo(anyStatus), assignment, escalation), 14) },
  { weight: 1, arbitrary: moves(fc.oneof(assignment, assignment, assignment, message), 12) },
  { weight: 1, arbitrary: moves(fc.oneof(statusTo(fc.constantFrom('solved', 'open', 'closed', 'pending', 'spam')), statusTo(fc.constantFrom('solved', 'open', 'merged')), message), 12) },
  { weight: 1, arbitrary: moves(fc.oneof(statusTo(fc.constantFrom('pending', 'open', 'on hold', 'pending', 'solved', 'spam')), assignment, message), 10, 4) },
);

/** Usually one creation at any instant (so events may precede it), sometimes none, sometimes two. */
const ticketPlan: fc.Arbitrary<TicketPlan> = fc.record({
  integration: fc.constantFrom('crm-a', 'crm-b'),
  ticket: fc.constantFrom('TKT-1', 'TKT-2', 'TKT-3'),
  creations: fc.oneof(
    { weight: 6, arbitrary: fc.record({ instant: fc.constantFrom(0, 0, 0, 1, 3), skew, body: creation }).map((m) => [m]) },
    { weight: 3, arbitrary: moves(creation, 2) },
  ),
  course,
  bursts: fc.oneof({ weight: 3, arbitrary: fc.constant<Move[][]>([]) }, { weight: 2, arbitrary: fc.array(burst, { minLength: 1, maxLength: 2 }) }),
  isHonest: fc.boolean(),
}).map(({ integration, ticket, creations, course: rest, bursts, isHonest }) => ({ integration, ticket, moves: [...creations, ...rest, ...bursts.flat()], isHonest }));

/** Sorted, so that instant 0 is the earliest; many lie close together or coincide. */
const instants: fc.Arbitrary<number[]> = fc.array(
  fc.record({
    slot: fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: historySpan / quarter })),
    offset: fc.constantFrom(0, 0, 0, 0, 500, 999, 1_000, 60_000, 599_999, 600_000, 600_001),
  }),
  { minLength: 1, maxLength: 12 },
).map((list) => list.map(({ slot, offset }) => baseTime + slot * quarter + offset).sort((a, b) => a - b));

function uuidFrom(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  const variant = '89ab'[Number.parseInt(hex.slice(16, 17), 16) % 4] ?? '8';
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export function withBodyTime<B extends Body>(body: B, at: number): B {
  switch (body.event_type) {
    case 'ticket.created': return { ...body, created_at: at };
    case 'message.received': return { ...body, sent_at: at };
    case 'status.changed': return { ...body, changed_at: at };
    case 'agent.assigned': return { ...body, assigned_at: at };
    case 'escalation.fired': return { ...body, fired_at: at };
  }
}

interface Draft {
  plans: TicketPlan[];
  instants: number[];
  idSeed: number;
  sharedIds: boolean;
  duplicates: { of: number; bodyOf: number }[];
  arrival: number[];
  nowAfter: number;
  cutInstant: number;
  cutShift: number;
  knownShare: number;
}

function eventsOf(draft: Draft): CrmEvent[] {
  return draft.plans.flatMap((plan, planNo) => {
    const events = eventsOfPlan(draft, plan, planNo);
    return plan.isHonest ? naming(events) : events;
  });
}

function eventsOfPlan(draft: Draft, plan: TicketPlan, planNo: number): CrmEvent[] {
  return plan.moves.map((move, moveNo): CrmEvent => {
    const timestamp = draft.instants[move.instant % draft.instants.length] ?? baseTime;
    return {
      ...withBodyTime(move.body, timestamp + move.skew),
      event_id: uuidFrom(`${draft.idSeed} ${draft.sharedIds ? '' : planNo} ${moveNo}`),
      ticket_id: plan.ticket,
      source: { platform: 'testcrm', integration_id: plan.integration, environment: 'production' },
      timestamp,
      version: '1.2',
      extra: moveNo % 7 === 3 ? { '/payload/mood': '"good"' } : {},
      kafka_offset: 0,
      received_at: 0,
    };
  });
}

/** The same identity once more: often with the same body, sometimes with that of another event. */
function duplicatesOf(draft: Draft, events: readonly CrmEvent[]): CrmEvent[] {
  return draft.duplicates.flatMap(({ of, bodyOf }) => {
    const original = events[of % Math.max(1, events.length)];
    const other = bodyOf % 3 === 0 ? original : events[bodyOf % Math.max(1, events.length)];
    if (!original || !other) return [];
    return [{ ...other, event_id: original.event_id, ticket_id: original.ticket_id, source: original.source }];
  });
}

function arrange(draft: Draft): History {
  const events = eventsOf(draft);
  const sent = [...events, ...duplicatesOf(draft, events)];
  const arrived = sent
    .map((event, i) => ({ event, rank: draft.arrival[i % Math.max(1, draft.arrival.length)] ?? 0 }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ event }, i): CrmEvent => ({
      ...event,
      kafka_offset: i,
      received_at: baseTime + Math.floor((historySpan * i) / sent.length),
    }));
  const cut = draft.instants[draft.cutInstant % draft.instants.length] ?? baseTime;
  return {
    events: arrived,
    now: baseTime + historySpan + day + draft.nowAfter,
    asOf: cut + draft.cutShift,
    knownAt: baseTime + Math.floor((historySpan * draft.knownShare) / 10),
  };
}

/** A few tickets of two integrations; a ticket_id may occur in both. */
export const histories: fc.Arbitrary<History> = fc.record({
  plans: fc.array(ticketPlan, { minLength: 1, maxLength: 4 }),
  instants,
  idSeed: fc.nat({ max: 1000 }),
  sharedIds: fc.boolean(),
  duplicates: fc.array(fc.record({ of: fc.nat(), bodyOf: fc.nat() }), { maxLength: 4 }),
  arrival: fc.array(fc.nat({ max: 50 }), { minLength: 1, maxLength: 40 }),
  nowAfter: fc.constantFrom(0, 1, 999, 43_200_000, 8 * day + 500),
  cutInstant: fc.nat({ max: 11 }),
  cutShift: fc.constantFrom(0, 0, -1, 1, quarter),
  knownShare: fc.nat({ max: 10 }),
}).map(arrange);
