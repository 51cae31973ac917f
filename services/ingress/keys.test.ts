import { describe, expect, test } from 'vitest';
import type { NewRecord } from '../runtime/event-log.ts';
import { RuntimeError } from '../runtime/errors.ts';
import { broughtOver } from '../runtime/personal/erasures.ts';
import { deletedKeyRecord, erasureRecord, keyRecord, readKeysEntry } from '../runtime/personal/key-records.ts';
import { DISCARDED, newKey, SEALS_FOR_MS, type Key } from '../runtime/personal/sealed.ts';
import { createKeySource } from './keys.ts';
import type { KeySource } from './event/seal.ts';
import { SealingKeys } from './sealing-keys.ts';

const happenedAt = Date.UTC(2026, 2, 2);
const mira = { environment: 'production', integrationId: 'acme', subject: 'customer/7', happenedAt };
const ticket = { ...mira, subject: 'ticket/T' };

/** A topic of keys, and processes of the door that read it when they are told to. */
class Topic {
  readonly records: NewRecord<Buffer | null>[] = [];
  isAway = false;
  #hold: Promise<void> | null = null;

  /** What is appended from now on is acknowledged when the function is called. */
  slowly(): () => void {
    let release = (): void => undefined;
    this.#hold = new Promise((resolve) => {
      release = resolve;
    });
    return () => release();
  }

  async append(topic: string, record: NewRecord<Buffer | null>): Promise<{ partition: number }> {
    expect(topic).toBe('crm.production.keys');
    if (this.isAway) throw new RuntimeError('LOG_UNAVAILABLE', 'away');
    this.records.push(record);
    await this.#hold;
    return { partition: 0 };
  }

  /** Keys that are in it and not deleted, with whose they are. */
  alive(): Map<string, string> {
    const found = new Map<string, string>();
    for (const record of this.records) {
      const entry = readKeysEntry(record);
      if (entry?.kind === 'key') found.set(entry.key.id, entry.subject);
      if (entry?.kind === 'deleted') found.delete(entry.keyId);
    }
    return found;
  }
}

interface Door {
  readonly source: KeySource;
  /** Reads all that the topic has, and deletes what it then must. */
  readonly read: () => Promise<void>;
}

function doorAt(topic: Topic, max?: number): Door {
  const keys = new SealingKeys(max);
  let next = 0;
  return {
    source: createKeySource(new Map([['production', keys]]), topic),
    read: async () => {
      while (next < topic.records.length) {
        const record = topic.records[next];
        expect.assert(record);
        for (const { id } of keys.apply({ offset: next++, ...record })) await topic.append('crm.production.keys', deletedKeyRecord(id));
      }
    },
  };
}

const erasure = (at: number, ...subjects: string[]) => erasureRecord({ integrationId: 'acme', telegramUserId: 7, subjects, erasedAt: new Date(at).toISOString(), erasedBy: '', note: '' });

test('a key is made once for all that come at the same time, and before and after the topic has brought it back', async () => {
  const topic = new Topic();
  const { source, read } = doorAt(topic);
  const keys = await Promise.all([1, 2, 3].map(async () => await source.keyFor(mira)));
  expect(new Set(keys).size).toBe(1);
  await read();
  expect(source.keyFor(mira)).toBe(keys[0]);
  expect(topic.records.length).toBe(1);
});

test('nothing is sealed with a key before the topic has it', async () => {
  const topic = new Topic();
  const { source } = doorAt(topic);
  const acknowledge = topic.slowly();
  const [first, second] = [source.keyFor(mira), source.keyFor(mira)];
  const state: { key?: Key } = {};
  void Promise.resolve(second).then((key) => (state.key = key));
  await new Promise((resolve) => setImmediate(resolve));
  expect([first instanceof Promise, state.key]).toStrictEqual([true, undefined]);
  acknowledge();
  expect(await first).toBe(await second);
});

test('what can\'t be kept seals nothing: the sender is told to try again, and the next try makes a key', async () => {
  const topic = new Topic();
  const { source } = doorAt(topic);
  topic.isAway = true;
  await expect(source.keyFor(mira)).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
  topic.isAway = false;
  await source.keyFor(mira);
  expect(topic.records.length).toBe(1);
});

test('another process, or one that was started again, goes on with the key that the topic has', async () => {
  const topic = new Topic();
  const [here, there] = [doorAt(topic), doorAt(topic)];
  const key = await here.source.keyFor(mira);
  await there.read();
  expect(await there.source.keyFor(mira)).toStrictEqual(key);
});

test('two processes that make one at the same moment both go on with their own', async () => {
  const topic = new Topic();
  const doors = [doorAt(topic), doorAt(topic)];
  const keys = await Promise.all(doors.map(async ({ source }) => await source.keyFor(mira)));
  for (const { read } of doors) await read();
  expect(await Promise.all(doors.map(async ({ source }) => await source.keyFor(mira)))).toStrictEqual(keys);
  expect([...topic.alive().values()]).toStrictEqual(['customer/7', 'customer/7']);
});

test('who is no longer among those held gets another key, and whoever is held stays', async () => {
  const topic = new Topic();
  const { source } = doorAt(topic, 2);
  const keys = [];
  for (const subject of ['customer/1', 'customer/2', 'customer/3', 'customer/3', 'customer/1']) keys.push(await source.keyFor({ ...mira, subject }));
  expect(keys[3]).toBe(keys[2]);
  expect([...topic.alive().values()]).toStrictEqual(['customer/1', 'customer/2', 'customer/3', 'customer/1']);
});

test('a key seals for a week', async () => {
  const topic = new Topic();
  const { source, read } = doorAt(topic);
  const [old, young] = [newKey(), newKey()];
  topic.records.push(keyRecord(old, mira, new Date(Date.now() - SEALS_FOR_MS - 1)), keyRecord(young, { ...mira, subject: 'customer/8' }, new Date(Date.now() - SEALS_FOR_MS + 60_000)));
  await read();
  expect((await source.keyFor(mira)).id).not.toBe(old.id);
  expect(await source.keyFor({ ...mira, subject: 'customer/8' })).toStrictEqual(young);
});

describe('what others say in a ticket is sealed', () => {
  test('with the key of the customer who opened it, once that is known', async () => {
    const { source } = doorAt(new Topic());
    const before = await source.keyFor(ticket);
    const theirs = await source.keyFor({ ...mira, opens: 'ticket/T' });
    expect(await source.keyFor(ticket)).toBe(theirs);
    expect(before).not.toBe(theirs);
    expect(await source.keyFor({ ...ticket, integrationId: 'globex' }), 'of another tenant').not.toBe(theirs);
  });

  test('with its own when several opened it: it is forgotten with each of them', async () => {
    const topic = new Topic();
    const { source } = doorAt(topic);
    for (const subject of ['customer/7', 'customer/8', 'customer/7']) await source.keyFor({ ...mira, subject, opens: 'ticket/T' });
    const key = await source.keyFor(ticket);
    expect(topic.alive().get(key.id)).toBe('ticket/T');
  });

  test('with none that is kept when it happened before they were forgotten, whether or not the ticket was known then', async () => {
    for (const subjects of [['customer/7'], ['customer/7', 'ticket/T']]) {
      const topic = new Topic();
      const { source, read } = doorAt(topic);
      await source.keyFor({ ...mira, opens: 'ticket/T' });
      topic.records.push(erasure(happenedAt + 1_000, ...subjects));
      await read();
      expect((await source.keyFor(ticket)).id).toBe(DISCARDED);
      expect((await source.keyFor({ ...mira, opens: 'ticket/T' })).id, 'their creation, sent again').toBe(DISCARDED);
      expect((await source.keyFor({ ...ticket, happenedAt: happenedAt + 2_000 })).id).not.toBe(DISCARDED);
    }
  });
});

describe('who is forgotten', () => {
  test.each([['before the topic had brought their key back', false], ['after it', true]])('%s gets another key for what they do afterwards, and none that is kept for what was before', async (_, isBack) => {
    const topic = new Topic();
    const { source, read } = doorAt(topic);
    const old = await source.keyFor(mira);
    if (isBack) await read();
    // By a clock that is ahead, and by one that is behind.
    for (const at of [Date.now() + 60_000, Date.now() - 60_000]) {
      topic.records.push(erasure(at, 'customer/7'), deletedKeyRecord(old.id));
      await read();
      expect((await source.keyFor({ ...mira, happenedAt: at })).id).toBe(DISCARDED);
    }
    const next = await source.keyFor({ ...mira, happenedAt: Date.now() + 60_001 });
    expect([old.id, DISCARDED]).not.toContain(next.id);
    expect([...topic.alive().keys()]).toStrictEqual([next.id]);
  });

  test('while their key is on its way: what waits for it is not sealed with it', async () => {
    const topic = new Topic();
    const { source, read } = doorAt(topic);
    const acknowledge = topic.slowly();
    const [before, after] = [source.keyFor(mira), source.keyFor({ ...mira, happenedAt: Date.now() + 60_000 })];
    const [made] = topic.alive().keys();
    topic.records.push(erasure(Date.now(), 'customer/7'));
    const reading = read();
    acknowledge();
    await reading;
    expect((await before).id).toBe(DISCARDED);
    expect([made, DISCARDED]).not.toContain((await after).id);
  });

  test('gets the keys deleted that a process made which had not heard of it', async () => {
    const topic = new Topic();
    const late = doorAt(topic);
    topic.records.push(erasure(Date.now(), 'customer/7', 'ticket/T'));
    const keys = [await late.source.keyFor(mira), await late.source.keyFor(ticket)];
    expect([...topic.alive().keys()]).toStrictEqual(keys.map(({ id }) => id));
    await late.read();
    expect([...topic.alive()]).toStrictEqual([]);
    expect((await late.source.keyFor(mira)).id).toBe(DISCARDED);
  });

  test('gets nothing sealed with a key of theirs that an older copy of the topic brought back', async () => {
    const topic = new Topic();
    const { source, read } = doorAt(topic);
    const old = newKey();
    topic.records.push(erasure(Date.now() - 60_000, 'customer/7'), keyRecord(old, mira, new Date(Date.now() - 120_000)));
    await read();
    expect((await source.keyFor({ ...mira, happenedAt: Date.now() })).id).not.toBe(old.id);
  });

  test('is known when only their erasure is read, and of no other tenant', async () => {
    const keys = new SealingKeys();
    keys.applyErasure(erasure(happenedAt, 'customer/7'));
    keys.applyErasure(broughtOver);
    const source = createKeySource(new Map([['production', keys]]), new Topic());
    expect((await source.keyFor(mira)).id).toBe(DISCARDED);
    expect((await source.keyFor({ ...mira, integrationId: 'globex' })).id).not.toBe(DISCARDED);
  });
});

test('what was read once is passed over when it is read again, and what is no record of a key always', async () => {
  const topic = new Topic();
  const keys = new SealingKeys();
  const key = newKey();
  const records = [keyRecord(key, mira, new Date()), deletedKeyRecord(key.id), { key: 'hello', value: null }];
  for (const round of [1, 2]) records.slice(0, 4 - round).forEach((record, offset) => keys.apply({ offset, ...record }));
  expect((await createKeySource(new Map([['production', keys]]), topic).keyFor(mira)).id).not.toBe(key.id);
});

test('of an environment that is not followed nothing is sealed', () => {
  expect(() => createKeySource(new Map(), new Topic()).keyFor(mira)).toThrow(/no keys are followed for production/);
});
