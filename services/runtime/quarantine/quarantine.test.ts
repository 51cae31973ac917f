import { expect, test } from 'vitest';
import { MAX_EVENT_BYTES, MAX_QUARANTINE_BYTES, quarantineTopic, recordBytes, type LogRecord, type NewRecord } from '../event-log.ts';
import { fromPoison, readQuarantineRecord, sha256, toQuarantineRecord, type Quarantined } from './quarantine.ts';
import { quarantineLandings, quarantineRows } from '../projection/quarantine-landing.ts';
import { identityOf, isResolution, readResolutionRecord, statusOf, toResolutionRecord, type Resolution, type ResolutionEntry } from './resolution.ts';

const inTopic = (record: NewRecord, offset = 7): LogRecord => ({ ...record, topic: quarantineTopic('production'), partition: 0, offset, timestampMs: 0 });

const body: Quarantined = {
  environment: 'production', reason: 'schema_violation', path: '/payload/is_private', detail: 'must be boolean', origin: 'http', httpSource: '/webhooks curl/8',
  integrationId: 'acme', eventId: 'E-1', eventType: 'message.received', version: '1.2', ticketId: 'TKT-1', receivedAt: new Date('2026-03-02T09:00:00.123Z'), payload: Buffer.from('{"a":1}'),
};
const logRecord: LogRecord = { topic: 'crm.production.ticket-events', partition: 3, offset: 120, key: 'TKT-1', value: Buffer.from([0, 0, 0, 1, 2, 9]), headers: { ce_id: 'e-2', integration_id: 'acme', own: 'kept' }, timestampMs: 5 };
const poison = fromPoison({ kind: 'poison', reason: 'truncated', detail: 'short', record: logRecord }, 'production', new Date(0));

const resolved = (resolution: Resolution): ResolutionEntry => ({ resolution, at: new Date(1_000), by: 'mira@desk', note: 'why', reason: '', path: '', detail: '' });

test('an item is read back as it was written', () => {
  const item = readQuarantineRecord(inTopic(toQuarantineRecord(body)));
  expect({ ...body, ...item }, 'what was written is all there').toStrictEqual({ ...item, ...body });
  expect([item.id, item.bodySha256, item.schemaId, item.refusedBy]).toStrictEqual(['0:7', sha256(body.payload), null, '']);
});

test('poison of the log keeps its key, its headers and its schema id, to go back as it was', () => {
  const item = readQuarantineRecord(inTopic(toQuarantineRecord(poison)));
  expect([item.origin, item.originPartition, item.originOffset, item.originKey, item.schemaId]).toStrictEqual([logRecord.topic, 3, 120, 'TKT-1', 258]);
  expect(item.originHeaders).toStrictEqual(logRecord.headers);
  expect(item.payload).toStrictEqual(logRecord.value);
});

test('poison goes on with the trace of its record', () => {
  const traced = { ...logRecord, headers: { ...logRecord.headers, traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' } };
  const item = fromPoison({ kind: 'poison', reason: 'truncated', detail: 'short', record: traced }, 'production', new Date(0));
  const read = readQuarantineRecord(inTopic(toQuarantineRecord(item)));
  expect(read.traceparent).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$/);
  // As it lies in the log, so that it goes back as it was.
  expect(read.originHeaders['traceparent']).toBe(traced.headers.traceparent);
});

test('headers of an absurd size do not keep poison out of the quarantine', () => {
  const { headers } = toQuarantineRecord({ ...poison, originHeaders: { big: 'x'.repeat(3_000_000), small: 'kept' }, detail: 'y'.repeat(100_000) });
  expect(JSON.stringify(headers).length).toBeLessThan(100_000);
});

test('whatever a sender wrote, the quarantine’s record fits into its topic and is well-formed', () => {
  const huge = '漢'.repeat(1_000_000);
  const ofSender = toQuarantineRecord({ ...body, detail: huge, path: huge, httpSource: huge, eventId: huge, eventType: huge, version: huge, ticketId: huge, payload: Buffer.alloc(1_048_576) });
  expect(recordBytes(ofSender)).toBeLessThan(MAX_QUARANTINE_BYTES);
  const ofLog = toQuarantineRecord({ ...poison, ticketId: huge, originKey: huge, originHeaders: { a: huge.slice(0, 60_000), [huge]: '' }, payload: Buffer.alloc(MAX_EVENT_BYTES) });
  expect(recordBytes(ofLog)).toBeLessThan(MAX_QUARANTINE_BYTES);
  // Cut in the middle of a pair, or ill-formed from the start.
  const cut = toQuarantineRecord({ ...body, ticketId: `x${'📦'.repeat(600)}`, eventId: '\ud800', eventType: `x${'📦'.repeat(600)}`, originKey: `x${'📦'.repeat(40_000)}` });
  for (const text of [cut.key, ...Object.values(cut.headers)]) expect(text.isWellFormed()).toBe(true);
});

test('the same item written twice is one, another service’s refusal of the same record is another', () => {
  const identity = (item: Quarantined, offset: number): string => identityOf(readQuarantineRecord(inTopic(toQuarantineRecord(item), offset)));
  expect(identity(body, 1)).toBe(identity(body, 2));
  expect(identity(poison, 1)).not.toBe(identity({ ...poison, refusedBy: 'queue-analytics' }, 1));
});

test('a resolution names its item and is read back', () => {
  const item = readQuarantineRecord(inTopic(toQuarantineRecord(poison)));
  const record = inTopic(toResolutionRecord(item, resolved('replayed')), 8);
  expect(isResolution(record)).toBe(true);
  expect(identityOf(readQuarantineRecord(record))).toBe(identityOf(item));
  expect(readResolutionRecord(record)).toStrictEqual(resolved('replayed'));
  expect(readResolutionRecord({ ...record, headers: { resolution: 'of a later build' } })).toBeNull();
});

test('the last word decides the status; a replay that failed is none', () => {
  expect(statusOf([])).toBe('pending');
  expect(statusOf([resolved('still_unusable')])).toBe('pending');
  expect(statusOf([resolved('discarded'), resolved('still_unusable')])).toBe('discarded');
  expect(statusOf([resolved('discarded'), resolved('replayed')])).toBe('replayed');
});

test('whatever somebody writes into the quarantine topic becomes a row', async () => {
  const toLanding = quarantineRows();
  const hostile = ['', '-1', '1e9', '99999999999999999999', 'NaN'].map((origin_partition) => ({ origin_partition, origin_offset: origin_partition, received_at: 'never', origin_headers: '{' }));
  for (const headers of [{}, { resolution: 'x' }, ...hostile, ...hostile.map((fields) => ({ ...fields, resolution: 'replayed' }))]) {
    const row = await toLanding({ topic: 'q', partition: 0, offset: 0, key: null, value: null, headers, timestampMs: 1 });
    expect(row.kind).toBe('row');
  }
});

test('every column of the landing tables has a name of its own', () => {
  for (const { columns } of quarantineLandings) expect(new Set(columns.map(({ name }) => name)).size).toBe(columns.length);
});
