// What the destinations file says of an integration's Zendesk.
import { defineSection } from '../destinations/section.ts';

export const zendeskStatuses = ['new', 'open', 'pending', 'hold', 'solved', 'closed'] as const;
export type ZendeskStatus = (typeof zendeskStatuses)[number];

export interface ZendeskSection {
  readonly url: string;
  /** Of the user whose token it is. */
  readonly email: string;
  readonly api_token: string;
  /** By our status, as the CRM calls it; what is not here goes by its built-in category. */
  readonly statuses: Readonly<Record<string, ZendeskStatus>>;
  /** Zendesk's user id by our agent_id. */
  readonly agents: Readonly<Record<string, number>>;
  /** Zendesk's group id by our queue. */
  readonly groups: Readonly<Record<string, number>>;
  /** Whether private notes go along, as internal comments. */
  readonly private_notes: boolean;
  /** What the plan allows; others may use the same account. */
  readonly requests_per_minute: number;
}

const text = { type: 'string', minLength: 1 };
const idByName = { type: 'object', additionalProperties: { type: 'integer', minimum: 1 }, default: {} };

export const zendeskSection = defineSection<ZendeskSection>({
  name: 'zendesk',
  schema: {
    type: 'object', additionalProperties: false, required: ['url', 'email', 'api_token'],
    properties: {
      url: { type: 'string', pattern: '^https?://[^/]+$' }, email: text, api_token: { ...text, secret: true },
      statuses: { type: 'object', additionalProperties: { enum: zendeskStatuses }, default: {} },
      agents: idByName, groups: idByName,
      private_notes: { type: 'boolean', default: true },
      requests_per_minute: { type: 'integer', minimum: 1, maximum: 2_500, default: 150 },
    },
  },
});
