// Does what an integration's rules say about its messages: answers, tells others, asks the CRM to change something.
import { setTimeout as sleep } from 'node:timers/promises';
import { ticketEvents, type MessageReceived, type TicketCreated } from '../../schemas/events.ts';
import { defineDestination } from '../destinations/consumer.ts';
import { url } from '../runtime/config.ts';
import { retryLater } from '../runtime/consumer.ts';
import { Actor } from './act.ts';
import { archiveAt, type Archive } from './archive.ts';
import { botIdsOf, compileRules, firings, mayFire, upTo, type CompiledRules, type Said, type TicketRow } from './fold.ts';
import { rulesSection, type RulesSection } from './section.ts';

export function saidIn(event: TicketCreated | MessageReceived): Said {
  if (event.event_type === 'ticket.created') return { event_type: event.event_type, text: event.initial_message.text, sender_type: null, sender_telegram_user_id: event.customer.telegram_user_id, is_private: null, is_automated: null };
  const { event_type, sender, content, is_private, is_automated } = event;
  return { event_type, text: content.text, sender_type: sender.type, sender_telegram_user_id: sender.telegram_user_id, is_private, is_automated };
}

const botIds = new WeakMap<object, ReadonlySet<number>>();

/** With the bots of all integrations as they are now. */
function withBots(compiled: CompiledRules, sections: ReadonlyMap<string, RulesSection>): CompiledRules {
  const ids = botIds.get(sections) ?? botIdsOf(sections.values());
  botIds.set(sections, ids);
  return { ...compiled, botIds: ids };
}

const LOOKS = 10;
const LOOK_EVERY_MS = 300;

/** The archive has a ticket's events in the log's order: with this one, it has all that came before. It is a second behind the log, as a rule. */
async function upToNow(archive: Archive, { integrationId, ticketId, eventId }: { readonly integrationId: string; readonly ticketId: string; readonly eventId: string }, signal: AbortSignal): Promise<TicketRow[] | null> {
  for (let look = 1; ; look++) {
    const rows = upTo(await archive.ticket(integrationId, ticketId), eventId);
    if (rows !== null || look === LOOKS) return rows;
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

export const consumer = defineDestination(ticketEvents, {
  name: 'message-rules',
  section: rulesSection,
  events: ['ticket.created', 'message.received'],
  concurrency: 32, // a message that matches waits for the archive, up to a second
  from: 'latest', // nobody wants an answer to what was written before the rules were
  settings: {
    CLICKHOUSE_URL: { parse: url, default: 'http://127.0.0.1:8123', doc: 'ClickHouse HTTP endpoint: what a ticket is, and what rules have done; user and password may be part of the URL', secret: true },
  },
  connect: ({ section, api, logger }) => ({ compiled: compileRules(section, [section]), actor: new Actor(section, api, logger) }),
  async handle(event, { section, sections, destination, config, receivedAt, signal, logger }) {
    const [compiled, { actor }] = [withBots(destination.compiled, sections), destination];
    if (!mayFire(saidIn(event), compiled)) return undefined;
    const { ticket_id: ticketId, source: { integration_id: integrationId } } = event;
    if (Date.now() - receivedAt.getTime() > section.max_age_seconds * 1_000) {
      logger.warn({ ticket_id: ticketId, event_id: event.event_id, max_age_seconds: section.max_age_seconds }, 'a message is too old for its rules, and is left alone');
      return undefined;
    }
    const archive = archiveAt(config.CLICKHOUSE_URL);
    const rows = await upToNow(archive, { integrationId, ticketId, eventId: event.event_id }, signal);
    if (rows === null) return retryLater('the message is not in the archive yet');
    // Its own words are the event's: the archive may have the key that opens them a moment later.
    for (const firing of firings([...rows.slice(0, -1), ...rows.slice(-1).map((row) => ({ ...row, text: saidIn(event).text }))], compiled)) {
      if (firing.row.event_id === rows.at(-1)?.event_id) await actor.act(firing, { integrationId, ticketId }, { archive, signal });
    }
    return undefined;
  },
});
