import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readQuarantineRecord, toQuarantineRecord, type QuarantineItem } from '../../services/runtime/quarantine/quarantine.ts';
import { matches, narrows, type Filters } from './filters.ts';
import { tableOf } from './print.ts';
import { decide, judge, replayedFrom, type Judged } from './replay.ts';

const item = (offset: number, change: Partial<QuarantineItem> = {}): QuarantineItem => ({
  ...readQuarantineRecord({
    ...toQuarantineRecord({
      environment: 'production', reason: 'schema_violation', path: '', detail: '', origin: 'http', integrationId: 'acme', eventId: 'e-1', eventType: 'message.received',
      version: '1.2', ticketId: 'TKT-1', receivedAt: new Date('2026-03-02T09:00:00Z'), payload: Buffer.from('{}'),
    }),
    topic: 'crm.production.quarantine', partition: 0, offset, timestampMs: 0,
  }),
  ...change,
});

const usable = (of: QuarantineItem): Judged => ({ item: of, kind: 'event', topic: 'crm.production.ticket-events', record: { key: 'TKT-1', value: Buffer.alloc(0), headers: {} }, key: 'acme\ne-1' });
const decided = (judged: readonly Judged[], inLog = new Map<string, Set<string>>()) => decide(judged, inLog).map(({ outcome, append }) => [outcome.resolution, append !== null]);

test('what can be used is appended, what cannot stays', () => {
  assert.deepEqual(decided([usable(item(1)), { item: item(2), kind: 'unusable', reason: 'r', path: '', detail: '' }]), [['replayed', true], ['still_unusable', false]]);
});

test('two bodies of one event are appended once', () => {
  assert.deepEqual(decided([usable(item(1)), usable(item(2))]), [['replayed', true], ['duplicate', false]]);
});

test('an event that is in the log is a duplicate, unless it is this very item that a replay brought there', () => {
  assert.deepEqual(decided([usable(item(1))], new Map([['acme\ne-1', new Set([''])]])), [['duplicate', false]]);
  assert.deepEqual(decided([usable(item(1))], new Map([['acme\ne-1', new Set(['', replayedFrom(item(1))])]])), [['replayed', false]]);
});

test('a service that alone refused an event gets it again, though it is in the log', () => {
  assert.deepEqual(decided([usable(item(1, { refusedBy: 'queue-analytics' }))], new Map([['acme\ne-1', new Set([''])]])), [['replayed', true]]);
});

test('bytes that were altered are not let in', async () => {
  const ask = () => Promise.reject(new Error('must not be asked'));
  const judged = await judge(item(1, { payload: Buffer.from('{"a":1}') }), { door: { ask, close: () => Promise.resolve() }, toLanding: ask, fixedBy: undefined });
  assert.ok(judged.kind === 'unusable');
  assert.equal(judged.reason, 'altered');
});

test('filters are about one item each and all have to agree', () => {
  const filters = (change: Partial<Filters> = {}): Filters => ({ status: 'pending', ...change });
  assert.equal(matches(item(1), filters(), []), true);
  assert.equal(matches(item(1), filters(), ['0:2']), false);
  assert.equal(matches(item(1), filters({ eventId: 'E-1', integration: 'acme' }), []), true);
  assert.equal(matches(item(1), filters({ eventId: 'E-1', integration: 'globex' }), []), false);
  assert.equal(matches(item(1), filters({ since: new Date('2026-03-02T09:00:00Z'), until: new Date('2026-03-02T09:00:01Z') }), []), true);
  assert.equal(matches(item(1), filters({ until: new Date('2026-03-02T09:00:00Z') }), []), false);
  assert.equal(narrows(filters()), false);
  assert.equal(narrows(filters({ version: '7.0' })), true);
});

test('what a sender wrote does not steer the terminal', () => {
  const table = tableOf([{ item: item(1, { eventType: '\u001B[2J\nboo' }), bytes: 0, history: [], status: 'pending' }]);
  assert.equal(table.split('\n').length, 2);
  assert.equal(table.includes('\u001B'), false);
});
