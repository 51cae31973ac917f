// A history as the fold is given it: what the landing views and the desk's tables make of the same events and the same
// configuration, without a database.
import { groupBy } from '../../services/runtime/group-by.ts';
import type { TicketEvent } from '../../services/ticket/event.ts';
import type { OpenWindow } from '../../services/ticket/desk/business-clock.ts';
import { deskOf, type Desk, type DeskConfig } from '../../services/ticket/desk/desk.ts';
import { storyOf, type Story } from '../../services/ticket/story.ts';
import type { Policy } from '../../services/ticket/timers/policies.ts';
import { slaTimers, type Timer } from '../../services/ticket/timers/timers.ts';
import { deskRows } from '../integration/history-desk.ts';
import type { OracleConfig } from '../oracle/config.ts';
import { bodyTime, type Actor, type AgentAssigned, type CrmEvent, type EscalationFired, type MessageReceived, type StatusChanged, type TicketCreated } from '../oracle/events.ts';
import { historyCalendars } from '../oracle/history-config.ts';
import type { SlaPolicy } from '../oracle/sla.ts';

type Said = Partial<TicketEvent>;

const actor = ({ type, id }: Actor): Said => ({ actorType: type, actorId: id ?? '' });

function creation({ customer, channel, initial_message: message, status, metadata }: TicketCreated): Said {
  const { message_id, text, content_type, files } = message;
  return {
    actorType: 'customer', newStatus: status ?? '', messageId: message_id ?? '',
    hasMessage: message_id !== null || text !== null || content_type !== null || files.length > 0,
    creation: {
      customerTelegramUserId: customer.telegram_user_id, customerLanguageCode: customer.language_code ?? '',
      channelType: channel.type, channelChatId: channel.chat_id, channelTopicId: channel.topic_id ?? '', metadata: metadata ?? '',
    },
  };
}

const message = ({ sender, message_id, is_private, is_automated }: MessageReceived): Said =>
  ({ actorType: sender.type, actorId: sender.agent_id ?? '', hasMessage: true, messageId: message_id, isPrivate: is_private, isAutomated: is_automated ?? false });

const change = ({ changed_by, new_status, previous_status }: StatusChanged): Said => ({ ...actor(changed_by), newStatus: new_status, previousStatus: previous_status ?? '' });

const assignment = ({ assigned_by, assignee }: AgentAssigned): Said =>
  ({ ...actor(assigned_by), assigneeId: assignee.agent_id ?? '', groupId: assignee.group_id ?? '', assigneeName: assignee.name ?? '' });

const escalation = ({ policy, breached_metric, threshold_seconds, elapsed_seconds, level, escalated_to: to }: EscalationFired): Said => ({
  escalation: {
    policyId: policy.id, policyName: policy.name ?? '', breachedMetric: breached_metric, thresholdSeconds: threshold_seconds, elapsedSeconds: elapsed_seconds,
    level, escalatedToType: to.type ?? '', escalatedToId: to.id ?? '',
  },
});

function said(event: CrmEvent): Said {
  switch (event.event_type) {
    case 'ticket.created': return creation(event);
    case 'message.received': return message(event);
    case 'status.changed': return change(event);
    case 'agent.assigned': return assignment(event);
    case 'escalation.fired': return escalation(event);
  }
}

/** As the timeline holds it: absent texts are ''. */
export const ticketEventOf = (event: CrmEvent): TicketEvent => ({
  eventId: event.event_id, type: event.event_type, at: event.timestamp, receivedAt: event.received_at, bodyAt: bodyTime(event), partition: 0, offset: event.kafka_offset,
  actorType: '', actorId: '', hasMessage: false, messageId: '', isPrivate: false, isAutomated: false, newStatus: '', previousStatus: '',
  assigneeId: '', groupId: '', assigneeName: '', creation: null, escalation: null,
  ...said(event),
});

const instantOf = (text: unknown): number => Date.parse(`${String(text).replace(' ', 'T')}Z`);

const isAround = (year: number): boolean => year >= 2025 && year <= 2028;

/** Laid out once, by the code that reads an operator's file; only the years in which histories happen, for a desk is made of them each time. */
const calendars: Readonly<Record<string, readonly OpenWindow[]>> = Object.fromEntries(historyCalendars.map((calendar) => {
  const rows = deskRows([], { calendars: [calendar], defaultCalendars: {}, policies: [] }).get('calendar_windows') ?? [];
  return [calendar.calendar_id, rows.filter((row) => isAround(Number(String(row['open_from']).slice(0, 4)))).map((row) => ({
    openFrom: instantOf(row['open_from']), openTo: instantOf(row['open_to']), inForceFrom: instantOf(row['in_force_from']), inForceTo: instantOf(row['in_force_to']),
  }))];
}));

function policiesOf({ policy_id, versions }: SlaPolicy): Policy[] {
  const inOrder = [...versions].sort((a, b) => a.valid_from - b.valid_from);
  return inOrder.map((version, i) => {
    const { match = {}, first_response_seconds: first, next_response_seconds: next, resolution_seconds: resolution } = version;
    return {
      policyId: policy_id, version: version.version, inForceFrom: version.valid_from, inForceTo: inOrder[i + 1]?.valid_from ?? Infinity,
      queueIds: match.queue_ids ?? [], channelTypes: match.channel_types ?? [], languageCodes: match.language_codes ?? [],
      metadata: Object.fromEntries(Object.entries(match.metadata ?? {}).map(([name, value]) => [name, String(value)])),
      targetSeconds: {
        ...(first === undefined ? {} : { first_response: first }), ...(next === undefined ? {} : { next_response: next }),
        ...(resolution === undefined ? {} : { resolution }),
      },
      calendarId: version.calendar_id, pauseStatuses: version.pause_statuses,
    };
  });
}

function deskConfigOf({ defaultCalendars = {}, statusMaps = {}, policies = [] }: Omit<OracleConfig, 'now'>): DeskConfig {
  const byIntegration = new Map<string, Policy[]>();
  for (const policy of policies) byIntegration.set(policy.integration_id, [...(byIntegration.get(policy.integration_id) ?? []), ...policiesOf(policy)]);
  return { calendars, defaultCalendars, statuses: statusMaps, policies: Object.fromEntries(byIntegration) };
}

export interface Folded {
  readonly integration_id: string;
  readonly ticket_id: string;
  readonly desk: Desk;
  readonly story: Story;
  readonly timers: readonly Timer[];
}

/** Every ticket of a history, told by the fold. */
export function foldHistory(events: readonly CrmEvent[], config: Omit<OracleConfig, 'now'>): Folded[] {
  const desks = deskOf(deskConfigOf(config));
  const tickets = groupBy(events, ({ source, ticket_id }) => JSON.stringify([source.integration_id, ticket_id]));
  return [...tickets.values()].flatMap((told) => {
    const [first] = told;
    if (first === undefined) return [];
    const integration_id = first.source.integration_id;
    const desk = desks(integration_id);
    const story = storyOf(told.map(ticketEventOf), desk);
    return [{ integration_id, ticket_id: first.ticket_id, desk, story, timers: slaTimers(story, desk) }];
  });
}
