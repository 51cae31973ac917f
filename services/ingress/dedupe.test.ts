import { expect, test } from 'vitest';
import { DedupeWindow, type DedupeKey, type Stored } from './dedupe.ts';

const key: DedupeKey = { environment: 'production', integrationId: 'acme', eventId: 'e1', bodyHash: () => 'b1' };
const store = (stored: Stored, calls: string[] = []) => () => {
  calls.push(stored);
  return Promise.resolve(stored);
};

test('stores an event once', async () => {
  const window = new DedupeWindow(10);
  const calls: string[] = [];
  expect(await window.once(key, store('accepted', calls))).toBe('accepted');
  expect(await window.once({ ...key, bodyHash: () => 'b2' }, store('accepted', calls))).toBe('duplicate');
  expect(calls.length).toBe(1);
});

test('two integrations may use the same event_id', async () => {
  const window = new DedupeWindow(10);
  await window.once(key, store('accepted'));
  expect(await window.once({ ...key, integrationId: 'other' }, store('accepted'))).toBe('accepted');
});

test('one event_id in two environments is two events, now and after a restart', async () => {
  const window = new DedupeWindow(10);
  const staging = { ...key, environment: 'staging' };
  expect(await window.once(staging, store('accepted'))).toBe('accepted');
  expect(await window.once(key, store('accepted'))).toBe('accepted');
  expect(await window.once(staging, store('accepted'))).toBe('duplicate');
  const restarted = new DedupeWindow(10);
  const record = { topic: '', partition: 0, offset: 0, key: null, value: null, timestampMs: 0, headers: { integration_id: 'acme', ce_id: 'e1', body_sha256: 'b1' } };
  restarted.rebuildFrom(record, 'staging', 'accepted');
  expect(await restarted.once(key, store('accepted'))).toBe('accepted');
  expect(await restarted.once(staging, store('accepted'))).toBe('duplicate');
});

test('a refusal is not remembered, and each retry is decided on its own', async () => {
  const window = new DedupeWindow(10);
  const refused = { kind: 'refused', status: 429, code: 'rate_limited', message: 'slowly' } as const;
  const both = [window.once(key, () => Promise.resolve(refused)), window.once(key, store('accepted'))];
  expect(await Promise.all(both)).toStrictEqual([refused, 'accepted']);
});

test('the window keeps its latest events, whichever came again meanwhile', async () => {
  const window = new DedupeWindow(2);
  const [first, second, third] = [{ ...key, eventId: 'e1' }, { ...key, eventId: 'e2' }, { ...key, eventId: 'e3' }];
  for (const event of [first, second]) await window.once(event, store('accepted'));
  window.remember(first, 'accepted');
  await window.once(third, store('accepted'));
  for (const event of [second, third]) expect(await window.once(event, store('accepted'))).toBe('duplicate');
  expect(await window.once(first, store('accepted'))).toBe('accepted');
});

test('names that could be mistaken for one another are two events, short or long', async () => {
  for (const name of ['a', 'a'.repeat(300)]) {
    const window = new DedupeWindow(10);
    await window.once({ ...key, integrationId: `${name}"`, eventId: 'b' }, store('accepted'));
    expect(await window.once({ ...key, integrationId: name, eventId: '"b' }, store('accepted'))).toBe('accepted');
    expect(await window.once({ ...key, integrationId: `${name}"`, eventId: 'B' }, store('accepted'))).toBe('duplicate');
  }
});

test('an event that could not be stored is tried again', async () => {
  const window = new DedupeWindow(10);
  await expect(window.once(key, () => Promise.reject(new Error('down')))).rejects.toThrow();
  expect(await window.once(key, store('accepted'))).toBe('accepted');
});

test('a retry that overtakes its own original waits for it', async () => {
  const window = new DedupeWindow(10);
  let finish: (stored: Stored) => void = () => undefined;
  const first = window.once(key, () => new Promise<Stored>((resolve) => { finish = resolve; }));
  const second = window.once(key, store('accepted'));
  finish('accepted');
  expect(await Promise.all([first, second])).toStrictEqual(['accepted', 'duplicate']);
});

test('a quarantined event may come again corrected, but not unchanged', async () => {
  const window = new DedupeWindow(10);
  await window.once(key, store('quarantined'));
  const calls: string[] = [];
  expect(await window.once(key, store('quarantined', calls))).toBe('quarantined');
  expect(calls).toStrictEqual([]);
  expect(await window.once({ ...key, bodyHash: () => 'corrected' }, store('accepted'))).toBe('accepted');
});
