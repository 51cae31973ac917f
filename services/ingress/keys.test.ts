import { expect, test } from 'vitest';
import type { NewRecord } from '../runtime/event-log.ts';
import { RuntimeError } from '../runtime/errors.ts';
import { deletedKeyRecord, erasureRecord } from '../runtime/personal/key-records.ts';
import { KeyRing } from '../runtime/personal/key-ring.ts';
import { createKeySource } from './keys.ts';

const mira = { environment: 'production', integrationId: 'acme', subject: 'customer/7' };
const happened = Date.UTC(2026, 2, 2);

/** A topic of keys whose records come back when they are told to. */
function setup() {
  const ring = new KeyRing();
  const waiting: NewRecord<Buffer | null>[] = [];
  const state = { away: false, offset: 0 };
  const bring = (...records: readonly NewRecord<Buffer | null>[]): void => {
    for (const record of records) ring.apply({ offset: state.offset++, ...record });
  };
  const source = createKeySource(new Map([['production', ring]]), {
    append: (topic, record) => {
      expect(topic).toBe('crm.production.keys');
      if (state.away) return Promise.reject(new RuntimeError('LOG_UNAVAILABLE', 'away'));
      waiting.push(record);
      return Promise.resolve({ partition: 0 });
    },
  });
  return { source, ring, waiting, state, bring };
}

test('a key is made once for all that come at the same time, and before and after the topic has brought it back', async () => {
  const { source, waiting, bring } = setup();
  const keys = await Promise.all([1, 2, 3].map(async () => await source.keyFor(mira, happened)));
  expect(new Set(keys).size).toBe(1);
  bring(...waiting);
  expect((await source.keyFor(mira, happened)).id).toBe(keys[0]?.id);
  expect(waiting.length).toBe(1);
});

test('what can\'t be kept seals nothing: the sender is told to try again, and the next try makes a key', async () => {
  const { source, waiting, state } = setup();
  state.away = true;
  await expect(source.keyFor(mira, happened)).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
  state.away = false;
  await source.keyFor(mira, happened);
  expect(waiting.length).toBe(1);
});

test.each([['before the topic had brought their key back', false], ['after it', true]])('who is forgotten %s gets another key for what they do afterwards, and none that is kept for what was before', async (_, isBack) => {
  const { source, waiting, bring } = setup();
  const old = await source.keyFor(mira, happened);
  if (isBack) bring(...waiting);
  const erasedAt = new Date(Date.now() + 1_000);
  bring(erasureRecord({ integrationId: 'acme', telegramUserId: 7, subjects: ['customer/7'], erasedAt: erasedAt.toISOString(), erasedBy: '', note: '' }), deletedKeyRecord(old.id));
  waiting.length = 0;
  const thrownAway = await source.keyFor(mira, happened);
  expect([thrownAway.id === old.id, waiting.length]).toStrictEqual([false, 0]);
  const next = await source.keyFor(mira, erasedAt.getTime() + 1);
  expect([next.id === old.id, next.id === thrownAway.id, waiting.length]).toStrictEqual([false, false, 1]);
});
