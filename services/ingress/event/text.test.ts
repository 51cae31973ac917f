import fc from 'fast-check';
import { expect, test } from 'vitest';
import { identifierProblem, jsonText } from './text.ts';

test('JSON text has no unpaired surrogate, in keys and values at any depth, and changes nothing else', () => {
  expect(jsonText({ 'a\ud800': ['\udc00b', { c: 'x\ud83d' }], pair: '📦', escaped: '\\ud800' })).toBe('{"a\ufffd":["\ufffdb",{"c":"x\ufffd"}],"pair":"📦","escaped":"\\\\ud800"}');
  fc.assert(fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
    expect(jsonText(value as never)).toBe(JSON.stringify(value));
  }));
  fc.assert(fc.property(fc.array(fc.string({ unit: fc.constantFrom('\ud800', '\udc00', 'a', '\\', 'u', '📦', '"') })), (texts) => {
    expect(JSON.parse(jsonText(texts))).toStrictEqual(texts.map((text) => text.toWellFormed()));
  }));
});

test('an identifier is visible, well-formed, and not endless', () => {
  for (const good of ['TKT-1', ' TKT 1 ', '0', '票', '\ufeffTKT', '📦', 'a\u0000b', '\ufffd', "'; DROP", '__proto__', 'x'.repeat(512), '📦'.repeat(512)]) expect(identifierProblem(good), JSON.stringify(good)).toBeNull();
  for (const blank of [' ', '\t\n', '\u00a0\u3000', '\u200b', '\u200d\u2060', '\ufeff', '\u00ad', '\u3164', '\u2800', '\u0000', '\u202e', '\ufe0f', '\u{e0020}', '\uffff']) {
    expect(identifierProblem(blank), JSON.stringify(blank)).toBe('has only blanks or invisible characters');
  }
  expect(identifierProblem('TKT-\ud800')).toBe('has an unpaired surrogate');
  expect(identifierProblem('x'.repeat(513))).toBe('has more than 512 characters');
});
