// Which secrets have signed anything lately: the log keeps the signature of every event with what it covers, so each record says it
// itself, whichever ingress took it.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { eventsTopic, headerOf, quarantineTopic, type LogRecord } from '../../services/runtime/event-log.ts';
import type { KafkaConnection } from '../../services/runtime/kafka/admin.ts';
import { readSince } from '../../services/runtime/kafka/consumer.ts';

export interface Signed {
  readonly signature: string;
  /** event_id, event_type and timestamp. */
  readonly text: string;
}

/** Of an event in the log. The event_id stands there in lower case; hardly anybody signs it otherwise. */
export const signedIn = (record: LogRecord): Signed => ({
  signature: headerOf(record, 'signature') ?? '',
  text: `${headerOf(record, 'ce_id') ?? ''}${headerOf(record, 'ce_type') ?? ''}${headerOf(record, 'ce_time') ?? ''}`,
});

/** Of a body in quarantine; null when it can't be read, e.g. since it is sealed. */
export function signedInBody(value: Buffer | null): Signed | null {
  try {
    const { event_id: id, event_type: type, timestamp, signature } = JSON.parse(value?.toString('utf8') ?? '') as Record<string, unknown>;
    return typeof signature === 'string' ? { signature, text: `${String(id)}${String(type)}${String(timestamp)}` } : null;
  } catch {
    return null;
  }
}

export function isSignedBy({ signature, text }: Signed, secret: string): boolean {
  const expected = createHmac('sha256', secret).update(text).digest();
  const offered = Buffer.from(signature, 'hex');
  return offered.length === expected.length && timingSafeEqual(offered, expected);
}

export interface Uses {
  /** When each secret signed last; a secret that did not is missing. */
  readonly last: ReadonlyMap<string, Date>;
  /** Events of which none of these secrets is the signer: of one that is gone, or in a body that can't be read. */
  readonly others: number;
}

interface Asked {
  readonly environment: string;
  readonly integrationId: string;
  readonly secrets: readonly string[];
  readonly since: Date;
}

/** Both topics are read from then on: as long as it takes to fetch that many records. */
export async function usesOf(connection: KafkaConnection, { environment, integrationId, secrets, since }: Asked): Promise<Uses> {
  const last = new Map<string, Date>();
  let others = 0;
  const note = (record: LogRecord, signed: Signed | null): void => {
    const signer = signed === null ? undefined : secrets.find((secret) => isSignedBy(signed, secret));
    if (signer === undefined) others += 1;
    else last.set(signer, new Date(Math.max(record.timestampMs, last.get(signer)?.getTime() ?? 0)));
  };
  const isOfIt = (record: LogRecord): boolean => headerOf(record, 'integration_id') === integrationId;
  await readSince(connection, eventsTopic(environment), since, (record) => {
    if (isOfIt(record)) note(record, signedIn(record));
  });
  await readSince(connection, quarantineTopic(environment), since, (record) => {
    if (isOfIt(record) && headerOf(record, 'origin') === 'http' && headerOf(record, 'resolution') === undefined) note(record, signedInBody(record.value));
  });
  return { last, others };
}
