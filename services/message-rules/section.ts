// What the destinations file says of an integration's rules on messages.
import { RE2JS } from 're2js';
import { hoursSchema, problemsOfHours, type Hours } from '../destinations/hours.ts';
import { defineSection } from '../destinations/section.ts';
import { webhookSchema, type WebhookSettings } from '../destinations/signed-webhook.ts';
import { telegramSchema, type ChatId } from '../destinations/telegram.ts';

/** All that are given must hold; within each, one is enough. */
export interface Conditions {
  /** Whole words or phrases, whatever their case. */
  readonly words?: readonly string[];
  /** In RE2's syntax. */
  readonly patterns?: readonly string[];
  readonly languages?: readonly string[];
  readonly queues?: readonly string[];
  readonly channels?: readonly string[];
  readonly hours?: Hours;
}

export type Action =
  | { readonly reply: string }
  | { readonly notify: { readonly chat_id: ChatId; readonly topic_id?: number; readonly text: string } }
  | { readonly webhook: WebhookSettings & { readonly data?: Readonly<Record<string, unknown>>; readonly with_text?: boolean } };

export interface Rule {
  readonly id: string;
  /** Messages received before are nothing to it: they start nothing, and count for nothing. */
  readonly since: string;
  /** Whose messages: the customer's, or agents' private notes. */
  readonly from: 'customer' | 'note';
  readonly when: Conditions;
  /** After it did something for a ticket, it does nothing for so long, by event time. */
  readonly once_per_seconds: number;
  readonly then: readonly Action[];
}

export interface RulesSection {
  readonly bot_token?: string;
  readonly telegram_url: string;
  /** A message that could not be handled for so long since its receipt is left alone: nobody wants yesterday's answer. */
  readonly max_age_seconds: number;
  readonly rules: readonly Rule[];
}

const text = { type: 'string', minLength: 1 };
const texts = { type: 'array', minItems: 1, maxItems: 200, items: { ...text, maxLength: 200 } };

const conditions = {
  type: 'object', additionalProperties: false,
  anyOf: [{ required: ['words'] }, { required: ['patterns'] }],
  properties: {
    words: texts, languages: texts, queues: texts, channels: texts,
    patterns: { type: 'array', minItems: 1, maxItems: 50, items: { ...text, maxLength: 500 } },
    hours: hoursSchema,
  },
};

const object = (required: readonly string[], properties: object) => ({ type: 'object', additionalProperties: false, required, properties });

const actions = {
  type: 'array', minItems: 1, maxItems: 10,
  items: {
    // Exactly one of them. (A oneOf would tell what is wrong with the other two as well.)
    ...object([], {
      reply: { ...text, maxLength: 4_096 },
      notify: object(['chat_id', 'text'], { chat_id: telegramSchema.chat, topic_id: telegramSchema.topic, text: { ...text, maxLength: 3_000 } }),
      webhook: object(['url', 'signing_secret'], { ...webhookSchema, data: { type: 'object' }, with_text: { type: 'boolean' } }),
    }),
    minProperties: 1, maxProperties: 1,
  },
};

function compiles(pattern: string): boolean {
  try {
    RE2JS.compile(pattern);
    return true;
  } catch {
    return false;
  }
}

function problemsOfRule({ when, then }: Rule, place: string, hasBot: boolean): string[] {
  return [
    ...(when.patterns ?? []).flatMap((pattern, index) => (compiles(pattern) ? [] : [`${place}/when/patterns/${index} is no expression of RE2 (it has no look-around and no back-references)`])),
    ...(when.hours === undefined ? [] : problemsOfHours(when.hours, `${place}/when/hours`)),
    ...then.flatMap((action, index) => ('webhook' in action || hasBot ? [] : [`${place}/then/${index} needs bot_token (or bot_token_file)`])),
  ];
}

function problems({ rules, bot_token }: RulesSection): string[] {
  const ids = rules.map(({ id }) => id);
  return [
    ...ids.flatMap((id, index) => (ids.indexOf(id) === index ? [] : [`/rules/${index}/id is that of another rule`])),
    ...rules.flatMap((rule, index) => problemsOfRule(rule, `/rules/${index}`, bot_token !== undefined)),
  ];
}

export const rulesSection = defineSection<RulesSection>({
  name: 'message_rules',
  problems,
  schema: {
    type: 'object', additionalProperties: false, required: ['rules'],
    properties: {
      bot_token: telegramSchema.token,
      telegram_url: telegramSchema.url,
      max_age_seconds: { type: 'integer', minimum: 1, default: 3_600 },
      rules: {
        type: 'array', maxItems: 200,
        items: {
          type: 'object', additionalProperties: false, required: ['id', 'since', 'when', 'then'],
          properties: {
            id: { type: 'string', pattern: '^[a-z0-9][a-z0-9-]{0,62}$' }, since: { type: 'string', format: 'date-time' },
            from: { enum: ['customer', 'note'], default: 'customer' },
            when: conditions, once_per_seconds: { type: 'integer', minimum: 0, default: 86_400 }, then: actions,
          },
        },
      },
    },
  },
});
