// One ticket's life, told as events: who writes, who takes it, how long each step lasts.
// A pure function of the desk, the moment it opens and its own stream of randomness; steps move
// `now` forward and never look at other tickets.
import type { Json, JsonObject } from '../../../schemas/contract.ts';
import type { Agent, Desk, Group } from './cast.ts';
import { content, metadata } from './content.ts';
import { inDialect } from './dialects.ts';
import { compareEvents, iso, type CrmEvent, type EventType } from '../events.ts';
import { internalNotes, tongues, type Language, type Tongue } from './phrases.ts';
import type { Random } from '../random.ts';
import { groupOf, nextOnShift, type Customer } from './people.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

interface Life {
  readonly desk: Desk;
  readonly random: Random;
  readonly ticketId: string;
  readonly customer: Customer;
  readonly tongue: Tongue;
  readonly createdAt: number;
  readonly events: CrmEvent[];
  now: number;
  status: string;
  group: Group;
  agent: Agent | null;
  messageNumber: number;
  firstReplyAt: number | null;
  firstSolveAt: number | null;
}

interface Actor { readonly type: string; readonly id: string; readonly name?: string }
const agentActor = (agent: Agent): Actor => ({ type: 'agent', id: agent.id, name: agent.name });
const rule = (id: string): Actor => ({ type: 'automation_rule', id });
const actorJson = (actor: Actor): JsonObject => ({ type: actor.type, id: actor.id, ...(actor.name === undefined ? {} : { name: actor.name }) });

/** Body times come from the CRM's database, a moment before the webhook's clock. */
function emit(life: Life, type: EventType, at: number, fields: (bodyTime: string) => JsonObject): void {
  const { desk, random, ticketId } = life;
  const lead = random.chance(0.01) ? random.int(2_000, 90_000) : random.int(0, 400);
  const id: Json = desk.ticketIds === 'number' ? Number(ticketId) : ticketId;
  life.events.push({
    eventId: random.uuid(), eventType: type, integrationId: desk.integrationId, platform: desk.platform, ticketId, at,
    version: desk.version,
    payload: inDialect(desk.version, type, { ticket_id: id, ...fields(iso(at - lead)) }),
  });
}

/** Minutes pass; Telegram's messages land on whole seconds, so those round up and never go back. */
const wait = (life: Life, milliseconds: number): void => { life.now += Math.round(milliseconds); };
const onWholeSecond = (life: Life): number => { life.now = Math.ceil(life.now / SECOND) * SECOND; return life.now; };

function message(life: Life, sender: JsonObject, body: JsonObject, flags: { private?: boolean; automated?: boolean } = {}): void {
  const at = onWholeSecond(life);
  life.messageNumber += life.random.int(1, 4);
  emit(life, 'message.received', at, (sent_at) => ({
    message_id: String(life.messageNumber), sender, content: body, is_private: flags.private ?? false,
    is_automated: flags.automated ?? false, sent_at,
  }));
}

const agentSender = (agent: Agent): JsonObject => ({ type: 'agent', agent_id: agent.id, username: agent.username });
const customerSender = ({ fields }: Customer): JsonObject => ({
  type: 'customer', telegram_user_id: fields.telegram_user_id, ...(fields.username === undefined ? {} : { username: fields.username }),
});

function create(life: Life): void {
  const { random, customer } = life;
  const silent = random.chance(0.03);
  const body = content(life.desk, life.random, life.tongue.questions);
  const initial: JsonObject = { message_id: String(life.messageNumber), ...body };
  emit(life, 'ticket.created', life.now, (created_at) => ({
    customer: { ...customer.fields }, channel: customer.channel, ...(silent ? {} : { initial_message: initial }),
    metadata: metadata(life.desk, random), status: 'new', created_at, ...(random.chance(0.05) ? { priority: random.pick(['high', 'urgent']) } : {}),
  }));
  // Some CRMs repeat the opening message as an event of its own, under the same message id.
  if (silent || !random.chance(0.05)) return;
  emit(life, 'message.received', life.now, (sent_at) => ({
    message_id: String(life.messageNumber), sender: customerSender(customer), content: body,
    is_private: false, is_automated: false, sent_at,
  }));
}

function setStatus(life: Life, status: string, by: Actor): void {
  const previous = life.status;
  if (previous === status) return;
  life.status = status;
  // Never two in one instant: their order would be up to their ids.
  wait(life, life.random.int(1, 900));
  emit(life, 'status.changed', life.now, (changed_at) => ({
    previous_status: previous, new_status: status, changed_by: actorJson(by), changed_at,
  }));
}

const assigneeJson = (group: Group, agent: Agent | null): JsonObject => ({
  group_id: group.id, ...(agent === null ? { name: group.name } : { agent_id: agent.id, name: agent.name }),
});

function assign(life: Life, group: Group, agent: Agent | null, by: Actor): void {
  const first = !life.events.some((event) => event.eventType === 'agent.assigned');
  const previous = first ? null : assigneeJson(life.group, life.agent);
  life.group = group;
  life.agent = agent;
  emit(life, 'agent.assigned', life.now, (assigned_at) => ({
    assignee: assigneeJson(group, agent), previous_assignee: previous, assigned_by: actorJson(by),
    ...(by.type === 'routing_rule' ? { routing_rule: by.id } : {}), assigned_at,
  }));
}

/** Somebody of the group who is on shift takes the ticket, sooner or later. */
function takeOver(life: Life): Agent {
  const { random, desk, group } = life;
  const { agent, at } = nextOnShift(desk, group, life.now, random);
  life.now = Math.max(life.now, at);
  wait(life, random.around(group.answerMinutes * agent.pace * 0.6, 0.9) * MINUTE);
  assign(life, group, agent, agentActor(agent));
  wait(life, random.int(0, 2_000));
  if (['new', 'open'].includes(life.status)) setStatus(life, life.desk.version === '1.0' ? 'in_progress' : 'open', agentActor(agent));
  return agent;
}

function reply(life: Life, holder: Agent): void {
  const { random, desk } = life;
  const present = nextOnShift(desk, life.group, life.now, random, holder);
  life.now = Math.max(life.now, present.at);
  wait(life, random.around(life.group.answerMinutes * holder.pace * 0.4, 1) * MINUTE);
  // A colleague answers now and then without taking the ticket.
  const author = random.chance(0.07) ? nextOnShift(desk, life.group, life.now, random).agent : holder;
  const bubbles = random.weighted([0, 62, 26, 12]);
  for (let i = 0; i < bubbles; i++) {
    message(life, agentSender(author), content(life.desk, life.random, life.tongue.replies));
    life.firstReplyAt ??= life.now;
    wait(life, random.int(4, 70) * SECOND);
  }
}

function note(life: Life, author: Agent): void {
  message(life, agentSender(author), { text: life.random.pick(internalNotes), content_type: 'text' }, { private: true });
  wait(life, life.random.int(5, 240) * SECOND);
}

function customerWrites(life: Life, medianMinutes: number): void {
  const { random } = life;
  wait(life, random.around(medianMinutes, 1.2) * MINUTE);
  const bubbles = random.weighted([0, 60, 22, 12, 6]);
  for (let i = 0; i < bubbles; i++) {
    message(life, customerSender(life.customer), content(life.desk, life.random, life.tongue.followUps));
    wait(life, random.int(1, 25) * SECOND);
  }
  if (['pending', 'waiting'].includes(life.status)) setStatus(life, 'open', rule('reopen-on-reply'));
}

/** The ticket moves to another group, with a note for those who get it. */
function handOn(life: Life, holder: Agent): Agent {
  const next = groupOf(life.desk, life.group.handsOnTo);
  if (next === null) return holder;
  if (life.random.chance(0.7)) note(life, holder);
  // To a person whom the holder knows, or to the group.
  if (life.random.chance(0.4)) return handOver(life, next, holder, agentActor(holder));
  assign(life, next, null, agentActor(holder));
  return takeOver(life);
}

function handOver(life: Life, group: Group, holder: Agent, by: Actor): Agent {
  const { agent, at } = nextOnShift(life.desk, group, life.now, life.random);
  if (agent === holder) return holder;
  life.now = Math.max(life.now, at);
  assign(life, group, agent, by);
  return agent;
}

function holdForOthers(life: Life, holder: Agent): void {
  setStatus(life, 'on_hold', agentActor(holder));
  wait(life, life.random.around(7, 0.8) * HOUR);
  setStatus(life, 'open', agentActor(holder));
}

/** The shift ends with the ticket open: a colleague gets it, or it goes back to the queue and somebody takes it. */
function leaveAtShiftEnd(life: Life, holder: Agent): Agent {
  if (life.random.chance(0.4)) return handOver(life, life.group, holder, rule('shift-end'));
  assign(life, life.group, null, rule('shift-end'));
  return takeOver(life);
}

function solve(life: Life, holder: Agent): void {
  const { random } = life;
  if (random.chance(0.15)) {
    setStatus(life, 'pending', agentActor(holder));
    wait(life, 48 * HOUR + random.int(0, 300) * SECOND);
    setStatus(life, 'resolved', rule('solve-silent-after-48h'));
  } else {
    wait(life, random.around(2, 1) * MINUTE);
    setStatus(life, 'resolved', agentActor(holder));
  }
  life.firstSolveAt ??= life.now;
  if (!random.chance(0.3)) return;
  wait(life, random.around(6, 1.2) * MINUTE);
  message(life, customerSender(life.customer), { text: random.pick(life.tongue.thanks), content_type: 'text' });
}

function converse(life: Life, first: Agent): Agent {
  const { random } = life;
  let holder = first;
  for (let round = 0; round < 7; round++) {
    if (random.chance(0.11)) holder = handOn(life, holder);
    if (random.chance(0.18)) note(life, holder);
    reply(life, holder);
    if (random.chance(0.05)) holdForOthers(life, holder);
    if (random.chance(0.55)) break;
    if (random.chance(0.4)) setStatus(life, 'pending', agentActor(holder));
    customerWrites(life, 35);
    const back = nextOnShift(life.desk, life.group, life.now, random, holder).at;
    if (back - life.now > 4 * HOUR && random.chance(0.6)) holder = leaveAtShiftEnd(life, holder);
  }
  return holder;
}

function route(life: Life): void {
  const { random } = life;
  wait(life, random.int(300, 4_000));
  if (random.chance(0.6)) {
    message(life, { type: 'bot', username: 'welcome_bot' }, { text: life.tongue.greeting, content_type: 'text' }, { automated: true });
  }
  if (random.chance(0.06)) return; // nobody's rule matched: a person picks it up later
  wait(life, random.int(50, 5_000));
  assign(life, life.group, null, { type: 'routing_rule', id: `by-topic:${life.group.id}` });
}

/** Policies of the CRM itself: now and then one forgets to fire, or fires for nothing. */
function escalate(life: Life): void {
  const { random, desk, createdAt } = life;
  const { firstResponse, resolution } = desk.escalateAfter;
  const target = groupOf(desk, life.group.handsOnTo) ?? life.group;
  const fire = (metric: string, threshold: number, level: string, share: number): void => {
    if (!random.chance(share)) return;
    const lag = random.chance(0.05) ? random.int(600, 7_200) : random.int(0, 60);
    emit(life, 'escalation.fired', createdAt + (threshold + lag) * SECOND, (fired_at) => ({
      policy: { id: `${metric}-${threshold}s`, name: `${metric.replaceAll('_', ' ')} over ${threshold / 60} min` },
      breached_metric: metric, threshold_seconds: threshold, elapsed_seconds: threshold + lag, level,
      escalated_to: { type: 'group', id: target.id }, fired_at,
    }));
  };
  const overdue = (at: number | null, threshold: number): boolean => (at ?? Infinity) - createdAt > threshold * SECOND;
  fire('first_response_time', firstResponse, '2', overdue(life.firstReplyAt, firstResponse) ? 0.93 : 0.003);
  fire('resolution_time', resolution, desk.version === '1.2' ? 'management' : '3', overdue(life.firstSolveAt, resolution) ? 0.9 : 0.002);
}

function live(life: Life): void {
  const { random } = life;
  create(life);
  route(life);
  if (random.chance(0.04)) {
    wait(life, random.int(20, 900) * SECOND);
    setStatus(life, 'closed', rule('spam-filter'));
    return;
  }
  if (random.chance(0.2)) customerWrites(life, 7);
  const holder = converse(life, takeOver(life));
  solve(life, holder);
  if (random.chance(0.11)) {
    customerWrites(life, 300);
    setStatus(life, 'open', rule('reopen-on-reply'));
    solve(life, converse(life, random.chance(0.3) ? leaveAtShiftEnd(life, holder) : holder));
  }
  wait(life, 48 * HOUR);
  setStatus(life, 'closed', rule('close-48h-after-solve'));
}

/** All events of one ticket in order, escalations included; what lies beyond the desk's end is not cut off here. */
export function ticketLife(desk: Desk, ticketId: string, customer: Customer, createdAt: number, random: Random): CrmEvent[] {
  const language: Language = customer.language;
  const group = desk.groups[random.weighted(desk.groups.map(({ weight }) => weight))];
  if (group === undefined) throw new RangeError(`${desk.integrationId} has no group`);
  const life: Life = {
    desk, random, ticketId, customer, tongue: tongues[language], createdAt, events: [], now: createdAt, status: 'new', group,
    agent: null, messageNumber: random.int(100, 900_000), firstReplyAt: null, firstSolveAt: null,
  };
  live(life);
  if (life.firstReplyAt !== null) escalate(life);
  return life.events.sort(compareEvents);
}
