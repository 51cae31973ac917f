import { expect, test } from 'vitest';
import { compareRows, tellDifferences } from './compare.ts';

const view = 'customer_waits';
const keys = ['ticket_id', 'wait_no'];

test('rows are equal in whatever way ClickHouse writes its types', () => {
  const at = Date.UTC(2026, 2, 29, 1, 0, 0, 5);
  const oracle = [{ ticket_id: '17', wait_no: 1, waiting_since: at, ended_at: null, is_first: 1, share: 1 / 3, agent: '' }];
  const sql = [{ ticket_id: '17', wait_no: '1', waiting_since: '2026-03-29 01:00:00.005', ended_at: null, is_first: true, share: 0.3333333333333333, agent: '' }];
  expect(compareRows({ view, keys, oracle, sql })).toStrictEqual([]);
});

test('NULL is not 0, and text is not a number', () => {
  const oracle = [{ ticket_id: 'T', wait_no: 1, wait_seconds: null, agent: '0' }];
  const sql = [{ ticket_id: 'T', wait_no: 1, wait_seconds: 0, agent: 0 }];
  expect(compareRows({ view, keys, oracle, sql }).map((d) => d.kind)).toStrictEqual(['value', 'value']);
});

test('differences name the row, the column and both values', () => {
  const oracle = [{ ticket_id: 'A', wait_no: 1, wait_seconds: 5, agent: 'anna' }, { ticket_id: 'B', wait_no: 1, wait_seconds: 7, agent: '' }];
  const sql = [{ ticket_id: 'A', wait_no: 1, wait_seconds: 6 }, { ticket_id: 'A', wait_no: 1, wait_seconds: 6 }, { ticket_id: 'C', wait_no: 1, wait_seconds: 1 }];
  expect(tellDifferences(compareRows({ view, keys, oracle, sql }))).toBe([
    'customer_waits: SQL has no column agent',
    'customer_waits ["A",1]: more than one row in sql',
    'customer_waits ["A",1].wait_seconds: oracle 5, SQL 6',
    'customer_waits ["B",1]: row is missing in SQL: {"ticket_id":"B","wait_no":1,"wait_seconds":7,"agent":""}',
    'customer_waits ["C",1]: the oracle has no such row: {"ticket_id":"C","wait_no":1,"wait_seconds":1}',
  ].join('\n'));
});

test('columns can be renamed and ignored', () => {
  const oracle = [{ ticket_id: 'A', wait_no: 1, at: 5, other: 1 }];
  expect(compareRows({ view, keys, oracle, sql: [{ ticket_id: 'A', n: 1, replied_at: 5 }], rename: { wait_no: 'n', at: 'replied_at' }, ignore: ['other'] })).toStrictEqual([]);
});

test('a column of SQL without a twin is told, unless it is excused', () => {
  const oracle = [{ ticket_id: 'A', wait_no: 1, own: 1 }];
  const sql = [{ ticket_id: 'A', wait_no: 1, own: 1, lag: 2 }];
  expect(tellDifferences(compareRows({ view, keys, oracle, sql }))).toBe("customer_waits: the oracle has nothing to compare SQL's column lag with");
  expect(compareRows({ view, keys, oracle, sql, excused: { lag: 'no number of tickets' } })).toStrictEqual([]);
  expect(tellDifferences(compareRows({ view, keys, oracle, sql, ignore: ['own'], excused: { lag: 'no number' } }))).toBe("customer_waits: the oracle has nothing to compare SQL's column own with");
  expect(tellDifferences(compareRows({ view, keys, oracle, sql: [{ ticket_id: 'A', wait_no: 1, own: 1 }], excused: { own: 'why' } }))).toBe('customer_waits: own is excused, but is compared or no column of SQL');
});
