// The topic of keys: a record per key, nothing in its place when it is deleted, and a record per erasure, for ever. It is
// not the log: it is compacted, so that a deleted key leaves the disk, and no backup of the log holds it.
import type { LogRecord, NewRecord } from '../event-log.ts';
import type { Key } from './sealed.ts';

/** Whose a key is: a tenant's customer, ticket or single unreadable body, e.g. `customer/42`. */
export interface Owner {
  readonly integrationId: string;
  readonly subject: string;
}

/** That somebody is forgotten: whose keys were deleted, when, by whom. */
export interface Erasure {
  readonly integrationId: string;
  readonly telegramUserId: number;
  readonly subjects: readonly string[];
  /** ISO 8601. What happened before is not kept readable, should it still come. */
  readonly erasedAt: string;
  readonly erasedBy: string;
  readonly note: string;
}

export type KeysEntry =
  | ({ readonly kind: 'key'; readonly key: Key; readonly createdAt: string } & Owner)
  | { readonly kind: 'deleted'; readonly keyId: string }
  | ({ readonly kind: 'erasure' } & Erasure);

const KEY = 'key/';
const ERASURE = 'erasure/';

const asJson = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

export const keyRecord = ({ id, bytes }: Key, { integrationId, subject }: Owner, createdAt: Date): NewRecord => ({
  key: `${KEY}${id}`,
  value: asJson({ key_id: id, integration_id: integrationId, subject, key: bytes.toString('base64'), created_at: createdAt.toISOString() }),
  headers: {},
});

export const deletedKeyRecord = (keyId: string): NewRecord<null> => ({ key: `${KEY}${keyId}`, value: null, headers: {} });

export const erasureRecord = ({ integrationId, telegramUserId, subjects, erasedAt, erasedBy, note }: Erasure): NewRecord => ({
  key: `${ERASURE}${integrationId}/${telegramUserId}/${erasedAt}`,
  value: asJson({ integration_id: integrationId, telegram_user_id: telegramUserId, subjects, erased_at: erasedAt, erased_by: erasedBy, note }),
  headers: {},
});

/** The key that a record is about, which need not be read for it. */
export const keyIdOf = (name: string | null): string | undefined => (name?.startsWith(KEY) === true ? name.slice(KEY.length) : undefined);

/** Null for what is neither. */
export function readKeysEntry(record: Pick<LogRecord, 'key' | 'value'>): KeysEntry | null {
  try {
    return read(record);
  } catch {
    return null;
  }
}

function read({ key, value }: Pick<LogRecord, 'key' | 'value'>): KeysEntry | null {
  const keyId = keyIdOf(key);
  if (keyId !== undefined) return value === null ? { kind: 'deleted', keyId } : readKey(value);
  if (key?.startsWith(ERASURE) === true && value !== null) return readErasure(value);
  return null;
}

function readKey(value: Buffer): KeysEntry {
  const { key_id, integration_id, subject, key, created_at } = JSON.parse(value.toString()) as Record<'key_id' | 'integration_id' | 'subject' | 'key' | 'created_at', string>;
  return { kind: 'key', key: { id: key_id, bytes: Buffer.from(key, 'base64') }, integrationId: integration_id, subject, createdAt: created_at };
}

function readErasure(value: Buffer): KeysEntry {
  const { integration_id, telegram_user_id, subjects, erased_at, erased_by, note } = JSON.parse(value.toString()) as
    { integration_id: string; telegram_user_id: number; subjects: string[]; erased_at: string; erased_by: string; note: string };
  return { kind: 'erasure', integrationId: integration_id, telegramUserId: telegram_user_id, subjects, erasedAt: erased_at, erasedBy: erased_by, note };
}
