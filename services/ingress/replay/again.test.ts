import { expect, test } from 'vitest';
import { loadContracts, type JsonObject } from '../../../schemas/contract.ts';
import { MAX_EVENT_BYTES } from '../../runtime/event-log.ts';
import { toLine, type ReplayRequest } from '../../runtime/quarantine/replay.ts';
import type { Integration } from '../../runtime/integrations-file.ts';
import { createPrepare } from '../event/prepare.ts';
import { createSealer } from '../event/seal.ts';
import { createAgain, type Fix } from './again.ts';

const contracts = await loadContracts();
const prepare = createPrepare(contracts);

const event = (change: JsonObject = {}): JsonObject => ({
  event_id: '3F2504E0-4F89-41D3-9A0C-0305E82C3301',
  event_type: 'message.received',
  timestamp: '2026-03-02T09:00:00.000Z',
  source: { platform: 'telegram-crm', integration_id: 'acme', environment: 'production' },
  signature: 'of a secret that is gone',
  version: '1.2',
  payload: { ticket_id: 'TKT-1', message_id: '1', sender: { type: 'customer' }, content: { text: 'hi', content_type: 'text' }, is_private: false, sent_at: '2026-03-02T09:00:00.000Z' },
  ...change,
});

const request = (body: JsonObject | string): ReplayRequest => ({
  id: '0:1', environment: 'production', integration_id: 'acme', received_at: '2026-03-02T09:00:01.000Z', body_sha256: 'abc', traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)).toString('base64'),
});

const integration = (environment: string): Integration => ({ integration_id: 'acme', environment, secrets: ['rotated'] });
interface Settings { integrations?: Integration[]; fix?: Fix | null; encoded?: Buffer }
const ask = (body: JsonObject | string, { integrations = [integration('production')], fix = null, encoded = Buffer.from('encoded') }: Settings = {}) =>
  createAgain({ integrations, prepare, sealer: createSealer({ keyFor: () => Promise.reject(new Error('nothing is sealed here')) }), encode: () => encoded, fix })(request(body));

test('an event comes in as it would have, with its own id, times and signature', async () => {
  const answer = await ask(event());
  expect.assert(answer.kind === 'event', JSON.stringify(answer));
  expect(answer.key).toBe('TKT-1');
  const { ce_id, ce_time, received_at, body_sha256, signature } = answer.headers;
  expect({ ce_id, ce_time, received_at, body_sha256, signature }).toStrictEqual({
    ce_id: '3f2504e0-4f89-41d3-9a0c-0305e82c3301', ce_time: '2026-03-02T09:00:00.000Z', received_at: '2026-03-02T09:00:01.000Z', body_sha256: 'abc', signature: 'of a secret that is gone',
  });
});

test('it goes on with the trace that it had in the quarantine', async () => {
  const answer = await ask(event());
  expect.assert(answer.kind === 'event');
  expect(answer.headers['traceparent']).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$/);
});

test('what still is unusable says why today', async () => {
  const answer = await ask(event({ version: '7.0' }));
  expect.assert(answer.kind === 'unusable');
  expect([answer.reason, answer.path]).toStrictEqual(['unknown_version', '/version']);
  expect((await ask('not json')).kind).toBe('unusable');
});

test('the same rules hold as at the door: for texts, keys given twice, and sizes', async () => {
  const payload = event()['payload'] as JsonObject;
  const reasonOf = (answer: Awaited<ReturnType<typeof ask>>): string => (answer.kind === 'unusable' ? `${answer.reason} ${answer.path}` : answer.kind);
  expect(reasonOf(await ask(event({ payload: { ...payload, ticket_id: 'TKT-\ud800' } })))).toBe('invalid_identifier /payload/ticket_id');
  expect(reasonOf(await ask(JSON.stringify(event()).replace('"is_private":false', '"is_private":true,"is_private":false')))).toBe('invalid_json /payload/is_private');
  expect(reasonOf(await ask(event(), { encoded: Buffer.alloc(MAX_EVENT_BYTES - 100) }))).toBe('too_large ');
});

test('a fix sees numbers as they were written', async () => {
  const body = JSON.stringify(event({ version: 1 })).replace('"version":1,', '"version":1.20,').replace('"is_private":false', '"is_private":"no","serial":12345678901234567890');
  const seen: unknown[] = [];
  const fix: Fix = (sent) => {
    const payload = sent['payload'] as JsonObject;
    seen.push(sent['version'], payload['serial']);
    return { ...sent, payload: { ...payload, is_private: false } };
  };
  expect((await ask(body, { fix })).kind).toBe('event');
  expect(seen).toStrictEqual(['1.20', '12345678901234567890']);
});

test('an answer is one line, whatever the identifiers have in them', async () => {
  const id = 'T\u2028K\u2029T\r\n\u0085';
  const answer = await ask(event({ payload: { ...(event()['payload'] as JsonObject), ticket_id: id } }));
  const line = toLine(answer);
  expect(line.slice(0, -1)).not.toMatch(/[\r\n\u2028\u2029]/);
  expect((JSON.parse(line) as { key: string }).key).toBe(id);
});

test('an integration that moved is followed; one with two environments stays in its own', async () => {
  const moved = await ask(event({ source: { integration_id: 'acme', environment: 'staging' } }), { integrations: [integration('staging')] });
  expect.assert(moved.kind === 'event');
  expect(moved.environment).toBe('staging');
  const both = await ask(event({ source: { integration_id: 'acme', environment: 'staging' } }), { integrations: [integration('staging'), integration('production')] });
  expect.assert(both.kind === 'unusable', 'a signature of one environment does not open the other');
  expect(both.reason).toBe('environment_mismatch');
  const gone = await ask(event(), { integrations: [] });
  expect.assert(gone.kind === 'unusable');
  expect(gone.reason).toBe('unknown_integration');
});

test('a fix corrects what an event says, never which event it is', async () => {
  const payload = { ...(event()['payload'] as JsonObject), is_private: 'yes' };
  const repaired = await ask(event({ payload }), { fix: (body) => ({ ...body, payload: { ...(body['payload'] as JsonObject), is_private: true } }) });
  expect(repaired.kind).toBe('event');
  for (const [field, value] of Object.entries({ event_id: crypto.randomUUID(), timestamp: '2026-03-03T09:00:00.000Z', source: { integration_id: 'globex' } })) {
    const answer = await ask(event(), { fix: (body) => ({ ...body, [field]: value }) });
    expect.assert(answer.kind === 'unusable', field);
    expect(answer.reason).toBe('fix_failed');
  }
  const thrown = await ask(event(), { fix: () => { throw new Error('no idea'); } });
  expect.assert(thrown.kind === 'unusable');
  expect([thrown.reason, thrown.detail]).toStrictEqual(['fix_failed', 'no idea']);
});
