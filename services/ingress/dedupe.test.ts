import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DedupeWindow, type DedupeKey, type Stored } from './dedupe.ts';

const key: DedupeKey = { environment: 'production', integrationId: 'acme', eventId: 'e1', bodySha256: 'b1' };
const store = (stored: Stored, calls: string[] = []) => () => {
  calls.push(stored);
  return Promise.resolve(stored);
};

test('stores an event once', async () => {
  const window = new DedupeWindow(10);
  const calls: string[] = [];
  assert.equal(await window.once(key, store('accepted', calls)), 'accepted');
  assert.equal(await window.once({ ...key, bodySha256: 'b2' }, store('accepted', calls)), 'duplicate');
  assert.equal(calls.length, 1);
});

test('two integrations may use the same event_id', async () => {
  const window = new DedupeWindow(10);
  await window.once(key, store('accepted'));
  assert.equal(await window.once({ ...key, integrationId: 'other' }, store('accepted')), 'accepted');
});

test('one event_id in two environments is two events, now and after a restart', async () => {
  const window = new DedupeWindow(10);
  const staging = { ...key, environment: 'staging' };
  assert.equal(await window.once(staging, store('accepted')), 'accepted');
  assert.equal(await window.once(key, store('accepted')), 'accepted');
  assert.equal(await window.once(staging, store('accepted')), 'duplicate');
  const restarted = new DedupeWindow(10);
  const record = { topic: '', partition: 0, offset: 0, key: null, value: null, timestampMs: 0, headers: { integration_id: 'acme', ce_id: 'e1', body_sha256: 'b1' } };
  restarted.rebuildFrom(record, 'staging', 'accepted');
  assert.equal(await restarted.once(key, store('accepted')), 'accepted');
  assert.equal(await restarted.once(staging, store('accepted')), 'duplicate');
});

test('a refusal is not remembered, and each retry is decided on its own', async () => {
  const window = new DedupeWindow(10);
  const refused = { kind: 'refused', status: 429, code: 'rate_limited', message: 'slowly' } as const;
  const both = [window.once(key, () => Promise.resolve(refused)), window.once(key, store('accepted'))];
  assert.deepEqual(await Promise.all(both), [refused, 'accepted']);
});

test('an event that could not be stored is tried again', async () => {
  const window = new DedupeWindow(10);
  await assert.rejects(window.once(key, () => Promise.reject(new Error('down'))));
  assert.equal(await window.once(key, store('accepted')), 'accepted');
});

test('a retry that overtakes its own original waits for it', async () => {
  const window = new DedupeWindow(10);
  let finish: (stored: Stored) => void = () => undefined;
  const first = window.once(key, () => new Promise<Stored>((resolve) => { finish = resolve; }));
  const second = window.once(key, store('accepted'));
  finish('accepted');
  assert.deepEqual(await Promise.all([first, second]), ['accepted', 'duplicate']);
});

test('a quarantined event may come again corrected, but not unchanged', async () => {
  const window = new DedupeWindow(10);
  await window.once(key, store('quarantined'));
  const calls: string[] = [];
  assert.equal(await window.once(key, store('quarantined', calls)), 'quarantined');
  assert.deepEqual(calls, []);
  assert.equal(await window.once({ ...key, bodySha256: 'corrected' }, store('accepted')), 'accepted');
});
