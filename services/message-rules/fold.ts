// Which messages of a ticket set off which rules: a function of the ticket's events in the order of the log, and of nothing else.
// So it is the same after a restart, on another machine and in a dry run; what was set off before needs not be remembered.
//
// The order of the log, not of event times: what comes late must not change what has been done.
import { compile, type Matcher, type Surroundings } from './match.ts';
import type { Rule, RulesSection } from './section.ts';

/** What the archive knows of an event that matters here. */
export interface TicketRow {
  readonly event_id: string;
  readonly event_type: string;
  readonly at_ms: number;
  readonly received_ms: number;
  readonly text: string | null;
  readonly message_id: string | null;
  readonly sender_type: string | null;
  readonly sender_telegram_user_id: number | null;
  readonly is_private: boolean | null;
  readonly is_automated: boolean | null;
  readonly language: string | null;
  readonly channel_type: string | null;
  readonly chat_id: string | null;
  readonly topic_id: string | null;
  readonly queue_id: string | null;
  readonly kafka_partition: number;
  readonly kafka_offset: number;
}

/** A ticket's events lie in one partition, in order; in two when partitions were added, the older ones in the first. */
export function inLogOrder(rows: readonly TicketRow[]): TicketRow[] {
  const firstSeen = new Map<number, number>();
  for (const { kafka_partition, received_ms } of rows) firstSeen.set(kafka_partition, Math.min(received_ms, firstSeen.get(kafka_partition) ?? Infinity));
  const rank = ({ kafka_partition }: TicketRow): number => firstSeen.get(kafka_partition) ?? 0;
  return rows.toSorted((a, b) => rank(a) - rank(b) || a.kafka_partition - b.kafka_partition || a.kafka_offset - b.kafka_offset);
}

/** What there was when an event was read: it and all before it; null when the event isn't there. */
export function upTo(rows: readonly TicketRow[], eventId: string): TicketRow[] | null {
  const ordered = inLogOrder(rows);
  const at = ordered.findIndex(({ event_id }) => event_id === eventId.toLowerCase());
  return at < 0 ? null : ordered.slice(0, at + 1);
}

export interface Firing {
  readonly rule: Rule;
  readonly row: TicketRow;
  /** The word or pattern, as configured. */
  readonly because: string;
  readonly chat: Chat | null;
}

export interface Chat {
  readonly chatId: string;
  readonly topicId: string | null;
  /** The message to reply to. */
  readonly messageId: string | null;
}

interface CompiledRule {
  readonly rule: Rule;
  readonly sinceMs: number;
  readonly matcher: Matcher;
}

export interface CompiledRules {
  readonly rules: readonly CompiledRule[];
  /** User ids of our own bots: what they wrote sets nothing off, under whose name it may come back. */
  readonly botIds: ReadonlySet<number>;
  readonly ownTexts: ReadonlySet<string>;
}

/** A bot of another integration is one of ours, too: both may be in one chat. */
export const botIdsOf = (sections: Iterable<Pick<RulesSection, 'bot_token'>>): Set<number> =>
  new Set([...sections].flatMap(({ bot_token: token }) => (token === undefined ? [] : [Number(token.split(':')[0])])));

/** @param all sections of all integrations. */
export function compileRules({ rules }: Pick<RulesSection, 'rules'>, all: Iterable<Pick<RulesSection, 'bot_token'>>): CompiledRules {
  return {
    rules: rules.map((rule) => ({ rule, sinceMs: Date.parse(rule.since), matcher: compile(rule.when) })),
    botIds: botIdsOf(all),
    ownTexts: new Set(rules.flatMap(({ then }) => then.flatMap((action) => ('reply' in action ? [action.reply.trim()] : 'notify' in action ? [action.notify.text.trim()] : [])))),
  };
}

export type Said = Pick<TicketRow, 'event_type' | 'text' | 'sender_type' | 'sender_telegram_user_id' | 'is_private' | 'is_automated'>;

/** Whose message it is; null for what sets nothing off: replies, bots, rules, and the echo of our own words. */
export function speakerOf({ event_type, text, sender_type, sender_telegram_user_id, is_private, is_automated }: Said, { botIds, ownTexts }: CompiledRules): Rule['from'] | null {
  if (text === null || text.trim() === '' || is_automated === true || ownTexts.has(text.trim())) return null;
  if (sender_telegram_user_id !== null && botIds.has(sender_telegram_user_id)) return null;
  if (event_type === 'ticket.created') return 'customer';
  if (event_type !== 'message.received') return null;
  if (is_private !== false) return is_private === true && sender_type === 'agent' ? 'note' : null;
  return sender_type === 'customer' ? 'customer' : null;
}

/** Whether a message could set a rule off by what it says: only then the ticket has to be looked at. */
export const mayFire = (said: Said, compiled: CompiledRules): boolean => {
  const speaker = speakerOf(said, compiled);
  return speaker !== null && compiled.rules.some(({ rule, matcher }) => rule.from === speaker && matcher.inText(said.text ?? '') !== null);
};

class Ticket {
  surroundings: Surroundings = { language: null, channel: null, queue: null };
  chat: Omit<Chat, 'messageId'> | null = null;
  opening: string | null = null;
  readonly #firedAt = new Map<string, readonly number[]>();

  /** What an event tells of the ticket. */
  learn({ event_type, language, channel_type, chat_id, topic_id, queue_id, message_id }: TicketRow): void {
    if (event_type === 'ticket.created' && this.chat === null) {
      this.surroundings = { ...this.surroundings, language, channel: channel_type };
      this.chat = chat_id === null ? null : { chatId: chat_id, topicId: topic_id };
      this.opening = message_id;
    }
    // An assignment that names no queue leaves the ticket where it is.
    if (event_type === 'agent.assigned' && queue_id !== null) this.surroundings = { ...this.surroundings, queue: queue_id };
  }

  /** Whether the rule is free, and if so it is not for a while. */
  take(rule: Rule, at: number): boolean {
    const before = this.#firedAt.get(rule.id) ?? [];
    const last = before.at(-1);
    if (last !== undefined && at < last + rule.once_per_seconds * 1_000) return false;
    if (mayBeAnswered(rule) && before.filter((time) => Math.abs(at - time) < DAY_MS).length >= MOST_ANSWERS_A_DAY) return false;
    this.#firedAt.set(rule.id, [...before, at]);
    return true;
  }
}

const DAY_MS = 86_400_000;
/** No ticket needs more of one rule; two machines that answer each other end here. */
const MOST_ANSWERS_A_DAY = 20;
/** What it does may come back as a message that sets it off, by somebody's machine that we don't know. */
const mayBeAnswered = ({ from, then }: Rule): boolean => from === 'note' || then.some((action) => 'reply' in action);

/** @param rows of one ticket, in the order of the log. */
export function firings(rows: readonly TicketRow[], compiled: CompiledRules): Firing[] {
  const ticket = new Ticket();
  return rows.flatMap((row) => {
    const repeatsOpening = row.event_type === 'message.received' && row.message_id !== null && row.message_id === ticket.opening;
    ticket.learn(row);
    const speaker = speakerOf(row, compiled);
    if (speaker === null || repeatsOpening) return [];
    return compiled.rules.flatMap(({ rule, sinceMs, matcher }): Firing[] => {
      if (rule.from !== speaker || row.received_ms < sinceMs || !matcher.around(ticket.surroundings, new Date(row.at_ms))) return [];
      const because = matcher.inText(row.text ?? '');
      if (because === null || !ticket.take(rule, row.at_ms)) return [];
      return [{ rule, row, because, chat: ticket.chat === null ? null : { ...ticket.chat, messageId: row.message_id } }];
    });
  });
}
