// Blocks of ClickHouse's Native format, which it writes for about a third of the CPU of JSON and which need no parsing here:
// column after column, in the form that it holds them. A value is made when it is asked for, so what nobody looks at costs
// next to nothing, and what is looked at is dropped soon. Times are milliseconds; a whole number beyond 2^53 is a bigint.
import { RuntimeError } from '../errors.ts';
import { Texts } from './texts.ts';
import { readElement, readType } from './type.ts';

/** The values of a column, by row. */
export interface Values<T = unknown> {
  readonly at: (row: number) => T;
}

export interface Block {
  readonly rows: number;
  readonly names: readonly string[];
  /** In the order of their names. */
  readonly columns: readonly Values[];
}

const HIGH_WORD = 4_294_967_296;
/** High words of numbers that are exact. */
const [LEAST_SAFE, BEYOND_SAFE] = [-2_097_152, 2_097_152];

class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  varint(): number {
    for (let [value, factor] = [0, 1]; ; factor *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw cut();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  text(): string {
    return this.texts(1).at(0);
  }

  texts(count: number): Texts {
    if (count > this.#bytes.length - this.#at) throw cut();
    const texts = new Texts(this.#bytes, this.#at, count);
    if (texts.end > this.#bytes.length) throw cut();
    this.#at = texts.end;
    return texts;
  }

  /** A copy, since an array of words must lie where a word may. */
  words(bytes: number): ArrayBuffer {
    const from = this.#bytes.byteOffset + this.#at;
    this.#at += bytes;
    if (this.#at > this.#bytes.length) throw cut();
    return this.#bytes.buffer.slice(from, from + bytes) as ArrayBuffer;
  }

  long(): number {
    const [low = 0, high = 0] = new Uint32Array(this.words(8));
    return high * HIGH_WORD + low;
  }
}

const cut = (): RuntimeError => new RuntimeError('CLICKHOUSE_UNAVAILABLE', 'an answer ends in the middle of a block');

class Words implements Values<number> {
  readonly #words: ArrayLike<number>;

  constructor(words: ArrayLike<number>) {
    this.#words = words;
  }

  at(row: number): number {
    return this.#words[row] ?? 0;
  }
}

class Longs implements Values<number | bigint> {
  readonly #low: Uint32Array;
  readonly #high: Int32Array | Uint32Array;

  constructor(words: ArrayBuffer, isSigned: boolean) {
    this.#low = new Uint32Array(words);
    this.#high = isSigned ? new Int32Array(words) : this.#low;
  }

  at(row: number): number | bigint {
    const [low, high] = [this.#low[2 * row] ?? 0, this.#high[2 * row + 1] ?? 0];
    return high >= LEAST_SAFE && high < BEYOND_SAFE ? high * HIGH_WORD + low : (BigInt(high) << 32n) + BigInt(low);
  }
}

class Seconds implements Values<number> {
  readonly #seconds: Uint32Array;

  constructor(words: ArrayBuffer) {
    this.#seconds = new Uint32Array(words);
  }

  at(row: number): number {
    return (this.#seconds[row] ?? 0) * 1000;
  }
}

class Booleans implements Values<boolean> {
  readonly #bytes: Uint8Array;

  constructor(words: ArrayBuffer) {
    this.#bytes = new Uint8Array(words);
  }

  at(row: number): boolean {
    return this.#bytes[row] === 1;
  }
}

class Keyed implements Values<string | null> {
  readonly #keys: readonly (string | null)[];
  readonly #places: ArrayLike<number>;

  constructor(keys: readonly (string | null)[], places: ArrayLike<number>) {
    this.#keys = keys;
    this.#places = places;
  }

  at(row: number): string | null {
    return this.#keys[this.#places[row] ?? 0] ?? null;
  }
}

class Nullables implements Values {
  readonly #isNull: Uint8Array;
  readonly #of: Values;

  constructor(isNull: ArrayBuffer, of: Values) {
    this.#isNull = new Uint8Array(isNull);
    this.#of = of;
  }

  at(row: number): unknown {
    return this.#isNull[row] === 1 ? null : this.#of.at(row);
  }
}

class Lists implements Values<readonly unknown[]> {
  readonly #ends: Longs;
  readonly #of: Values;

  constructor(ends: Longs, of: Values) {
    this.#ends = ends;
    this.#of = of;
  }

  at(row: number): unknown[] {
    const from = row === 0 ? 0 : Number(this.#ends.at(row - 1));
    return Array.from({ length: Number(this.#ends.at(row)) - from }, (_, index) => this.#of.at(from + index));
  }
}

class Objects implements Values<Readonly<Record<string, unknown>>> {
  readonly #members: readonly (readonly [string, Values])[];

  constructor(members: readonly (readonly [string, Values])[]) {
    this.#members = members;
  }

  at(row: number): Readonly<Record<string, unknown>> {
    return Object.fromEntries(this.#members.map(([name, of]) => [name, of.at(row)]));
  }
}

class Dictionaries implements Values<Readonly<Record<string, unknown>>> {
  readonly #entries: Values<readonly unknown[]>;

  constructor(entries: Values<readonly unknown[]>) {
    this.#entries = entries;
  }

  at(row: number): Readonly<Record<string, unknown>> {
    return Object.fromEntries((this.#entries.at(row) as readonly { readonly key: string; readonly value: unknown }[]).map(({ key, value }) => [key, value]));
  }
}

/** What stands before a column and all that is nested in it. */
function begin(cursor: Cursor, type: string): void {
  for (const { length } of type.matchAll(/\bLowCardinality\(/g)) if (length > 0) cursor.words(8);
}

/** Each text once, and its place for each value. */
function keyed(cursor: Cursor, type: string, count: number): Values<string | null> {
  if (count === 0) return new Keyed([], []);
  // The lowest byte of the marks says how wide a place is.
  const width = 2 ** (cursor.long() & 0xff);
  const size = cursor.long();
  const texts = cursor.texts(size);
  const keys: (string | null)[] = Array.from({ length: size }, (_, place) => texts.at(place));
  // NULL is the first key, whose own value counts for nothing.
  if (type.startsWith('Nullable(')) keys[0] = null;
  cursor.words(8);
  return new Keyed(keys, wholeNumbers(cursor.words(width * count), width, false));
}

function wholeNumbers(words: ArrayBuffer, width: number, isSigned: boolean): ArrayLike<number> {
  switch (width) {
    case 1: return isSigned ? new Int8Array(words) : new Uint8Array(words);
    case 2: return isSigned ? new Int16Array(words) : new Uint16Array(words);
    default: return isSigned ? new Int32Array(words) : new Uint32Array(words);
  }
}

function list(cursor: Cursor, type: string, count: number): Lists {
  const ends = new Longs(cursor.words(8 * count), false);
  return new Lists(ends, column(cursor, type, count === 0 ? 0 : Number(ends.at(count - 1))));
}

function column(cursor: Cursor, type: string, count: number): Values {
  const { name, parts } = readType(type);
  const [first = '', second = ''] = parts;
  switch (name) {
    case 'String': return cursor.texts(count);
    case 'LowCardinality': return keyed(cursor, first, count);
    case 'Nullable': return new Nullables(cursor.words(count), column(cursor, first, count));
    case 'Array': return list(cursor, first, count);
    case 'Map': return new Dictionaries(list(cursor, `Tuple(key ${first}, value ${second})`, count));
    case 'Tuple': return new Objects(parts.map(readElement).map(({ name: member, type: of }) => [member, column(cursor, of, count)] as const));
    case 'Bool': return new Booleans(cursor.words(count));
    case 'DateTime': return new Seconds(cursor.words(4 * count));
    case 'Float64': return new Words(new Float64Array(cursor.words(8 * count)));
    case 'Int64': case 'UInt64': return new Longs(cursor.words(8 * count), name === 'Int64');
    default: {
      if (name === 'DateTime64' && first === '3') return new Longs(cursor.words(8 * count), true);
      const [, unsigned = '', bits = ''] = /^(U?)Int(8|16|32)$/.exec(name) ?? [];
      if (bits === '') throw new RuntimeError('CLICKHOUSE_REFUSED', `a column comes as ${type}, which can't be read here`);
      return new Words(wholeNumbers(cursor.words((Number(bits) / 8) * count), Number(bits) / 8, unsigned === ''));
    }
  }
}

/** One block after the other, as the bytes are gone through. @throws RuntimeError `CLICKHOUSE_UNAVAILABLE` where they end too early. */
export function* readBlocks(bytes: Buffer): Generator<Block> {
  const cursor = new Cursor(bytes);
  while (!cursor.isAtEnd) {
    const [count, rows] = [cursor.varint(), cursor.varint()];
    const names: string[] = [];
    const columns: Values[] = [];
    for (let index = 0; index < count; index++) {
      names.push(cursor.text());
      const type = cursor.text();
      if (rows > 0) begin(cursor, type);
      columns.push(column(cursor, type, rows));
    }
    yield { rows, names, columns };
  }
}
