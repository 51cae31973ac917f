// The topic of keys, as those read it that seal and those that open: what either reads at a start does not grow with history.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKeySource } from '../../services/ingress/keys.ts';
import { followSealingKeys, type FollowedKeys } from '../../services/ingress/follow-keys.ts';
import type { KeySource } from '../../services/ingress/event/seal.ts';
import { erasuresTopic, keysTopic } from '../../services/runtime/event-log.ts';
import { ensureTopics } from '../../services/runtime/kafka/admin.ts';
import { topicOffsets } from '../../services/runtime/kafka/topic-offsets.ts';
import { connectProducer, type LogProducer } from '../../services/runtime/kafka/producer.ts';
import { rewriter } from '../../services/runtime/kafka/rewrite.ts';
import type { Stoppable } from '../../services/runtime/lifecycle.ts';
import { deletedKeyRecord, erasureRecord, keyRecord } from '../../services/runtime/personal/key-records.ts';
import { nameOf } from '../../services/runtime/personal/key-ring.ts';
import { followKeys, keysWhenNeeded } from '../../services/runtime/personal/keys.ts';
import { DISCARDED, newKey } from '../../services/runtime/personal/sealed.ts';
import { connection } from '../system/quarantine-cli.ts';
import { eventually } from '../system/support.ts';
import { run } from './consumer-kit.ts';
import { root } from './copy-of-the-code.ts';

const environment = `keys-${randomBytes(4).toString('hex')}`;
const topic = keysTopic(environment);
const parts: Stoppable[] = [];
let producer: LogProducer;

const DAY = 86_400_000;
const of = (subject: string) => ({ environment, integrationId: 'acme', subject, happenedAt: Date.now() });
const erasure = (...subjects: string[]) => erasureRecord({ integrationId: 'acme', telegramUserId: 7, subjects, erasedAt: new Date().toISOString(), erasedBy: 'lea@desk', note: '' });
const topics = () => run(root, ['infra/topics/topics.ts'], { ENVIRONMENTS: environment }).end();

async function door(): Promise<FollowedKeys & { readonly source: KeySource }> {
  const following = await followSealingKeys(connection, environment, producer);
  parts.push(following);
  return { ...following, source: createKeySource(new Map([[environment, following.keys]]), producer) };
}

/** Keys of 40 and 30 days ago, of which the first was deleted since, in a topic of before there was one of erasures. */
const [deleted, old, recent] = [newKey(), newKey(), newKey()];
const forgotten = of('customer/7');

beforeAll(async () => {
  await ensureTopics(connection, [{ name: topic, partitions: 1, replicas: 1, config: { 'cleanup.policy': 'compact' } }]);
  const log = await rewriter(connection, { topic, partition: 0, next: 0 });
  const written = [keyRecord(deleted, forgotten, new Date()), keyRecord(old, of('customer/8'), new Date(Date.now() - 30 * DAY)), erasure('customer/7'), deletedKeyRecord(deleted.id), keyRecord(recent, of('customer/9'), new Date())];
  await log.write(written.map((record, offset) => ({ offset, ...record, timestampMs: Date.now() - ([40, 30, 20, 20][offset] ?? 0) * DAY })));
  await log.close();
  producer = await connectProducer(connection, [topic]);
});

afterAll(async () => {
  for (const part of parts) await part.stop();
  await producer.close();
});

test('who was forgotten before erasures had a topic of their own stays so: nothing is sealed until they are brought over, once', async () => {
  await expect(connectProducer(connection, [topic, erasuresTopic(environment)])).rejects.toMatchObject({ code: 'TOPIC_MISSING' });
  await ensureTopics(connection, [{ name: erasuresTopic(environment), partitions: 1, replicas: 1, config: {} }]);
  await expect(door()).rejects.toThrow(/forgotten before it was there; run: npm run topics/);
  const first = await topics();
  expect(first.output).toContain('1 erasures brought over');
  expect(await topics()).toMatchObject({ code: 0 });
  expect(await topicOffsets(connection, erasuresTopic(environment))).toMatchObject([{ high: 2 }]);
});

test('two doors share their keys, forget at the same time, and delete what they had not heard of; one that is started again goes on', async () => {
  const [one, two] = [await door(), await door()];
  expect((await one.source.keyFor({ ...forgotten, happenedAt: 0 })).id).toBe(DISCARDED);
  expect(await one.source.keyFor(of('customer/9')), 'a key of before the start').toStrictEqual(recent);
  const made = await one.source.keyFor(of('customer/10'));
  await eventually(async () => ((await two.source.keyFor(of('customer/9'))).id === recent.id && two.keys.find(nameOf(of('customer/10')), Date.now()) !== undefined ? true : null), 'the other door has it');
  expect(await two.source.keyFor(of('customer/10'))).toStrictEqual(made);

  // Killed before the event was in the log: the CRM sends it again, to another process.
  const third = await door();
  expect(await third.source.keyFor(of('customer/10'))).toStrictEqual(made);

  await producer.append(topic, erasure('customer/10'));
  const late = { ...of('customer/10'), happenedAt: Date.now() - 60_000 };
  for (const { source } of [one, two, third]) await eventually(async () => ((await source.keyFor(late)).id === DISCARDED ? true : null), 'every door knows');
  const all = await followKeys(connection, environment);
  parts.push(all);
  await eventually(async () => {
    await all.caughtUp();
    return all.ring.isDeleted(made.id) ? true : null;
  }, 'their key deleted by the doors');
});

test('a consumer reads as much of the keys as of the log, and all of them for a key that is older than any need be', async () => {
  const part = await followKeys(connection, environment, new Date(Date.now() - 10 * DAY));
  const needed = keysWhenNeeded(connection, environment);
  parts.push(part, needed);
  expect([part.ring.find(recent.id), part.ring.find(old.id)]).toStrictEqual([recent, undefined]);
  for (const keys of [part, needed]) {
    expect(await keys.find(recent.id, Date.now())).toStrictEqual(recent);
    expect(await keys.find(DISCARDED, Date.now())).toBeUndefined();
    expect(await keys.find(deleted.id, Date.now())).toBeUndefined();
    expect(await keys.find(old.id, Date.now())).toStrictEqual(old);
    const young = newKey();
    await producer.append(topic, keyRecord(young, of('customer/11'), new Date()));
    expect(await keys.find(young.id, Date.now())).toStrictEqual(young);
    await producer.append(topic, deletedKeyRecord(young.id));
    await eventually(async () => ((await keys.find(young.id, Date.now())) === undefined ? true : null), 'a deleted key opens nothing');
  }
});
