// Tells a ticket's events in a line each, for tests: created('10:00'), reply('10:05', 'lea'), …
// Offsets are the order of telling, event ids too, unless one says otherwise.
import type { DeskConfig } from '../desk/desk.ts';
import { deskOf } from '../desk/desk.ts';
import type { EventType, TicketEvent } from '../event.ts';
import { storyOf, type Story } from '../story.ts';
import { slaTimers, type Timer } from '../timers/timers.ts';

const MONDAY = Date.UTC(2026, 2, 2);

/** 'HH:MM' or 'HH:MM:SS' on Monday 2 March 2026, UTC; hours may go on past 24. */
export function time(clock: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = clock.split(':').map(Number);
  return MONDAY + ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

export const minutes = (n: number): number => n * 60_000;

type Detail = Partial<Omit<TicketEvent, 'type' | 'at'>>;
export type Telling = (index: number) => TicketEvent;

/** Everything that an event may have, empty. */
export function event(type: EventType, at: number, index: number, detail: Detail = {}): TicketEvent {
  return {
    eventId: `event-${String(index).padStart(3, '0')}`, type, at, receivedAt: at, bodyAt: at, partition: 0, offset: index,
    actorType: '', actorId: '', hasMessage: false, messageId: '', isPrivate: false, isAutomated: false,
    newStatus: '', previousStatus: '', assigneeId: '', groupId: '', assigneeName: '', creation: null, escalation: null,
    ...detail,
  };
}

const telling = (type: EventType, clock: string, detail: Detail): Telling => (index) => event(type, time(clock), index, detail);

const aCreation = { customerTelegramUserId: 42, customerLanguageCode: 'de', channelType: 'direct_message', channelChatId: '7', channelTopicId: '', metadata: '' };

/** With an initial message, unless it says otherwise. */
export const created = (clock: string, { creation, ...detail }: Omit<Detail, 'creation'> & { creation?: Partial<typeof aCreation> } = {}): Telling =>
  telling('ticket.created', clock, { actorType: 'customer', hasMessage: true, messageId: 'm0', creation: { ...aCreation, ...creation }, ...detail });

export const customer = (clock: string, detail: Detail = {}): Telling =>
  telling('message.received', clock, { actorType: 'customer', hasMessage: true, messageId: `m-${clock}`, ...detail });

export const reply = (clock: string, agent: string, detail: Detail = {}): Telling =>
  telling('message.received', clock, { actorType: 'agent', actorId: agent, hasMessage: true, messageId: `m-${clock}`, ...detail });

export const note = (clock: string, agent: string): Telling => reply(clock, agent, { isPrivate: true });

/** To an agent, to a group, to both, or with neither to nobody. */
export const assigned = (clock: string, assigneeId: string, groupId = '', detail: Detail = {}): Telling =>
  telling('agent.assigned', clock, { actorType: 'automation_rule', actorId: 'router', assigneeId, groupId, ...detail });

export const status = (clock: string, newStatus: string, detail: Detail = {}): Telling =>
  telling('status.changed', clock, { actorType: 'agent', actorId: 'lea', newStatus, ...detail });

export const escalated = (clock: string, detail: Detail = {}): Telling => telling('escalation.fired', clock, {
  escalation: { policyId: 'crm', policyName: '', breachedMetric: 'first_response_time', thresholdSeconds: 60, elapsedSeconds: null, level: '2', escalatedToType: '', escalatedToId: '' },
  ...detail,
});

export const eventsOf = (tellings: readonly Telling[]): TicketEvent[] => tellings.map((tell, index) => tell(index + 1));

/** The story under 24×7 and the built-in statuses. */
export const told = (...tellings: Telling[]): Story => storyOf(eventsOf(tellings), deskOf({})(''));

export const toldUnder = (config: DeskConfig, ...tellings: Telling[]): Story => storyOf(eventsOf(tellings), deskOf(config)(''));

export function timersUnder(config: DeskConfig, ...tellings: Telling[]): readonly Timer[] {
  const desk = deskOf(config)('');
  return slaTimers(storyOf(eventsOf(tellings), desk), desk);
}
