// Rows as blocks, read back by a reader that trusts the types which the blocks name.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockEncoder } from './encode.ts';
import { anyRows, columnsOfAll } from './testing/any-rows.ts';
import { blockOf, rowsOf } from './testing/rows-of.ts';
import { readElement, readType } from './type.ts';

const sentAll = (type: string, values: readonly unknown[]): unknown[] => rowsOf(blockOf([{ name: 'x', type }], values.map((x) => ({ x })))).map(({ x }) => x);
const sent = (type: string, ...values: unknown[]): unknown[] => sentAll(type, values);

/** A bigint that a number holds is read back as one. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? String(member) : typeof member === 'number' ? String(member) : member)));

describe('rows as a block', () => {
  it('say the same when they are read back, also after another block', () => {
    fc.assert(fc.property(anyRows, anyRows, (first, second) => {
      expect(plain(rowsOf(Buffer.concat([blockOf(columnsOfAll, first), blockOf(columnsOfAll, second)])))).toStrictEqual(plain([...first, ...second]));
    }));
  });

  it('may come in parts', () => {
    const encoder = new BlockEncoder(columnsOfAll);
    for (const tenant of ['a', 'b']) encoder.add({ tenant }, { flag: true });
    expect(encoder.names).toStrictEqual(['tenant', 'flag']);
    expect(rowsOf(encoder.block())).toStrictEqual([{ tenant: 'a', flag: true }, { tenant: 'b', flag: true }]);
  });

  it.each([255, 256, 257, 65_536, 65_537])('name each of %s texts once', (count) => {
    const values = Array.from({ length: count }, (_, i) => `text ${i}`);
    const [twice, withNull] = [[...values, ...values], [...values, null, '']];
    expect(sentAll('LowCardinality(String)', twice)).toStrictEqual(twice);
    expect(sentAll('LowCardinality(Nullable(String))', withNull)).toStrictEqual(withNull);
  });

  it('are sent as text where a type has no form of its own', () => {
    expect(sent(`Enum8('a' = 1, 'b, (c)' = 2)`, 'b, (c)')).toStrictEqual(['b, (c)']);
    expect(sent('Nullable(UUID)', null)).toStrictEqual([null]);
  });

  it('name only the columns that they have', () => {
    expect(rowsOf(blockOf(columnsOfAll, [{ flag: true }]))).toStrictEqual([{ flag: true }]);
  });

  it.each([
    ['UInt8', 256], ['UInt8', -1], ['UInt32', 1.5], ['Int32', 2 ** 31], ['UInt64', -1], ['Int64', 2 ** 53], ['Int64', 2n ** 63n], ['UInt32', '7'], ['Bool', 1],
    ['String', 5], ['String', null], ['LowCardinality(String)', undefined], ['DateTime', '2026-01-01 00:00:00'], [`DateTime64(3, 'UTC')`, 0.5], ['Float64', '1'], ['Array(String)', 'ab'], ['Map(String, String)', null],
    ['DateTime', -1], ['DateTime', 2 ** 32 * 1000], ['Tuple(a String)', null], ['Tuple(a String)', {}], ['Array(Tuple(a UInt8))', [{ a: 300 }]],
  ])('are refused where %s is given %s', (type, value) => {
    expect(() => sent(type, value)).toThrow(expect.objectContaining({ code: 'CLICKHOUSE_BAD_DATA', message: expect.stringMatching(/^x: .* is no /) as string }));
  });

  it('are refused where a later one lacks what the first one had', () => {
    expect(() => blockOf(columnsOfAll, [{ flag: true }, {}])).toThrow('flag: undefined is no Bool');
  });

  it('are refused by the name of the column that is not there, without a word of what they hold', () => {
    expect(() => blockOf([{ name: 'x', type: 'String' }], [{ y: 1 }])).toThrow('there is no column y');
    expect(() => sent('UInt8', 'secret')).toThrow('x: a text of 6 characters is no UInt8');
  });
});

describe('a type', () => {
  it('is taken apart at its own commas', () => {
    expect(readType(`Tuple(at DateTime64(3, 'UTC'), kind Enum8('a, (' = 1))`)).toStrictEqual({ name: 'Tuple', parts: [`at DateTime64(3, 'UTC')`, `kind Enum8('a, (' = 1)`] });
    expect(readType('String')).toStrictEqual({ name: 'String', parts: [] });
  });

  it('of an element has a name, or its place', () => {
    expect(['at DateTime64(3)', 'DateTime64(3)', '`a b` String'].map((text, index) => readElement(text, index).name)).toStrictEqual(['at', '1', 'a b']);
  });
});
