// Replay: each item is judged as it would be today. What can be used is appended to the log as
// the event it always was, and then the quarantine is told; in this order, so that a crash in
// between leaves an item that the next replay finds in the log. What still can't be used stays
// pending with its new reason.
import { basename } from 'node:path';
import { eventsTopic, quarantineTopic, type NewRecord } from '../../services/runtime/event-log.ts';
import type { LogProducer } from '../../services/runtime/kafka/producer.ts';
import { eventRows, type ToLanding } from '../../services/runtime/projection/landing.ts';
import { isSealed } from '../../services/runtime/personal/sealed.ts';
import { sha256, type QuarantineItem } from '../../services/runtime/quarantine/quarantine.ts';
import { toResolutionRecord, type Resolution } from '../../services/runtime/quarantine/resolution.ts';
import type { SchemaLookup } from '../../services/runtime/registry/registry.ts';
import type { Door } from './door.ts';
import { eventKey } from './log-index.ts';

/** What an item would be today. */
export type Judged =
  | { readonly item: QuarantineItem; readonly kind: 'event'; readonly topic: string; readonly record: NewRecord; readonly key: string }
  | { readonly item: QuarantineItem; readonly kind: 'unusable'; readonly reason: string; readonly path: string; readonly detail: string };

export interface Outcome {
  readonly item: QuarantineItem;
  readonly resolution: Resolution;
  readonly reason: string;
  readonly path: string;
  readonly detail: string;
}

/** How a replayed record names the item it was. */
export const replayedFrom = (item: QuarantineItem): string => `${quarantineTopic(item.environment)}/${item.id}`;

export interface Judges {
  readonly door: Door;
  /** Without the check of the key, which a replay corrects. */
  readonly toLanding: ToLanding;
  readonly fixedBy: string | undefined;
}

export const landingWithoutKey = (schemas: SchemaLookup): ToLanding => eventRows(schemas, false);

export async function judge(item: QuarantineItem, judges: Judges): Promise<Judged> {
  if (item.keyId !== '' && isSealed(item.payload.toString('latin1', 0, 16))) {
    return { item, kind: 'unusable', reason: 'forgotten', path: '', detail: 'its key was deleted: the customer that it is about was forgotten' };
  }
  // One that was sealed could not be opened either.
  if (item.keyId === '' && sha256(item.payload) !== item.bodySha256) {
    return { item, kind: 'unusable', reason: 'altered', path: '', detail: 'the bytes do not have the SHA-256 that was noted with them' };
  }
  return item.origin === 'http' ? judgeBody(item, judges) : judgeLogRecord(item, judges.toLanding);
}

async function judgeBody(item: QuarantineItem, { door, fixedBy }: Judges): Promise<Judged> {
  const answer = await door.ask(item);
  if (answer.kind === 'unusable') return { ...answer, item };
  const headers = { ...answer.headers, replayed_from: replayedFrom(item), ...(fixedBy === undefined ? {} : { fixed_by: basename(fixedBy) }) };
  return {
    item,
    kind: 'event',
    topic: eventsTopic(answer.environment),
    record: { key: answer.key, value: Buffer.from(answer.value, 'base64'), headers },
    key: eventKey(item.integrationId, item.eventId),
  };
}

/** A record of the log goes back as it was: its value's bytes and its headers, under its ticket's key. */
async function judgeLogRecord(item: QuarantineItem, toLanding: ToLanding): Promise<Judged> {
  const landing = await toLanding({
    topic: item.origin,
    partition: item.originPartition ?? 0,
    offset: item.originOffset ?? 0,
    key: item.originKey,
    value: item.payload,
    headers: item.originHeaders,
    timestampMs: item.receivedAt.getTime(),
  });
  if (landing.kind === 'poison') return { item, kind: 'unusable', reason: landing.reason, path: '', detail: landing.detail };
  const { ticket_id = '', event_id = '', integration_id = '' } = landing.identity ?? {};
  return {
    item,
    kind: 'event',
    topic: item.origin,
    record: { key: ticket_id, value: item.payload, headers: { ...item.originHeaders, replayed_from: replayedFrom(item) } },
    key: eventKey(integration_id, event_id),
  };
}

export interface Decision {
  readonly outcome: Outcome;
  readonly append: { readonly topic: string; readonly record: NewRecord } | null;
}

/**
 * Says what happens to each item, in the order of their first receipt; events of the log and earlier
 * ones of this replay are appended once. The running ingress does not learn of it: the same body
 * sent again is a duplicate of the quarantined one to it, and a corrected one is appended behind the
 * replayed event, which stays the one that counts.
 */
export function decide(judged: readonly Judged[], inLog: ReadonlyMap<string, ReadonlySet<string>>): Decision[] {
  const replayedNow = new Set<string>();
  return judged.map((entry) => {
    const { item } = entry;
    if (entry.kind === 'unusable') {
      return { outcome: { item, resolution: 'still_unusable', reason: entry.reason, path: entry.path, detail: entry.detail }, append: null };
    }
    const outcome = (resolution: Resolution, detail = ''): Outcome => ({ item, resolution, reason: '', path: '', detail });
    const found = inLog.get(entry.key);
    if (found?.has(replayedFrom(item)) === true) return { outcome: outcome('replayed', 'an earlier replay appended it'), append: null };
    // Others have the event; the one service that refused it needs it again.
    if (item.refusedBy === '') {
      if (found !== undefined || replayedNow.has(entry.key)) return { outcome: outcome('duplicate', 'the event is in the log'), append: null };
      replayedNow.add(entry.key);
    }
    return { outcome: outcome('replayed'), append: { topic: entry.topic, record: entry.record } };
  });
}

export interface Author {
  readonly by: string;
  readonly note: string;
}

/** Notes in the quarantine topic what was done about an item. */
export async function note(producer: LogProducer, { item, resolution, reason, path, detail }: Outcome, { by, note: text }: Author): Promise<void> {
  await producer.append(quarantineTopic(item.environment), toResolutionRecord(item, { resolution, at: new Date(), by, note: text, reason, path, detail }));
}
