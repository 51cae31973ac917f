import { expect, test } from 'vitest';
import { deletedKeyRecord, erasureRecord, keyRecord } from './key-records.ts';
import { KeyRing } from './key-ring.ts';
import { newKey } from './sealed.ts';

const mira = { integrationId: 'acme', subject: 'customer/7' };
const at = new Date('2026-03-02T09:00:00.000Z');
const erasure = (subjects: string[]) => erasureRecord({ integrationId: 'acme', telegramUserId: 7, subjects, erasedAt: at.toISOString(), erasedBy: 'lea@desk', note: '' });

/** A topic's records in a ring. */
function ringOf(...records: readonly { readonly key: string; readonly value: Buffer | null }[]): KeyRing {
  const ring = new KeyRing();
  records.forEach((record, offset) => ring.apply({ offset, ...record }));
  return ring;
}

test('of two keys of one owner, made at the same moment, both open and the first one seals', () => {
  const [first, second] = [newKey(), newKey()];
  const ring = ringOf(keyRecord(first, mira, at), keyRecord(second, mira, at), keyRecord(newKey(), { ...mira, integrationId: 'globex' }, at));
  expect(ring.keysOf(mira)).toStrictEqual([first, second]);
  expect(ring.find(second.id)).toStrictEqual(second);
});

test('a deleted key is gone, also when the topic is read again from its start', () => {
  const [key, later] = [newKey(), newKey()];
  const records = [keyRecord(key, mira, at), erasure(['customer/7', 'ticket/T']), deletedKeyRecord(key.id), deletedKeyRecord('0123456789abcdef'), keyRecord(later, mira, at)];
  const ring = ringOf(...records);
  records.slice(0, 2).forEach((record, offset) => ring.apply({ offset, ...record }));
  expect(ring.find(key.id)).toBeUndefined();
  expect(ring.keysOf(mira)).toStrictEqual([later]);
  expect(ring.erasedAt({ ...mira, subject: 'ticket/T' })).toBe(at.getTime());
  expect(ring.erasedAt({ ...mira, subject: 'ticket/U' })).toBeUndefined();
  expect(ring.next).toBe(5);
});

test('owners of a tenant are found by how their subject begins', () => {
  const body = (integrationId: string, id: string) => keyRecord(newKey(), { integrationId, subject: `body/${id}` }, at);
  const ring = ringOf(keyRecord(newKey(), mira, at), body('acme', 'a'), body('acme2', 'b'));
  expect([...ring.ownersOf('acme', 'body/')]).toStrictEqual([{ integrationId: 'acme', subject: 'body/a' }]);
});

test('what is no record of a key is passed over', () => {
  expect(ringOf({ key: 'hello', value: null }, { key: 'erasure/x', value: null }).next).toBe(2);
});
