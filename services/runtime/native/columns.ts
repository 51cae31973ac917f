// Columns of a block that is being written, one class for each way of holding values: a value is put behind those before it as
// soon as it is given, so that nothing waits as an object.
import { Bytes } from './bytes.ts';

export interface GrowingColumn {
  readonly sentAs: string;
  /** What stands where Nullable has none. */
  readonly empty: unknown;
  /** @throws Misfit */
  add(value: unknown): void;
  /** What stands before a column and all that is nested in it. */
  begin(out: Bytes): void;
  parts(): readonly Buffer[];
}

export class Misfit extends Error {
  constructor(value: unknown, type: string) {
    const shown = typeof value === 'string' ? `a text of ${value.length} characters` : typeof value === 'object' && value !== null ? 'an object' : String(value);
    super(`${shown} is no ${type}`);
  }
}

abstract class Plain implements GrowingColumn {
  readonly sentAs: string;
  abstract readonly empty: unknown;
  protected readonly bytes = new Bytes();

  constructor(sentAs: string) {
    this.sentAs = sentAs;
  }

  abstract add(value: unknown): void;

  begin(): void {
    // Nothing stands before it.
  }

  parts(): readonly Buffer[] {
    return [this.bytes.written];
  }
}

const wordBytes: Readonly<Record<string, number>> = { UInt8: 1, UInt16: 2, UInt32: 4, Int8: 1, Int16: 2, Int32: 4 };

export class Words extends Plain {
  readonly empty = 0;
  readonly #bytes: number;
  readonly #least: number;
  readonly #beyond: number;

  constructor(sentAs: string, bytes: number) {
    super(sentAs);
    this.#bytes = bytes;
    [this.#least, this.#beyond] = sentAs.startsWith('U') ? [0, 2 ** (8 * bytes)] : [-(2 ** (8 * bytes - 1)), 2 ** (8 * bytes - 1)];
  }

  static of(name: string): Words | undefined {
    const bytes = wordBytes[name];
    return bytes === undefined ? undefined : new Words(name, bytes);
  }

  add(value: unknown): void {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < this.#least || value >= this.#beyond) throw new Misfit(value, this.sentAs);
    this.bytes.word(value, this.#bytes);
  }
}

export class Longs extends Plain {
  readonly empty = 0;
  readonly #of: string;
  readonly #least: bigint;
  readonly #beyond: bigint;

  /** @param of what the column holds; an unsafe integer would not be the number that was meant. */
  constructor(sentAs: string, of = sentAs) {
    super(sentAs);
    this.#of = of;
    [this.#least, this.#beyond] = of === 'UInt64' ? [0n, 2n ** 64n] : [-(2n ** 63n), 2n ** 63n];
  }

  add(value: unknown): void {
    if (!this.#fits(value)) throw new Misfit(value, this.#of);
    this.bytes.long(value);
  }

  #fits(value: unknown): value is number | bigint {
    if (typeof value === 'bigint') return value >= this.#least && value < this.#beyond;
    return Number.isSafeInteger(value) && (this.#least !== 0n || (value as number) >= 0);
  }
}

/** Milliseconds here, too, cut to seconds. */
export class Seconds extends Plain {
  readonly empty = 0;

  add(value: unknown): void {
    const seconds = Number.isSafeInteger(value) ? Math.floor(value as number / 1000) : -1;
    if (seconds < 0 || seconds >= 2 ** 32) throw new Misfit(value, 'time in milliseconds');
    this.bytes.word(seconds, 4);
  }
}

export class Doubles extends Plain {
  readonly empty = 0;

  add(value: unknown): void {
    if (typeof value !== 'number') throw new Misfit(value, 'number');
    this.bytes.double(value);
  }
}

export class Booleans extends Plain {
  readonly empty = false;

  add(value: unknown): void {
    if (typeof value !== 'boolean') throw new Misfit(value, 'Bool');
    this.bytes.byte(value ? 1 : 0);
  }
}

export class Texts extends Plain {
  readonly empty = '';

  constructor() {
    super('String');
  }

  add(value: unknown): void {
    if (typeof value !== 'string') throw new Misfit(value, 'text');
    this.bytes.text(value);
  }
}

/** Marks of the format: keys come with each block, and are new. */
const KEYS_WITH_BLOCK = 1;
const DICTIONARY_OF_BLOCK = 0x600;

/** Each text once, and its place for each value. ClickHouse could make this of plain texts, for several times the CPU. */
export class Dictionary implements GrowingColumn {
  readonly sentAs: string;
  readonly empty: unknown;
  readonly #keys = new Texts();
  readonly #known = new Map<unknown, number>();
  #places = new Bytes();
  /** The logarithm of a place's bytes. */
  #width = 0;
  #count = 0;

  constructor(isNullable: boolean) {
    this.sentAs = isNullable ? 'LowCardinality(Nullable(String))' : 'LowCardinality(String)';
    this.empty = isNullable ? null : '';
    // NULL is the first key, whose own value counts for nothing.
    if (isNullable) this.#learn(null, '');
  }

  add(value: unknown): void {
    const place = this.#known.get(value) ?? this.#learn(value, value);
    this.#places.word(place, 2 ** this.#width);
    this.#count++;
  }

  #learn(value: unknown, text: unknown): number {
    const place = this.#known.size;
    this.#keys.add(text);
    this.#known.set(value, place);
    if (place === 2 ** (8 * 2 ** this.#width)) this.#widen();
    return place;
  }

  #widen(): void {
    const [narrow, bytes] = [this.#places.written, 2 ** this.#width++];
    this.#places = new Bytes();
    for (let at = 0; at < narrow.length; at += bytes) this.#places.word(narrow.readUIntLE(at, bytes), 2 * bytes);
  }

  begin(out: Bytes): void {
    out.long(KEYS_WITH_BLOCK);
  }

  parts(): readonly Buffer[] {
    if (this.#count === 0) return [];
    const [marks, count] = [new Bytes(), new Bytes()];
    marks.long(DICTIONARY_OF_BLOCK + this.#width);
    marks.long(this.#known.size);
    count.long(this.#count);
    return [marks.written, ...this.#keys.parts(), count.written, this.#places.written];
  }
}

export class Nullables implements GrowingColumn {
  readonly sentAs: string;
  readonly empty = null;
  readonly #of: GrowingColumn;
  readonly #isNull = new Bytes();

  constructor(of: GrowingColumn) {
    this.#of = of;
    this.sentAs = `Nullable(${of.sentAs})`;
  }

  add(value: unknown): void {
    this.#isNull.byte(value === null ? 1 : 0);
    this.#of.add(value === null ? this.#of.empty : value);
  }

  begin(out: Bytes): void {
    this.#of.begin(out);
  }

  parts(): readonly Buffer[] {
    return [this.#isNull.written, ...this.#of.parts()];
  }
}

export class Arrays implements GrowingColumn {
  readonly sentAs: string;
  readonly empty: readonly unknown[] = [];
  readonly #of: GrowingColumn;
  readonly #ends = new Bytes();
  #end = 0;

  constructor(of: GrowingColumn) {
    this.#of = of;
    this.sentAs = `Array(${of.sentAs})`;
  }

  add(value: unknown): void {
    if (!Array.isArray(value)) throw new Misfit(value, 'array');
    this.#ends.long(this.#end += value.length);
    for (const element of value as readonly unknown[]) this.#of.add(element);
  }

  begin(out: Bytes): void {
    this.#of.begin(out);
  }

  parts(): readonly Buffer[] {
    return [this.#ends.written, ...this.#of.parts()];
  }
}

export interface Member {
  readonly name: string;
  /** The name as a type says it; '' where it says none. */
  readonly written: string;
  readonly of: GrowingColumn;
}

export class Tuples implements GrowingColumn {
  readonly sentAs: string;
  readonly empty = {};
  readonly #members: readonly Member[];

  constructor(members: readonly Member[]) {
    this.#members = members;
    this.sentAs = `Tuple(${members.map(({ written, of }) => `${written} ${of.sentAs}`.trim()).join(', ')})`;
  }

  add(value: unknown): void {
    if (typeof value !== 'object' || value === null) throw new Misfit(value, 'object');
    for (const { name, of } of this.#members) of.add((value as Readonly<Record<string, unknown>>)[name]);
  }

  begin(out: Bytes): void {
    for (const { of } of this.#members) of.begin(out);
  }

  parts(): readonly Buffer[] {
    return this.#members.flatMap(({ of }) => of.parts());
  }
}

export class Maps implements GrowingColumn {
  readonly sentAs: string;
  readonly empty = {};
  readonly #entries: Arrays;

  constructor(keys: GrowingColumn, of: GrowingColumn) {
    this.sentAs = `Map(${keys.sentAs}, ${of.sentAs})`;
    this.#entries = new Arrays(new Tuples([{ name: '0', written: '', of: keys }, { name: '1', written: '', of }]));
  }

  add(value: unknown): void {
    if (typeof value !== 'object' || value === null) throw new Misfit(value, 'object');
    this.#entries.add(Object.entries(value));
  }

  begin(out: Bytes): void {
    this.#entries.begin(out);
  }

  parts(): readonly Buffer[] {
    return this.#entries.parts();
  }
}
