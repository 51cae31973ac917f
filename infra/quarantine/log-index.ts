// Which events are in the log already, by its own headers: an event that came again corrected,
// or that a replay appended before it could note so, must not be appended a second time. A
// record counts only if it can be read: poison that bears an event's id is not the event.
import { readSince } from '../../services/runtime/kafka/consumer.ts';
import type { KafkaConnection } from '../../services/runtime/kafka/admin.ts';
import type { LogRecord } from '../../services/runtime/event-log.ts';
import type { ToLanding } from '../../services/runtime/projection/landing.ts';

/** Kafka's timestamps and ours come from different clocks. */
const CLOCK_SLACK_MS = 10 * 60_000;

export const eventKey = (integrationId: string, eventId: string): string => `${integrationId}\n${eventId.toLowerCase()}`;

export interface LogSearch {
  readonly topic: string;
  readonly since: Date;
  readonly wanted: ReadonlySet<string>;
  /** `partition:offset` of records that consumers passed over: readable by now, perhaps, but not read. */
  readonly passedOver: ReadonlySet<string>;
}

/** The `replayed_from` headers of wanted events that lie in the log, by event; '' for one that came by itself. */
export async function findInLog(connection: KafkaConnection, { topic, since, wanted, passedOver }: LogSearch, toLanding: ToLanding): Promise<Map<string, Set<string>>> {
  const candidates: LogRecord[] = [];
  await readSince(connection, topic, new Date(since.getTime() - CLOCK_SLACK_MS), (record) => {
    if (passedOver.has(`${record.partition}:${record.offset}`)) return;
    if (wanted.has(eventKey(record.headers['integration_id'] ?? '', record.headers['ce_id'] ?? ''))) candidates.push(record);
  });
  const found = new Map<string, Set<string>>();
  for (const record of candidates) {
    if ((await toLanding(record)).kind !== 'row') continue;
    const key = eventKey(record.headers['integration_id'] ?? '', record.headers['ce_id'] ?? '');
    found.set(key, (found.get(key) ?? new Set()).add(record.headers['replayed_from'] ?? ''));
  }
  return found;
}
