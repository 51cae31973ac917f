import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, engineText, quote } from './text.ts';

describe('a statement for the engine, which takes text only', () => {
  it('stays as it is when it is UTF-8', () => {
    for (const sql of ["SELECT 'ü \u{1F600} \\xff'", 'SELECT `ä`', '']) expect(engineText(bytesOf(sql))).toBe(sql);
  });

  it('has other bytes escaped where the engine reads escapes', () => {
    expect(engineText("SELECT 'a\xffb'")).toBe("SELECT 'a\\xffb'");
    expect(engineText('SELECT `\xc3`, "\xed\xa0\x80"')).toBe('SELECT `\\xc3`, "\\xed\\xa0\\x80"');
    expect(engineText("SELECT '\xc3\xbc \xff'")).toBe("SELECT 'ü \\xff'");
    expect(engineText("SELECT '\\\\\xff \\\xff \\'\xff'")).toBe("SELECT '\\\\\\xff \\\\\\xff \\'\\xff'");
    expect(engineText("SELECT $x$it's \xff$x$")).toBe("SELECT 'it\\'s \\xff'");
  });

  it('never loses a byte of a literal', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => {
      const text = engineText(quote(Buffer.from(bytes).toString('latin1')));
      const read = text.slice(1, -1).replace(/\\(x([0-9a-f]{2})|[\s\S])/g, (_, whole: string, hex?: string) => (hex === undefined ? whole : `\\x${hex}`));
      const back = Buffer.concat(read.split(/(\\x[0-9a-f]{2})/).map((part, at) => (at % 2 === 1 ? Buffer.from(part.slice(2), 'hex') : Buffer.from(part))));
      // A literal backslash before xHH reads back as the same two ways; compare where there is none.
      if (!Buffer.from(bytes).includes('\\')) expect(back.compare(Buffer.from(bytes))).toBe(0);
    }));
  });
});
