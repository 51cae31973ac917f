// Reads blocks of the Native format back into rows, in the types that they say; what a test looks at when a body was sent.
import { readElement, readType } from '../type.ts';
import type { Row } from '../encode.ts';

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Moves on and says where it was. */
  pass(bytes: number): number {
    this.#at += bytes;
    if (this.#at > this.#bytes.length) throw new Error('a block is cut');
    return this.#at - bytes;
  }

  byte(): number {
    return this.#bytes.readUInt8(this.pass(1));
  }

  varint(): number {
    for (let [value, factor] = [0, 1]; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  text(): string {
    const length = this.varint();
    const from = this.pass(length);
    return this.#bytes.toString('utf8', from, from + length);
  }

  long(isSigned: boolean): number | bigint {
    const from = this.pass(8);
    const value = isSigned ? this.#bytes.readBigInt64LE(from) : this.#bytes.readBigUInt64LE(from);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  integer(bytes: number, isSigned: boolean): number {
    const from = this.pass(bytes);
    return isSigned ? this.#bytes.readIntLE(from, bytes) : this.#bytes.readUIntLE(from, bytes);
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.pass(8));
  }

  #times<T>(count: number, read: () => T): T[] {
    return Array.from({ length: count }, read);
  }

  /** The slices of what is nested, by where each ends. */
  #nested(type: string, count: number): unknown[][] {
    const ends = this.#times(count, () => Number(this.long(false)));
    const values = this.values(type, ends.at(-1) ?? 0);
    return ends.map((end, index) => values.slice(ends[index - 1] ?? 0, end));
  }

  #fromDictionary(type: string, count: number): unknown[] {
    if (count === 0) return [];
    const bytes = 2 ** (Number(this.long(false)) & 0xff);
    const keys: unknown[] = this.values('String', Number(this.long(false)));
    if (type.startsWith('Nullable')) keys[0] = null;
    if (this.long(false) !== count) throw new Error('a dictionary is for another number of values');
    return this.#times(count, () => keys[this.integer(bytes, false)]);
  }

  /** The marks that stand before a column with dictionaries in it. */
  begin(type: string): void {
    for (const { length } of type.matchAll(/LowCardinality\(/g)) if (length > 0 && this.long(false) !== 1) throw new Error('keys come with each block');
  }

  values(type: string, count: number): unknown[] {
    const { name, parts: [first = '', second = ''], parts } = readType(type);
    const [, signed = '', bits = ''] = /^(U?)Int(\d+)$/.exec(name) ?? [];
    if (bits !== '') return this.#times(count, () => (bits === '64' ? this.long(signed === '') : this.integer(Number(bits) / 8, signed === '')));
    switch (name) {
      case 'LowCardinality': return this.#fromDictionary(first, count);
      case 'DateTime': return this.#times(count, () => this.integer(4, false) * 1000);
      case 'DateTime64': return this.#times(count, () => this.long(true));
      case 'Float64': return this.#times(count, () => this.double());
      case 'Bool': return this.#times(count, () => this.byte() === 1);
      case 'String': return this.#times(count, () => this.text());
      case 'Nullable': {
        const isNull = this.#times(count, () => this.byte() === 1);
        return this.values(first, count).map((value, index) => (isNull[index] === true ? null : value));
      }
      case 'Array': return this.#nested(first, count);
      case 'Map': return this.#nested(`Tuple(${first}, ${second})`, count).map((entries) => Object.fromEntries((entries as Record<string, unknown>[]).map(({ 0: key, 1: value }) => [key, value])) as unknown);
      case 'Tuple': {
        const elements = parts.map(readElement).map(({ name: element, type: of }) => [element, this.values(of, count)] as const);
        return this.#times(count, () => null).map((_, index) => Object.fromEntries(elements.map(([element, values]) => [element, values[index]])));
      }
      default: throw new Error(`a column is sent as ${type}`);
    }
  }
}

export function readBlocks(body: Buffer): Row[] {
  const reader = new Reader(body);
  const rows: Row[] = [];
  while (!reader.ended) {
    const [columns, count] = [reader.varint(), reader.varint()];
    const read = Array.from({ length: columns }, () => {
      const [name, type] = [reader.text(), reader.text()];
      if (count > 0) reader.begin(type);
      return [name, reader.values(type, count)] as const;
    });
    for (let index = 0; index < count; index++) rows.push(Object.fromEntries(read.map(([name, values]) => [name, values[index]])));
  }
  return rows;
}
