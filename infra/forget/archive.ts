// What the archive knows of a customer: ids lie there in plain, so a customer is found whether or not their words can be read.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { RuntimeError } from '../../services/runtime/errors.ts';
import { eventsTopic, quarantineTopic } from '../../services/runtime/event-log.ts';
import { consumerPositions, type KafkaConnection } from '../../services/runtime/kafka/admin.ts';

export interface Person {
  readonly integrationId: string;
  readonly telegramUserId: number;
}

/** An event by its place. */
export interface EventOfPerson {
  readonly ticket_id: string;
  readonly event_id: string;
}

const WAIT_MS = 60_000;
const LOOK_EVERY_MS = 200;

/** Waits until the archive has what the log holds now: a ticket that it does not know would be left out. @throws RuntimeError `ARCHIVE_BEHIND`. */
export async function archiveIsCurrent(connection: KafkaConnection, environment: string): Promise<void> {
  for (const [group, topic] of [['event-archive', eventsTopic(environment)], ['event-archive-quarantine', quarantineTopic(environment)]] as const) {
    const ends = new Map((await consumerPositions(connection, group, topic)).map(({ partition, end }) => [partition, end]));
    for (let waited = 0; ; waited += LOOK_EVERY_MS) {
      const behind = (await consumerPositions(connection, group, topic)).reduce((sum, { partition, committed }) => sum + Math.max(0, (ends.get(partition) ?? 0) - committed), 0);
      if (behind === 0) break;
      if (waited >= WAIT_MS) throw new RuntimeError('ARCHIVE_BEHIND', `event-archive is ${behind} records behind ${topic}; nothing was deleted`);
      await sleep(LOOK_EVERY_MS);
    }
  }
}

const params = ({ integrationId, telegramUserId }: Person) => ({ integration: integrationId, person: telegramUserId });

/** Tickets that the customer opened, and those in which they wrote and that nobody is known to have opened. */
export async function ticketsOf(clickhouse: ClickHouse, person: Person): Promise<string[]> {
  const rows = await clickhouse.query<{ ticket_id: string }>(`
    SELECT ticket_id FROM log.event_store
    WHERE integration_id = {integration:String} AND ticket_id IN
    (
        SELECT ticket_id FROM log.event_store
        WHERE integration_id = {integration:String} AND (customer_telegram_user_id = {person:Int64} OR (sender_type = 'customer' AND sender_telegram_user_id = {person:Int64}))
    )
    GROUP BY ticket_id
    HAVING countIf(customer_telegram_user_id = {person:Int64}) > 0 OR countIf(event_type = 'ticket.created') = 0
    ORDER BY ticket_id`, params(person));
  return rows.map(({ ticket_id }) => ticket_id);
}

/** What is theirs: their tickets, and what they wrote in others'. */
const THEIRS = `integration_id = {integration:String} AND (ticket_id IN {tickets:Array(String)} OR customer_telegram_user_id = {person:Int64} OR (sender_type = 'customer' AND sender_telegram_user_id = {person:Int64}))`;

/** Events whose words go: so that copies of them can be told. */
export const recordsOf = (clickhouse: ClickHouse, person: Person, { keyIds, tickets }: { readonly keyIds: readonly string[]; readonly tickets: readonly string[] }): Promise<EventOfPerson[]> =>
  clickhouse.query<EventOfPerson>(`
    SELECT ticket_id, event_id FROM log.event_store FINAL
    WHERE integration_id = {integration:String} AND (key_id IN (SELECT reinterpretAsUInt64(unhex(arrayJoin({keys:Array(String)})))) OR ${THEIRS})`, { ...params(person), keys: keyIds, tickets });

async function countOf(clickhouse: ClickHouse, sql: string, values: Record<string, unknown>): Promise<number> {
  const [row] = await clickhouse.query<{ n: number }>(sql, values);
  return row?.n ?? 0;
}

/** Sealed events of theirs that can be read all the same. */
export const readableRecords = (clickhouse: ClickHouse, person: Person, { tickets, until }: { readonly tickets: readonly string[]; readonly until: Date }): Promise<number> => countOf(clickhouse, `
    SELECT count() AS n FROM log.events
    WHERE ${THEIRS} AND event_id IN (SELECT event_id FROM log.event_store WHERE ${THEIRS} AND key_id != 0) AND timestamp <= fromUnixTimestamp64Milli({until:Int64}, 'UTC')
        AND (customer_first_name != '' OR initial_message_text != '' OR content_text != '')`, { ...params(person), tickets, until: until.getTime() });

/** Events with words of theirs that were never sealed. */
export const plainRecords = (clickhouse: ClickHouse, person: Person, tickets: readonly string[]): Promise<number> => countOf(clickhouse, `
    SELECT count() AS n FROM log.event_store FINAL
    WHERE ${THEIRS} AND key_id = 0 AND (event_type IN ('ticket.created', 'message.received') OR notEmpty(extra))`, { ...params(person), tickets });
