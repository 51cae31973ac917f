// Blocks as ClickHouse sends them, read value by value. test/integration/tables.test.ts asks the real one.
import { describe, expect, it } from 'vitest';
import { readBlocks } from './decode.ts';
import { blockOf } from './testing/rows-of.ts';

const block = (type: string, ...values: unknown[]): Buffer => blockOf([{ name: 'x', type }], values.map((x) => ({ x })));

const read = (bytes: Buffer): unknown[] => [...readBlocks(bytes)].flatMap(({ rows, columns: [column] }) => Array.from({ length: rows }, (_, row) => column?.at(row)));

const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
/** A block of one column, byte by byte. */
const raw = (rows: number, type: string, ...bytes: number[]): Buffer => Buffer.concat([Buffer.from([1, rows]), text('x'), text(type), Buffer.from(bytes)]);

describe('an answer in blocks', () => {
  it.each([
    ['Int64', [0, -1, 2 ** 53 - 1, -(2 ** 53 - 1), 2n ** 53n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)]],
    ['UInt64', [0, 2 ** 32, 2 ** 53 - 1, 2n ** 53n, 2n ** 64n - 1n]],
    ['Nullable(Int64)', [null, 0, -1, 4_503_599_627_370_496, null]],
    ['String', ['', 'a', 'exactly twelve'.slice(0, 12), 'a long one of more than twelve', 'äöü 😀', '\0\n"\'\\', 'x'.repeat(127), 'x'.repeat(128), 'ä'.repeat(20_000)]],
    ['LowCardinality(String)', ['b', 'a', 'b', '', 'ä']],
    [`DateTime64(3, 'UTC')`, [0, -1, Date.UTC(2106, 0, 1), Date.UTC(1900, 0, 1)]],
    ['DateTime', [0, 1_700_000_000_000]],
    ['Bool', [true, false]],
    ['Array(Nullable(Float64))', [[], [1.5, null], [-0.25]]],
    ['Map(LowCardinality(String), Array(UInt16))', [{}, { a: [1, 2], __proto: [] }]],
    ['Tuple(a Int8, `b c` Tuple(Int16, UInt32))', [{ a: -128, 'b c': { 0: -5, 1: 2 ** 32 - 1 } }]],
  ])('says of %s what was meant', (type, values) => {
    expect(read(block(type, ...values))).toStrictEqual(values);
  });

  it('may have a text with a character of its own among those that have not', () => {
    expect(read(block('String', 'lea', 'léa', 'lea'))).toStrictEqual(['lea', 'léa', 'lea']);
  });

  it('may have blocks without rows, and a dictionary for itself in each of the others', () => {
    expect(read(Buffer.concat([block('LowCardinality(String)', 'a', 'b'), raw(0, 'LowCardinality(String)'), block('LowCardinality(String)', 'c')]))).toStrictEqual(['a', 'b', 'c']);
    expect(read(Buffer.alloc(0))).toStrictEqual([]);
  });

  it.each(['String', 'LowCardinality(String)', 'Array(Int64)', 'Map(String, Bool)'])('of %s that is cut anywhere is one that did not arrive', (type) => {
    const whole = block(type, ...({ 'Array(Int64)': [[1, 2], [3]], 'Map(String, Bool)': [{ a: true }] }[type] ?? ['some', 'texts']));
    for (let length = 1; length < whole.length; length++) {
      expect(() => read(whole.subarray(0, length)), `after ${length} bytes`).toThrow(expect.objectContaining({ code: 'CLICKHOUSE_UNAVAILABLE' }));
    }
  });

  it('that tells of more than there is, is one that did not arrive', () => {
    const more = [0xff, 0xff, 0xff, 0xff, 0x0f];
    expect(() => read(raw(1, 'String', ...more))).toThrow('in the middle');
    expect(() => read(Buffer.from([1, ...more, ...text('x'), ...text('UInt64')]))).toThrow('in the middle');
  });

  it('of a type that nothing here asks for is refused', () => {
    expect(() => read(raw(1, 'UUID', ...Array.from({ length: 16 }, () => 0)))).toThrow(expect.objectContaining({ code: 'CLICKHOUSE_REFUSED' }));
  });
});
