import fc from 'fast-check';
import { expect, test } from 'vitest';
import { analyze, isInsert } from './sql.ts';
import { quote } from './text.ts';

function dataOf(sql: string): string {
  const statement = analyze(sql);
  expect.assert('dataAt' in statement, statement.kind);
  return sql.slice(statement.dataAt);
}

test('finds where the data of an INSERT begins', () => {
  expect(dataOf('INSERT INTO t FORMAT CSV\n1,2\n')).toBe('1,2\n');
  expect(dataOf('INSERT INTO t FORMAT CSV \r\n\n1')).toBe('\n1');
  expect(dataOf('insert into db.`t` (`format`, values) settings a = 1 format JSONEachRow {"a":1}')).toBe('{"a":1}');
  expect(dataOf("INSERT INTO FUNCTION file('x', 'CSV') VALUES (1), (2)")).toBe(' (1), (2)');
  expect(dataOf('-- a note\n/* FORMAT X */ INSERT INTO format FORMAT Native\n\x00;\xff')).toBe('\x00;\xff');
  expect(dataOf("INSERT INTO t SELECT x FROM input('x Int8') WHERE y = 'FORMAT' FORMAT CSV\n1")).toBe('1');
});

test('splits an INSERT around the place for a file', () => {
  const plain = analyze('INSERT INTO t (a) SETTINGS max_threads = 1 FORMAT CSV\n1');
  expect.assert(plain.kind === 'insert');
  expect([plain.target, plain.settings, plain.format]).toStrictEqual(['INSERT INTO t (a) ', 'SETTINGS max_threads = 1 ', 'CSV']);
  const through = analyze("INSERT INTO t SELECT f(x) FROM input('x Int8, y Array(String)') WHERE x FORMAT CSV\n");
  expect.assert(through.kind === 'insert-input');
  expect([through.before, through.structure, through.after]).toStrictEqual(['INSERT INTO t SELECT f(x) FROM ', "'x Int8, y Array(String)'", ' WHERE x ']);
});

test('puts rows out before the FORMAT of a query, and only there', () => {
  const split = (sql: string): unknown[] => {
    const statement = analyze(sql);
    return statement.kind === 'select' ? [statement.before, statement.after, statement.format] : [statement.kind];
  };
  expect(split('SELECT 1')).toStrictEqual(['SELECT 1', '', undefined]);
  expect(split('SELECT 1 FORMAT JSON SETTINGS a = 1 ; ;\n')).toStrictEqual(['SELECT 1 ', 'FORMAT JSON SETTINGS a = 1', 'JSON']);
  expect(split("SELECT 'FORMAT JSON' AS format -- FORMAT XML")).toStrictEqual(["SELECT 'FORMAT JSON' AS format", '', undefined]);
  expect(split('SELECT * FROM (SELECT 1 FORMAT JSON)')).toStrictEqual(['SELECT * FROM (SELECT 1 FORMAT JSON)', '', undefined]);
  expect(split('SELECT $a$; FORMAT X$a$')).toStrictEqual(['SELECT $a$; FORMAT X$a$', '', undefined]);
  expect(split('WITH 1 AS x INSERT INTO t SELECT x')).toStrictEqual(['command']);
});

test('refuses what a server refuses before it runs anything', () => {
  expect(() => analyze(' -- nothing\n')).toThrow(/Code: 62\./);
  expect(() => analyze('SELECT 1; DROP TABLE t')).toThrow(/Code: 62\..*Multi-statements/);
  expect(() => analyze("SELECT 1 INTO OUTFILE 'x'")).toThrow(/Code: 358\./);
  expect(() => analyze("INSERT INTO t FROM INFILE 'x' FORMAT CSV")).toThrow(/Code: 36\./);
});

test('tells an INSERT from its first word, in time that grows with the text only', () => {
  expect(isInsert(`${'/* a */ -- b\n'.repeat(5000)}INSERT`)).toBe(true);
  expect(isInsert(`${'/* a */ '.repeat(5000)}SELECT`)).toBe(false);
});

// Each would be looked for to the end of the text again and again.
test.each([['comments', '/* '], ['heredocs', '$a$ '], ['quotes', '\xe2\x80\x98 '], ['quotes of names', '\xe2\x80\x9c ']])('reads a text full of %s that nothing closes in time that grows with it only', (_, opening) => {
  const numbered = Array.from({ length: 300_000 }, (_none, index) => opening.replace('a', `a${index}`)).join('');
  expect(analyze(`SELECT ${numbered}`)).toMatchObject({ kind: 'select', format: undefined });
});

test('never mistakes what stands in a quoted string for the end of a statement', () => {
  fc.assert(fc.property(fc.string(), (text) => {
    const sql = `SELECT ${quote(text)}`;
    expect(analyze(`${sql};`)).toStrictEqual({ kind: 'select', before: sql, after: '', format: undefined });
  }));
});
