import { expect, test } from 'vitest';
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
  expect(decided([usable(item(1)), { item: item(2), kind: 'unusable', reason: 'r', path: '', detail: '' }])).toStrictEqual([['replayed', true], ['still_unusable', false]]);
});

test('two bodies of one event are appended once', () => {
  expect(decided([usable(item(1)), usable(item(2))])).toStrictEqual([['replayed', true], ['duplicate', false]]);
});

test('an event that is in the log is a duplicate, unless it is this very item that a replay brought there', () => {
  expect(decided([usable(item(1))], new Map([['acme\ne-1', new Set([''])]]))).toStrictEqual([['duplicate', false]]);
  expect(decided([usable(item(1))], new Map([['acme\ne-1', new Set(['', replayedFrom(item(1))])]]))).toStrictEqual([['replayed', false]]);
});

test('a service that alone refused an event gets it again, though it is in the log', () => {
  expect(decided([usable(item(1, { refusedBy: 'queue-analytics' }))], new Map([['acme\ne-1', new Set([''])]]))).toStrictEqual([['replayed', true]]);
});

test('bytes that were altered are not let in', async () => {
  const ask = () => Promise.reject(new Error('must not be asked'));
  const judged = await judge(item(1, { payload: Buffer.from('{"a":1}') }), { door: { ask, close: () => Promise.resolve() }, toLanding: ask, fixedBy: undefined });
  expect.assert(judged.kind === 'unusable');
  expect(judged.reason).toBe('altered');
});

test('filters are about one item each and all have to agree', () => {
  const filters = (change: Partial<Filters> = {}): Filters => ({ status: 'pending', ...change });
  expect(matches(item(1), filters(), [])).toBe(true);
  expect(matches(item(1), filters(), ['0:2'])).toBe(false);
  expect(matches(item(1), filters({ eventId: 'E-1', integration: 'acme' }), [])).toBe(true);
  expect(matches(item(1), filters({ eventId: 'E-1', integration: 'globex' }), [])).toBe(false);
  expect(matches(item(1), filters({ since: new Date('2026-03-02T09:00:00Z'), until: new Date('2026-03-02T09:00:01Z') }), [])).toBe(true);
  expect(matches(item(1), filters({ until: new Date('2026-03-02T09:00:00Z') }), [])).toBe(false);
  expect(narrows(filters())).toBe(false);
  expect(narrows(filters({ version: '7.0' }))).toBe(true);
});

test('what a sender wrote does not steer the terminal', () => {
  const table = tableOf([{ item: item(1, { eventType: '\u001B[2J\nboo' }), bytes: 0, history: [], status: 'pending' }]);
  expect(table.split('\n').length).toBe(2);
  expect(table.includes('\u001B')).toBe(false);
});
