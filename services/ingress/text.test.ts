import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { identifierProblem, jsonText } from './text.ts';

test('JSON text has no unpaired surrogate, in keys and values at any depth, and changes nothing else', () => {
  assert.equal(jsonText({ 'a\ud800': ['\udc00b', { c: 'x\ud83d' }], pair: '📦', escaped: '\\ud800' }), '{"a\ufffd":["\ufffdb",{"c":"x\ufffd"}],"pair":"📦","escaped":"\\\\ud800"}');
  fc.assert(fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
    assert.equal(jsonText(value as never), JSON.stringify(value));
  }));
  fc.assert(fc.property(fc.array(fc.string({ unit: fc.constantFrom('\ud800', '\udc00', 'a', '\\', 'u', '📦', '"') })), (texts) => {
    assert.deepEqual(JSON.parse(jsonText(texts)), texts.map((text) => text.toWellFormed()));
  }));
});

test('an identifier is visible, well-formed, and not endless', () => {
  for (const good of ['TKT-1', ' TKT 1 ', '0', '票', '\ufeffTKT', '📦', 'a\u0000b', '\ufffd', "'; DROP", '__proto__', 'x'.repeat(512), '📦'.repeat(512)]) assert.equal(identifierProblem(good), null, JSON.stringify(good));
  for (const blank of [' ', '\t\n', '\u00a0\u3000', '\u200b', '\u200d\u2060', '\ufeff', '\u00ad', '\u3164', '\u2800', '\u0000', '\u202e', '\ufe0f', '\u{e0020}', '\uffff']) {
    assert.equal(identifierProblem(blank), 'has only blanks or invisible characters', JSON.stringify(blank));
  }
  assert.equal(identifierProblem('TKT-\ud800'), 'has an unpaired surrogate');
  assert.equal(identifierProblem('x'.repeat(513)), 'has more than 512 characters');
});
