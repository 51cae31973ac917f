// The section `escalations` of an integration in DESTINATIONS_FILE: where escalations go, and which.
import { hoursSchema, problemsOfHours, type Hours } from '../destinations/hours.ts';
import { defineSection } from '../destinations/section.ts';
import { webhookSchema, type WebhookSettings } from '../destinations/signed-webhook.ts';
import { telegramSchema, type ChatId } from '../destinations/telegram.ts';
import { kinds, metrics, type Kind } from './alert.ts';

export const severities = ['critical', 'error', 'warning', 'info'] as const;
export type Severity = (typeof severities)[number];

export interface PagerDutySettings {
  readonly routing_key: string;
  readonly url: string;
}
export interface AlertmanagerSettings {
  readonly url: string;
  readonly labels: Readonly<Record<string, string>>;
}
export interface TelegramSettings {
  readonly bot_token: string;
  readonly chat_id: ChatId;
  readonly topic_id?: number;
  readonly group_wait_seconds: number;
  readonly url: string;
}
/** What is left out matches everything. */
export interface Matcher {
  readonly on?: readonly Kind[];
  readonly queues?: readonly string[];
  readonly levels?: readonly string[];
  readonly metrics?: readonly string[];
}
export interface Route extends Matcher {
  readonly on: readonly Kind[];
  readonly to: readonly string[];
  readonly hours?: Hours;
  readonly repeat?: { readonly after_minutes: number; readonly times: number };
}
export interface Silence extends Matcher {
  readonly from: string;
  readonly until: string;
  readonly reason: string;
}

export interface EscalationsSection {
  readonly pagerduty: Readonly<Record<string, PagerDutySettings>>;
  readonly alertmanager: Readonly<Record<string, AlertmanagerSettings>>;
  readonly telegram: Readonly<Record<string, TelegramSettings>>;
  readonly webhook: Readonly<Record<string, WebhookSettings>>;
  readonly routes: readonly Route[];
  readonly silences: readonly Silence[];
  readonly severities: Readonly<Record<string, Severity>>;
  readonly due_soon_minutes: number;
  readonly missed_after_minutes: number;
}

const texts = { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 } };
const address = (value?: string) => ({ type: 'string', pattern: '^https?://[^\\s/]+', ...(value === undefined ? {} : { default: value }) });
const object = (required: readonly string[], properties: object) => ({ type: 'object', additionalProperties: false, required, properties });
const named = (required: readonly string[], properties: object) => ({
  type: 'object', default: {}, propertyNames: { pattern: '^[A-Za-z0-9._-]{1,60}$' }, additionalProperties: object(required, properties),
});
const matcher = { queues: texts, levels: texts, metrics: { type: 'array', minItems: 1, items: { enum: metrics } } };
const kindsOf = { type: 'array', minItems: 1, uniqueItems: true, items: { enum: kinds } };
const instant = { type: 'string', format: 'date-time' };

const schema = object(['routes'], {
  pagerduty: named(['routing_key'], {
    routing_key: { type: 'string', pattern: '^[A-Za-z0-9]{32}$', secret: true },
    url: address('https://events.pagerduty.com'),
  }),
  alertmanager: named(['url'], {
    url: address(),
    labels: { type: 'object', default: {}, propertyNames: { pattern: '^[a-zA-Z_][a-zA-Z0-9_]*$' }, additionalProperties: { type: 'string' } },
  }),
  telegram: named(['bot_token', 'chat_id'], {
    bot_token: telegramSchema.token, chat_id: telegramSchema.chat, topic_id: telegramSchema.topic,
    group_wait_seconds: { type: 'number', minimum: 0, maximum: 600, default: 5 },
    url: telegramSchema.url,
  }),
  webhook: named(['url', 'signing_secret'], webhookSchema),
  routes: {
    type: 'array', minItems: 1,
    items: object(['to'], {
      to: texts, on: { ...kindsOf, default: ['escalated'] }, ...matcher,
      hours: hoursSchema,
      repeat: object(['after_minutes'], { after_minutes: { type: 'number', exclusiveMinimum: 0, maximum: 10_080 }, times: { type: 'integer', minimum: 1, maximum: 20, default: 3 } }),
    }),
  },
  silences: { type: 'array', default: [], items: object(['from', 'until', 'reason'], { from: instant, until: instant, reason: { type: 'string', minLength: 1 }, on: kindsOf, ...matcher }) },
  severities: { type: 'object', default: {}, additionalProperties: { enum: severities } },
  due_soon_minutes: { type: 'number', exclusiveMinimum: 0, maximum: 1_440, default: 15 },
  missed_after_minutes: { type: 'number', minimum: 0, maximum: 1_440, default: 5 },
});

const destinationsOf = ({ pagerduty, alertmanager, telegram, webhook }: EscalationsSection): string[] =>
  [pagerduty, alertmanager, telegram, webhook].flatMap((byName) => Object.keys(byName));

/** What a schema can't see. */
export function problemsOf(section: EscalationsSection): string[] {
  const names = destinationsOf(section);
  const twice = names.filter((name, place) => names.indexOf(name) !== place).map((name) => `/: two destinations have the name ${name}`);
  const unknown = section.routes.flatMap(({ to }, place) => to.filter((name) => !names.includes(name)).map((name) => `/routes/${place}/to: there is no destination ${name}`));
  const zones = section.routes.flatMap(({ hours }, place) => (hours === undefined ? [] : problemsOfHours(hours, `/routes/${place}/hours`)));
  const backwards = section.silences.flatMap(({ from, until }, place) => (Date.parse(from) < Date.parse(until) ? [] : [`/silences/${place}: until must be later than from`]));
  return [...twice, ...unknown, ...zones, ...backwards];
}

export const escalationsSection = defineSection<EscalationsSection>({ name: 'escalations', schema, problems: problemsOf });
