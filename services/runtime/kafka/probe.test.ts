// When a service says that Kafka is away.
import { expect, test } from 'vitest';
import { patiently } from './probe.ts';

interface Kafka {
  said: string | null | Error;
  now: number;
}

const asked = (kafka: Kafka): (() => Promise<string | null>) =>
  patiently(() => (kafka.said instanceof Error ? Promise.reject(kafka.said) : Promise.resolve(kafka.said)), () => kafka.now);

test('one late answer is no outage, silence for some seconds is, and it ends with the next answer', async () => {
  const kafka: Kafka = { said: null, now: 0 };
  const check = asked(kafka);
  expect(await check()).toBeNull();
  Object.assign(kafka, { said: new Error('nothing within 1500 ms'), now: 1_500 });
  expect(await check()).toBeNull();
  Object.assign(kafka, { now: 3_000 });
  expect(await check()).toBe('nothing within 1500 ms');
  Object.assign(kafka, { said: null, now: 4_000 });
  expect(await check()).toBeNull();
});

test('what never answered is away at once', async () => {
  expect(await asked({ said: new Error('refused'), now: 0 })()).toBe('refused');
});

test('what Kafka says itself counts at once, and for as long as it says nothing else', async () => {
  const kafka: Kafka = { said: null, now: 0 };
  const check = asked(kafka);
  await check();
  Object.assign(kafka, { said: 'Kafka takes no writes', now: 10 });
  expect(await check()).toBe('Kafka takes no writes');
  Object.assign(kafka, { said: new Error('nothing within 1500 ms'), now: 20 });
  expect(await check()).toBe('Kafka takes no writes');
});
