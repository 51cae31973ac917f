import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { analyze, isInsert } from './sql.ts';
import { quote } from './text.ts';

function dataOf(sql: string): string {
  const statement = analyze(sql);
  assert.ok('dataAt' in statement, statement.kind);
  return sql.slice(statement.dataAt);
}

test('finds where the data of an INSERT begins', () => {
  assert.equal(dataOf('INSERT INTO t FORMAT CSV\n1,2\n'), '1,2\n');
  assert.equal(dataOf('INSERT INTO t FORMAT CSV \r\n\n1'), '\n1');
  assert.equal(dataOf('insert into db.`t` (`format`, values) settings a = 1 format JSONEachRow {"a":1}'), '{"a":1}');
  assert.equal(dataOf("INSERT INTO FUNCTION file('x', 'CSV') VALUES (1), (2)"), ' (1), (2)');
  assert.equal(dataOf('-- a note\n/* FORMAT X */ INSERT INTO format FORMAT Native\n\x00;\xff'), '\x00;\xff');
  assert.equal(dataOf("INSERT INTO t SELECT x FROM input('x Int8') WHERE y = 'FORMAT' FORMAT CSV\n1"), '1');
});

test('splits an INSERT around the place for a file', () => {
  const plain = analyze('INSERT INTO t (a) SETTINGS max_threads = 1 FORMAT CSV\n1');
  assert.ok(plain.kind === 'insert');
  assert.deepEqual([plain.target, plain.settings, plain.format], ['INSERT INTO t (a) ', 'SETTINGS max_threads = 1 ', 'CSV']);
  const through = analyze("INSERT INTO t SELECT f(x) FROM input('x Int8, y Array(String)') WHERE x FORMAT CSV\n");
  assert.ok(through.kind === 'insert-input');
  assert.deepEqual([through.before, through.structure, through.after], ['INSERT INTO t SELECT f(x) FROM ', "'x Int8, y Array(String)'", ' WHERE x ']);
});

test('puts rows out before the FORMAT of a query, and only there', () => {
  const split = (sql: string): unknown[] => {
    const statement = analyze(sql);
    return statement.kind === 'select' ? [statement.before, statement.after, statement.format] : [statement.kind];
  };
  assert.deepEqual(split('SELECT 1'), ['SELECT 1', '', undefined]);
  assert.deepEqual(split('SELECT 1 FORMAT JSON SETTINGS a = 1 ; ;\n'), ['SELECT 1 ', 'FORMAT JSON SETTINGS a = 1', 'JSON']);
  assert.deepEqual(split("SELECT 'FORMAT JSON' AS format -- FORMAT XML"), ["SELECT 'FORMAT JSON' AS format", '', undefined]);
  assert.deepEqual(split('SELECT * FROM (SELECT 1 FORMAT JSON)'), ['SELECT * FROM (SELECT 1 FORMAT JSON)', '', undefined]);
  assert.deepEqual(split('SELECT $a$; FORMAT X$a$'), ['SELECT $a$; FORMAT X$a$', '', undefined]);
  assert.deepEqual(split('WITH 1 AS x INSERT INTO t SELECT x'), ['command']);
});

test('refuses what a server refuses before it runs anything', () => {
  assert.throws(() => analyze(' -- nothing\n'), /Code: 62\./);
  assert.throws(() => analyze('SELECT 1; DROP TABLE t'), /Code: 62\..*Multi-statements/);
  assert.throws(() => analyze("SELECT 1 INTO OUTFILE 'x'"), /Code: 358\./);
  assert.throws(() => analyze("INSERT INTO t FROM INFILE 'x' FORMAT CSV"), /Code: 36\./);
});

test('tells an INSERT from its first word, in time that grows with the text only', () => {
  assert.equal(isInsert(`${'/* a */ -- b\n'.repeat(5000)}INSERT`), true);
  assert.equal(isInsert(`${'/* a */ '.repeat(5000)}SELECT`), false);
});

test('never mistakes what stands in a quoted string for the end of a statement', () => {
  fc.assert(fc.property(fc.string(), (text) => {
    const sql = `SELECT ${quote(text)}`;
    assert.deepEqual(analyze(`${sql};`), { kind: 'select', before: sql, after: '', format: undefined });
  }));
});
