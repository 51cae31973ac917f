// Random rows of a table that has a column of every type that is told apart when rows are encoded.
import fc from 'fast-check';
import type { Column } from '../encode.ts';

const instant = fc.integer({ min: Date.UTC(1900, 0, 1), max: Date.UTC(2200, 0, 1) });
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 5 }), fc.string({ maxLength: 300 }), fc.constantFrom('', 'äöü 😀', 'null', '\0\n\t"\'\\`'));
const long = fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
const whole = (bits: number, isSigned: boolean): fc.Arbitrary<number> =>
  fc.integer(isSigned ? { min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 } : { min: 0, max: 2 ** bits - 1 });

/** Type and values by column. */
const columns = {
  tenant: ['LowCardinality(String)', text],
  words: ['Tuple(`a b` UInt8, c Int8, d UInt16, e Int16, f UInt32, g Int32)', fc.record({ 'a b': whole(8, false), c: whole(8, true), d: whole(16, false), e: whole(16, true), f: whole(32, false), g: whole(32, true) })],
  longs: ['Array(Int64)', fc.array(long, { maxLength: 4 })],
  version: ['UInt64', fc.oneof(fc.nat(), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))],
  share: ['Nullable(Float64)', fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }))],
  flag: ['Bool', fc.boolean()],
  at: [`DateTime64(3, 'UTC')`, instant],
  maybe: [`Nullable(DateTime64(3, 'UTC'))`, fc.option(instant)],
  kind: ['LowCardinality(Nullable(String))', fc.option(text)],
  attributes: ['Map(String, UInt32)', fc.dictionary(text, whole(32, false), { maxKeys: 4 })],
  steps: [`Array(Tuple(at DateTime64(3, 'UTC'), flow LowCardinality(String), held Nullable(Int64), tags Array(String)))`,
    fc.array(fc.record({ at: instant, flow: text, held: fc.option(long), tags: fc.array(text, { maxLength: 3 }) }), { maxLength: 4 })],
} as const satisfies Record<string, readonly [string, fc.Arbitrary<unknown>]>;

export const columnsOfAll: readonly Column[] = Object.entries(columns).map(([name, [type]]) => ({ name, type }));

export const anyRows = fc.array(fc.record({
  tenant: columns.tenant[1], words: columns.words[1], longs: columns.longs[1], version: columns.version[1], share: columns.share[1], flag: columns.flag[1],
  at: columns.at[1], maybe: columns.maybe[1], kind: columns.kind[1], attributes: columns.attributes[1], steps: columns.steps[1],
}), { minLength: 1, maxLength: 20 });
