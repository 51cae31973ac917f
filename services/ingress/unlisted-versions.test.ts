import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { loadContracts, type JsonObject } from '../../schemas/contract.ts';
import type { Logger } from '../runtime/logger.ts';
import { createIngressMetrics } from './metrics.ts';
import { createPrepare } from './event/prepare.ts';
import { UnlistedVersions } from './unlisted-versions.ts';

const contracts = await loadContracts();
const integration = { integration_id: 'acme', environment: 'production', secrets: [] };

test('thousands of unlisted versions are a handful of series and of log lines', async () => {
  const registry = new Registry();
  const lines: unknown[] = [];
  const { onUnlistedVersion } = createIngressMetrics(registry, { waiting: () => 0, integrationsValid: () => true });
  const unlisted = new UnlistedVersions({ logger: { warn: (fields: unknown) => lines.push(fields) } as unknown as Logger, onUnlistedVersion });
  const contract = contracts.get('message.received') ?? expect.fail();
  for (let minor = 0; minor < 3_000; minor++) unlisted.note(integration, { contract, version: `1.${minor + 100}` });
  unlisted.note(integration, { contract, version: '' });
  const series = (await registry.metrics()).split('\n').filter((line) => line.startsWith('ticketstream_unlisted_versions_total'));
  expect(series).toStrictEqual([
    'ticketstream_unlisted_versions_total{event_type="message.received",version="unlisted"} 3000',
    'ticketstream_unlisted_versions_total{event_type="message.received",version="missing"} 1',
  ]);
  expect(lines.length).toBe(10);
});

test('a version has at most nine digits a part; more is no version', () => {
  const prepare = createPrepare(contracts);
  const prepared = (version: JsonObject[string]): string => {
    const json = {
      event_id: '3f2504e0-4f89-41d3-9a0c-0305e82c3301', event_type: 'message.received', timestamp: '2026-03-02T09:00:00.000Z', signature: '', version,
      source: { platform: 'telegram-crm', integration_id: 'acme', environment: 'production' },
      payload: { ticket_id: 'TKT-1', message_id: '1', sender: { type: 'customer' }, content: { text: 'hi', content_type: 'text' }, is_private: false, sent_at: '2026-03-02T09:00:00.000Z' },
    };
    const found = prepare({ body: Buffer.alloc(0), json, envelope: json, receivedAt: new Date(), rounded: json, tooDeep: false, integration });
    return found.kind === 'event' ? `accepted ${found.version}` : found.reason;
  };
  expect(prepared('1.2')).toBe('accepted 1.2');
  expect(prepared('1.123456789.123456789')).toBe('accepted 1.123456789.123456789');
  expect(prepared('1.1234567890')).toBe('unknown_version');
  expect(prepared(`1.${'9'.repeat(900_000)}`)).toBe('unknown_version');
  expect(prepared('1'.repeat(900_000))).toBe('unknown_version');
});
