// A webhook's trace goes on: into the record of the log or of the quarantine, and into the log lines about it.
import { createHmac, randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadContracts } from '../../schemas/contract.ts';
import { RuntimeError } from '../runtime/errors.ts';
import type { NewRecord } from '../runtime/event-log.ts';
import { createLogger } from '../runtime/logger.ts';
import { createAccept } from './accept.ts';
import { DedupeWindow } from './dedupe.ts';
import { createPrepare } from './event/prepare.ts';
import { createSealer } from './event/seal.ts';
import { createServer } from './server.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const sent = `00-${traceId}-00f067aa0ba902b7-01`;
const acme = { integration_id: 'acme', environment: 'production', secrets: ['acme-secret'] };
let appended: NewRecord<Buffer | null> | undefined;
let away = false;
const lines: Record<string, unknown>[] = [];
const logger = createLogger('ingress', 'info');
/** What is said, with what a child logger adds. */
const heard = (bound: object = {}): typeof logger => Object.assign(Object.create(logger) as typeof logger, {
  warn: (fields: object, message: string) => lines.push({ ...bound, ...fields, message }),
  child: (more: object) => heard({ ...bound, ...more }),
});
const ignored = (): void => undefined;
const app = createServer({
  accept: createAccept({
    integrations: { find: (id) => (id === 'acme' ? [acme] : []), environments: () => ['production'], close: ignored },
    prepare: createPrepare(await loadContracts()), encode: () => Buffer.alloc(10), sealer: createSealer({ keyFor: () => Promise.reject(new Error('nothing is sealed here')) }), window: new DedupeWindow(1_000), logger: heard(),
    producer: {
      append: (_topic, record) => {
        if (away) return Promise.reject(new RuntimeError('LOG_UNAVAILABLE', 'away'));
        appended = record;
        return Promise.resolve({ partition: 0 });
      },
      waiting: () => 0, close: () => Promise.resolve(),
    },
    onSignature: ignored, onQuarantined: ignored, onUnlistedVersion: ignored,
  }),
  metrics: new Registry(), ready: () => Promise.resolve(null), logger: heard(), onAnswer: ignored, onDecided: ignored,
});
let url = '';
beforeAll(async () => {
  url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/webhooks`;
});
afterAll(() => app.close());
beforeEach(() => {
  appended = undefined;
  away = false;
  lines.splice(0);
});

async function post(traceparent: string | undefined, version = '1.2'): Promise<number> {
  const [id, type, at] = [randomUUID(), 'status.changed', '2026-03-02T09:00:00.000Z'];
  const body = JSON.stringify({
    event_id: id, event_type: type, timestamp: at, version, source: { platform: 'crm', integration_id: 'acme', environment: 'production' },
    signature: createHmac('sha256', 'acme-secret').update(id + type + at).digest('hex'),
    payload: { ticket_id: 'TKT-1', previous_status: 'open', new_status: 'solved', changed_by: { type: 'system', id: 'x' }, changed_at: at },
  });
  const headers = { 'content-type': 'application/json', ...(traceparent === undefined ? {} : { traceparent }) };
  return (await fetch(url, { method: 'POST', headers, body })).status;
}
const SPAN_OF_SENDER = new RegExp(`^00-${traceId}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`);

test('the record carries a span of the sender\'s trace', async () => {
  expect(await post(sent)).toBe(200);
  expect(appended?.headers['traceparent']).toMatch(SPAN_OF_SENDER);
});

test('without a trace, or with one that breaks the grammar, it carries the first span of a new one', async () => {
  for (const odd of [undefined, '', sent.toUpperCase(), `${sent}, ${sent}`, 'x'.repeat(10_000), `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`]) {
    expect(await post(odd)).toBe(200);
    expect(appended?.headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(appended?.headers['traceparent']).not.toContain(traceId);
  }
});

test('an event that is quarantined keeps it, and the log names it', async () => {
  expect(await post(sent, 'none')).toBe(200);
  expect(appended?.headers['quarantine_reason']).toBe('unknown_version');
  expect(appended?.headers['traceparent']).toMatch(SPAN_OF_SENDER);
  expect(lines).toMatchObject([{ message: 'event quarantined', trace_id: traceId, span_id: appended?.headers['traceparent']?.slice(36, 52) }]);
});

test('so does the log of an event that was not stored', async () => {
  away = true;
  expect(await post(sent)).toBe(503);
  expect(lines).toMatchObject([{ code: 'LOG_UNAVAILABLE', trace_id: traceId }]);
});
