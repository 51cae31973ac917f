import { describe, expect, it } from 'vitest';
import { ValuesWatch } from './values.ts';

/** Both at once, and byte by byte: what is looked for may lie across chunks. */
function suspicious(data: string): boolean {
  const [whole, bytes] = [new ValuesWatch(), new ValuesWatch()];
  whole.see(Buffer.from(data));
  for (const byte of Buffer.from(data)) bytes.see(Buffer.from([byte]));
  expect(bytes.suspicious, data).toBe(whole.suspicious);
  return whole.suspicious;
}

describe('what is watched for in VALUES', () => {
  it('lets strings say anything', () => {
    for (const data of ["('see file (1)')", "('it''s a file('), (now())", "('\\\\'), ('\\'file(\\'')", "('SELECT \"x\" -- y', 1, [-1.5e3, NULL], fromUnixTimestamp64Nano(5), {'a': 'file'})", "('\u00fc')"]) {
      expect(suspicious(data), data).toBe(false);
    }
  });

  it('sees calls, queries, comments and other quotes outside of strings', () => {
    for (const data of ["(file('x'))", "('a'), ('\\\\', file ('x'))", "('it''s', FILE('x'))", "(`fi\\x6ce`('x'))", '("file"(1))', "((SELECT 1))", "(1 /* ' */)", "(1, -- '\n 2)", "(1 // '\n)", "(1 # '\n)", "($$'$$)", "(\u2018'\u2019)", "(format(CSV, 'x'))", "(x APPLY y)"]) {
      expect(suspicious(data), data).toBe(true);
    }
  });
});
