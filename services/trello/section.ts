// What an integration says of its Trello board in DESTINATIONS_FILE.
import { defineSection } from '../destinations/section.ts';

export interface TrelloSection {
  readonly api_url: string;
  readonly key: string;
  readonly token: string;
  readonly board: string;
  readonly lists?: Readonly<Record<string, string>>;
  readonly members?: Readonly<Record<string, string>>;
  readonly private_notes: boolean;
  readonly requests_per_10_seconds: number;
  readonly ticket_url?: string;
}

const byName = (description: string) => ({ type: 'object', description, additionalProperties: { type: 'string', minLength: 1 } });

export const section = defineSection<TrelloSection>({
  name: 'trello',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['key', 'token', 'board'],
    properties: {
      api_url: { type: 'string', pattern: '^https?://', default: 'https://api.trello.com', description: 'Where the API is' },
      key: { type: 'string', minLength: 1, secret: true, description: 'API key of your Power-Up' },
      token: { type: 'string', minLength: 1, secret: true, description: 'Token of the member who writes the cards' },
      board: { type: 'string', pattern: '^[0-9a-zA-Z]{8,24}$', description: 'Id of the board, or the short one in its address: trello.com/b/<this>/…' },
      lists: byName('List by status, as the CRM calls it, or by category (new, open, pending, on_hold, solved, closed, discarded); a name or an id'),
      members: byName('Trello member (user name or id) by agent id of the CRM'),
      private_notes: { type: 'boolean', default: false, description: 'Whether private notes become comments, too, marked as such' },
      requests_per_10_seconds: { type: 'integer', minimum: 1, maximum: 10_000, default: 100, description: 'Trello’s limit for a token; a share of it when several processes use the token' },
      ticket_url: { type: 'string', pattern: '^https?://.*\\{ticket_id\\}', description: 'Address of a ticket in your CRM, with {ticket_id} in it' },
    },
  },
});
