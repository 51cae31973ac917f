import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json } from '../../../schemas/contract.ts';
import { MAX_DEPTH, readJson } from './read-json.ts';

const read = (text: string): Json => {
  const result = readJson(text);
  expect.assert(result.kind === 'json', text);
  return result.json;
};

const refusal = (text: string): string | undefined => {
  const result = readJson(text);
  expect.assert(result.kind === 'not_json', text);
  return result.path;
};

test('reads what JSON.parse reads', () => {
  fc.assert(fc.property(fc.json({ maxDepth: 6 }), fc.boolean(), (text, spaced) => {
    const sent = spaced ? JSON.stringify(JSON.parse(text), null, ' \t') : text;
    const result = readJson(sent);
    expect.assert(result.kind === 'json');
    expect(result.rounded).toStrictEqual(JSON.parse(sent));
  }), { numRuns: 500 });
});

test('a key that an object has twice is refused wherever it is, with its place', () => {
  const cases: [text: string, path: string][] = [
    ['{"a":1,"a":1}', '/a'],
    ['{"a":{"b":[1,{"c":1},{"c":1,"d":[],"c":2}]}}', '/a/b/2/c'],
    ['{"a":[{},{}],"b":[[],[{}]],"a":1}', '/a'],
    ['{"x":"1234567890123456789","a":1 , "a" : 2}', '/a'],
    ['{"a":1,"\\u0061":2}', '/a'],
    ['{"":{"~/":1,"~\\/":2}}', '//~0~1'],
    ['{"q\\"":1,"\\\\":2,"q\\"":3}', '/q"'],
    ['{"__proto__":1,"__proto__":2}', '/__proto__'],
    // Both would be kept as one and the same key.
    ['{"a\\ud800":1,"a\\udfff":2}', '/a\ufffd'],
  ];
  for (const [text, path] of cases) expect(refusal(text), text).toBe(path);
  expect(read('[{"a":1},{"a":1},"a","a"]')).toStrictEqual([{ a: 1 }, { a: 1 }, 'a', 'a']);
});

test('a number that a double cannot hold is its text, whatever else the body has', () => {
  const numbers: [literal: string, kept: Json][] = [
    ['1e21', '1e21'], ['1E400', '1E400'], ['-1e400', '-1e400'], ['1e-400', '1e-400'], ['100000000000000000000', '100000000000000000000'],
    ['9007199254740993', '9007199254740993'], ['9007199254740993.0', '9007199254740993.0'], ['0.12345678901234567890', '0.12345678901234567890'],
    ['9007199254740991', 2 ** 53 - 1], ['-9007199254740991', 1 - 2 ** 53], ['1.50', 1.5], ['1e3', 1000], ['0.1', 0.1], ['1.7976931348623157e308', '1.7976931348623157e308'], ['5e-324', 5e-324], ['0', 0],
  ];
  for (const [literal, kept] of numbers) {
    for (const beside of ['x', '1234567890123456']) expect(read(`{"n":[${literal}],"beside":"${beside}"}`), literal).toStrictEqual({ n: [kept], beside });
  }
});

test('a number that a double gives back as it was written stays a number', () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }), (number) => {
    expect(read(`[${JSON.stringify(number)}]`)).toStrictEqual(JSON.parse(`[${JSON.stringify(number)}]`));
  }));
});

test('no number with a fraction is judged as a whole one, and no whole one as a fraction', () => {
  const judged = (literal: string): boolean => {
    const result = readJson(`[${literal}]`);
    expect.assert(result.kind === 'json');
    return Number.isInteger((result.rounded as number[])[0]) || (result.rounded as number[])[0] === Infinity;
  };
  const fractions = ['1.5', '1.00000000000000000001', '-1.00000000000000000001', '1e-400', '0.1E-400', '123456789012345.00000001', '12345678901234567890.5', '12345678901234567890123e-1', '1e-99999999999999999999', `0.${'0'.repeat(1_000_000)}1`];
  const whole = ['1', '-0', '0e-400', '0.000000000000000000000000000000000000000000000', '1e400', '12345678901234567890', '1234567890123456789012.0', '12345678901234567890.5e1', '123456789012345678901230E-1', `1${'0'.repeat(1_000)}e-1000`, `1${'0'.repeat(300_000)}`];
  expect(fractions.filter(judged)).toStrictEqual([]);
  expect(whole.filter((literal) => !judged(literal))).toStrictEqual([]);
});

test('the version keeps its literal text, and only the version', () => {
  expect(read('{"version": 1.10, "payload": {"version": 1.10, "list": [2.0]}}')).toStrictEqual({ version: '1.10', payload: { version: 1.1, list: [2] } });
});

test('says where a text stops being JSON, and repeats none of it', () => {
  for (const text of ['', '\ufeff{}', '{"secret":x}', '{"secret":1,}', '{"secret":1,"secret":2,}', '{"secret":"\n"}', '[01]', '{} {}']) {
    const result = readJson(text);
    expect.assert(result.kind === 'not_json');
    expect(result.message, text).toMatch(/^the body is not valid JSON: error at position \d+$/);
  }
});

test('bodies made to cost time are read in little of it', () => {
  const hostile = [
    '['.repeat(500_000) + ']'.repeat(500_000),
    '{"a":'.repeat(150_000) + '1' + '}'.repeat(150_000),
    `[1.${'0'.repeat(1_000_000)}1]`,
    `["${'\\\\'.repeat(500_000)}"]`,
    `["${'\\"'.repeat(500_000)}"]`,
    `{${Array.from({ length: 90_000 }, (_, index) => `"k${index}":1`).join(',')}}`,
    `[${'1e20,'.repeat(200_000)}1]`,
    '['.repeat(1_000_000),
  ];
  const started = performance.now();
  for (const text of hostile) readJson(text);
  // A quarter of a second each when alone on a core; what grows with the square takes minutes.
  expect(performance.now() - started).toBeLessThan(20_000);
});

test('nesting is counted', () => {
  const nested = (depth: number): boolean => {
    const result = readJson('[{"a":'.repeat(depth / 2) + '1' + '}]'.repeat(depth / 2));
    expect.assert(result.kind === 'json');
    return result.tooDeep;
  };
  expect([nested(MAX_DEPTH), nested(MAX_DEPTH + 2)]).toStrictEqual([false, true]);
});
