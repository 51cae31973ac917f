// What the destinations file says of an integration's rules on messages.
import { RE2JS } from 're2js';
import { Webhook } from 'standardwebhooks';
import { hoursSchema, problemsOfHours, type Hours } from '../destinations/hours.ts';
import { defineSection } from '../destinations/section.ts';

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
  | { readonly notify: { readonly chat_id: number | string; readonly topic_id?: number; readonly text: string } }
  | { readonly webhook: { readonly url: string; readonly signing_secret: string; readonly data?: Readonly<Record<string, unknown>>; readonly with_text?: boolean } };

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
const chat = { type: ['integer', 'string'] };

const conditions = {
  type: 'object', additionalProperties: false,
  anyOf: [{ required: ['words'] }, { required: ['patterns'] }],
  properties: {
    words: texts, languages: texts, queues: texts, channels: texts,
    patterns: { type: 'array', minItems: 1, maxItems: 50, items: { ...text, maxLength: 500 } },
    hours: hoursSchema,
  },
};

const actions = {
  type: 'array', minItems: 1, maxItems: 10,
  items: {
    type: 'object',
    oneOf: [
      { additionalProperties: false, required: ['reply'], properties: { reply: { ...text, maxLength: 4_096 } } },
      {
        additionalProperties: false, required: ['notify'],
        properties: { notify: { type: 'object', additionalProperties: false, required: ['chat_id', 'text'], properties: { chat_id: chat, topic_id: { type: 'integer' }, text: { ...text, maxLength: 3_000 } } } },
      },
      {
        additionalProperties: false, required: ['webhook'],
        properties: {
          webhook: {
            type: 'object', additionalProperties: false, required: ['url', 'signing_secret'],
            properties: { url: { type: 'string', pattern: '^https?://' }, signing_secret: { ...text, secret: true }, data: { type: 'object' }, with_text: { type: 'boolean' } },
          },
        },
      },
    ],
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

function isSigningSecret(secret: string): boolean {
  try {
    return new Webhook(secret).sign('m', new Date(0), '') !== '';
  } catch {
    return false;
  }
}

function problemsOfRule({ when, then }: Rule, place: string, hasBot: boolean): string[] {
  return [
    ...(when.patterns ?? []).flatMap((pattern, index) => (compiles(pattern) ? [] : [`${place}/when/patterns/${index} is no expression of RE2 (it has no look-around and no back-references)`])),
    ...(when.hours === undefined ? [] : problemsOfHours(when.hours, `${place}/when/hours`)),
    ...then.flatMap((action, index) => {
      if ('webhook' in action) return isSigningSecret(action.webhook.signing_secret) ? [] : [`${place}/then/${index}/webhook/signing_secret must be base64, with or without whsec_ before it`];
      return hasBot ? [] : [`${place}/then/${index} needs bot_token (or bot_token_file)`];
    }),
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
      bot_token: { type: 'string', pattern: '^\\d+:[A-Za-z0-9_-]+$', secret: true },
      telegram_url: { type: 'string', pattern: '^https?://', default: 'https://api.telegram.org' },
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
