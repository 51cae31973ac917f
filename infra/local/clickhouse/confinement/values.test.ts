import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ValuesWatch } from './values.ts';

/** Both at once, and byte by byte: what is looked for may lie across chunks. */
function suspicious(data: string): boolean {
  const [whole, bytes] = [new ValuesWatch(), new ValuesWatch()];
  whole.see(Buffer.from(data));
  for (const byte of Buffer.from(data)) bytes.see(Buffer.from([byte]));
  assert.equal(bytes.suspicious, whole.suspicious, data);
  return whole.suspicious;
}

describe('what is watched for in VALUES', () => {
  it('lets strings say anything', () => {
    for (const data of ["('see file (1)')", "('it''s a file('), (now())", "('\\\\'), ('\\'file(\\'')", "('SELECT \"x\" -- y', 1, [-1.5e3, NULL], fromUnixTimestamp64Nano(5), {'a': 'file'})", "('\u00fc')"]) {
      assert.equal(suspicious(data), false, data);
    }
  });

  it('sees calls, queries, comments and other quotes outside of strings', () => {
    for (const data of ["(file('x'))", "('a'), ('\\\\', file ('x'))", "('it''s', FILE('x'))", "(`fi\\x6ce`('x'))", '("file"(1))', "((SELECT 1))", "(1 /* ' */)", "(1, -- '\n 2)", "(1 // '\n)", "(1 # '\n)", "($$'$$)", "(\u2018'\u2019)", "(format(CSV, 'x'))", "(x APPLY y)"]) {
      assert.equal(suspicious(data), true, data);
    }
  });
});
