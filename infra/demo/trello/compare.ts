// Whether the cards say what the views say of their tickets: status and first response, every public message, assignment and file
// once, nothing private, and one card a ticket.
import { lastMarkIn, markOf } from '../../../services/destinations/marks.ts';
import type { StoredCard, TrelloStore } from './store.ts';

export interface TicketRow {
  readonly integration_id: string;
  readonly ticket_id: string;
  readonly status: string;
  readonly first_response_seconds: string | number | null;
  /** Ids of the events that are comments, and of those that must not be. */
  readonly told: readonly string[];
  readonly untold: readonly string[];
  /** Addresses. */
  readonly files: readonly string[];
}

/** The demo maps no agents to members, so that each assignment is a comment. */
export const ticketRows = `
SELECT integration_id, ticket_id, tickets.status AS status, tickets.first_response_seconds AS first_response_seconds, events.told AS told, events.untold AS untold, events.files AS files
FROM queue.tickets AS tickets
LEFT JOIN
(
    SELECT
        integration_id,
        ticket_id,
        groupArrayIf(event_id, event_type = 'agent.assigned' OR (event_type = 'message.received' AND is_private = false)) AS told,
        groupArrayIf(event_id, event_type = 'message.received' AND NOT ifNull(is_private = false, false)) AS untold,
        arrayDistinct(arrayFilter(address -> match(address, '(?i)^https?://'), arrayFlatten(groupArrayIf(
            arrayMap(file -> ifNull(file.file_url, ''), if(event_type = 'ticket.created', initial_message_files, content_files)), event_type = 'ticket.created' OR is_private = false)))) AS files
    FROM log.events
    WHERE integration_id IN {integrations:Array(String)}
    GROUP BY integration_id, ticket_id
) AS events USING (integration_id, ticket_id)
WHERE integration_id IN {integrations:Array(String)}`;

const twiceIn = (texts: readonly string[]): string[] => texts.filter((text, place) => texts.indexOf(text) !== place);
const ticketOf = (store: TrelloStore, card: StoredCard): string => ((JSON.parse(store.valueOf(card, 'Ticketstream') ?? '{}') as { ticket?: readonly string[] }).ticket ?? []).join('/');

/** Of a long message the parts that come after the first. */
const MOST_PARTS = 100;
const laterParts = (effect: string): string[] => Array.from({ length: MOST_PARTS }, (_, index) => markOf(effect, String(index + 1)));

function wrongComments(card: StoredCard, { integration_id, ticket_id, told, untold }: TicketRow): string[] {
  const marks = card.comments.map(({ text }) => lastMarkIn(text) ?? '');
  const effects = (events: readonly string[]): string[] => events.map((event) => `${integration_id}/${ticket_id}/${event}`);
  const wanted = effects(told).map((effect) => markOf(effect));
  const others = marks.filter((mark) => !wanted.includes(mark));
  const parts = new Set(others.length === 0 ? [] : effects(told).flatMap(laterParts));
  const hidden = new Set(effects(untold).flatMap((effect) => [markOf(effect), ...(others.length === 0 ? [] : laterParts(effect))]));
  const counts = {
    'comments are missing': wanted.filter((mark) => !marks.includes(mark)).length,
    'comments are there twice': twiceIn(marks).length,
    'private notes are there': others.filter((mark) => hidden.has(mark)).length,
    'comments are of no event': others.filter((mark) => !parts.has(mark) && !hidden.has(mark)).length,
  };
  return Object.entries(counts).filter(([, count]) => count > 0).map(([what, count]) => `${count} ${what}`);
}

function wrongFiles({ attachments }: StoredCard, { files }: TicketRow): string[] {
  const there = attachments.map(({ url }) => url);
  const wrong = files.filter((url) => !there.includes(url)).length + there.filter((url) => !files.includes(url)).length + twiceIn(there).length;
  return wrong === 0 ? [] : [`${wrong} files differ`];
}

/** A line for each ticket that differs, and each card of no ticket. */
export function differences(store: TrelloStore, rows: readonly TicketRow[]): string[] {
  const cards = new Map<string, StoredCard[]>();
  for (const card of store.cards.values()) cards.set(ticketOf(store, card), [...cards.get(ticketOf(store, card)) ?? [], card]);
  const found = rows.flatMap((row) => {
    const name = `${row.integration_id}/${row.ticket_id}`;
    const [card, ...others] = cards.get(name) ?? [];
    cards.delete(name);
    if (card === undefined) return [`${name}: no card`];
    const [said, expected] = [
      `${store.valueOf(card, 'Ticket Status') ?? ''}, ${store.valueOf(card, 'First Response Time') ?? 'none'}`,
      `${row.status}, ${row.first_response_seconds ?? 'none'}`,
    ];
    const wrong = [...(others.length === 0 ? [] : [`${others.length + 1} cards`]), ...(said === expected ? [] : [`${said} instead of ${expected}`]), ...wrongComments(card, row), ...wrongFiles(card, row)];
    return wrong.length === 0 ? [] : [`${name}: ${wrong.join('; ')}`];
  });
  return [...found, ...[...cards.values()].flat().map(({ name }) => `${name}: a card of no ticket`)];
}

/** What there is, for people. */
export function counted(store: TrelloStore): string {
  const all = [...store.cards.values()];
  const sum = (of: (card: StoredCard) => number): number => all.reduce((total, card) => total + of(card), 0);
  return `${all.length} cards with ${sum(({ comments }) => comments.length)} comments and ${sum(({ attachments }) => attachments.length)} files`;
}
