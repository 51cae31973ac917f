// Rows as a block of ClickHouse's Native format, which takes it about a third of the CPU of JSON: column after column,
// nested ones too. A column is sent as its own type, since a cast costs several times as much as taking it; times are
// milliseconds here. What has no binary form here (Enum, UUID, Decimal, Date, …) goes as text, which ClickHouse casts.
import { RuntimeError } from '../errors.ts';
import { Bytes } from './bytes.ts';
import { readElement, readType } from './type.ts';

export interface Column {
  readonly name: string;
  /** As system.columns has it. */
  readonly type: string;
}

export type Row = Readonly<Record<string, unknown>>;

interface Writer {
  readonly sentAs: string;
  /** What stands where Nullable has none. */
  readonly empty: unknown;
  readonly write: (out: Bytes, values: readonly unknown[]) => void;
  /** What stands before a column and all that is nested in it. */
  readonly begin?: ((out: Bytes) => void) | undefined;
}

class Misfit extends Error {}

function misfit(value: unknown, type: string): Misfit {
  const shown = typeof value === 'string' ? `a text of ${value.length} characters` : typeof value === 'object' && value !== null ? 'an object' : String(value);
  return new Misfit(`${shown} is no ${type}`);
}

const wordBytes: Readonly<Record<string, number>> = { UInt8: 1, UInt16: 2, UInt32: 4, Int8: 1, Int16: 2, Int32: 4 };

function words(sentAs: string, bytes: number): Writer {
  const [least, beyond] = sentAs.startsWith('U') ? [0, 2 ** (8 * bytes)] : [-(2 ** (8 * bytes - 1)), 2 ** (8 * bytes - 1)];
  return {
    sentAs, empty: 0,
    write: (out, values) => {
      for (const value of values) {
        if (!Number.isInteger(value) || (value as number) < least || (value as number) >= beyond) throw misfit(value, sentAs);
        out.word(value as number, bytes);
      }
    },
  };
}

/** @param of what the column holds; an unsafe integer would not be the number that was meant. */
function longs(sentAs: string, of = sentAs): Writer {
  const [least, beyond] = of === 'UInt64' ? [0n, 2n ** 64n] : [-(2n ** 63n), 2n ** 63n];
  const fits = (value: unknown): value is number | bigint =>
    typeof value === 'bigint' ? value >= least && value < beyond : Number.isSafeInteger(value) && (least !== 0n || (value as number) >= 0);
  return {
    sentAs, empty: 0,
    write: (out, values) => {
      for (const value of values) {
        if (!fits(value)) throw misfit(value, of);
        out.long(value);
      }
    },
  };
}

const instants = (sentAs: string): Writer => longs(sentAs, 'time in milliseconds');

/** Milliseconds here, too, cut to seconds. */
function seconds(sentAs: string): Writer {
  const whole = words('UInt32', 4);
  return {
    sentAs, empty: 0,
    write: (out, values) => {
      for (const value of values) if (!Number.isSafeInteger(value)) throw misfit(value, 'time in milliseconds');
      whole.write(out, (values as number[]).map((value) => Math.floor(value / 1000)));
    },
  };
}

const doubles: Writer = {
  sentAs: 'Float64', empty: 0,
  write: (out, values) => {
    for (const value of values) {
      if (typeof value !== 'number') throw misfit(value, 'number');
      out.double(value);
    }
  },
};

/** Marks of the format: keys come with each block, and are new. */
const KEYS_WITH_BLOCK = 1;
const DICTIONARY_OF_BLOCK = 0x600;

const booleans: Writer = {
  sentAs: 'Bool', empty: false,
  write: (out, values) => {
    for (const value of values) {
      if (typeof value !== 'boolean') throw misfit(value, 'Bool');
      out.byte(value ? 1 : 0);
    }
  },
};

const texts: Writer = {
  sentAs: 'String', empty: '',
  write: (out, values) => {
    for (const value of values) {
      if (typeof value !== 'string') throw misfit(value, 'text');
      out.text(value);
    }
  },
};

/** Each text once, and its place for each value. ClickHouse could make this of plain texts, for several times the CPU. */
function dictionaries(of: Writer): Writer {
  const isNullable = of.empty === null;
  return {
    sentAs: `LowCardinality(${of.sentAs})`, empty: of.empty,
    begin: (out) => out.long(KEYS_WITH_BLOCK),
    write: (out, values) => {
      if (values.length === 0) return;
      // NULL is the first key, whose own value counts for nothing.
      const places = new Map<unknown, number>(isNullable ? [[null, 0]] : []);
      for (const value of values) if (!places.has(value)) places.set(value, places.size);
      const bytes = places.size <= 256 ? 0 : places.size <= 65_536 ? 1 : 2;
      out.long(DICTIONARY_OF_BLOCK + bytes);
      out.long(places.size);
      texts.write(out, [...places.keys()].map((key, place) => (isNullable && place === 0 ? '' : key)));
      out.long(values.length);
      for (const value of values) out.word(places.get(value) ?? 0, 2 ** bytes);
    },
  };
}

function nullable(of: Writer): Writer {
  return {
    sentAs: `Nullable(${of.sentAs})`, empty: null,
    write: (out, values) => {
      for (const value of values) out.byte(value === null ? 1 : 0);
      of.write(out, values.map((value) => (value === null ? of.empty : value)));
    },
  };
}

function arrays(of: Writer): Writer {
  return {
    sentAs: `Array(${of.sentAs})`, empty: [], begin: of.begin,
    write: (out, values) => {
      let end = 0;
      for (const value of values) {
        if (!Array.isArray(value)) throw misfit(value, 'array');
        out.long(end += value.length);
      }
      of.write(out, (values as (readonly unknown[])[]).flat());
    },
  };
}

function tuples(elements: readonly { readonly name: string; readonly written: string; readonly of: Writer }[]): Writer {
  return {
    sentAs: `Tuple(${elements.map(({ written, of }) => `${written} ${of.sentAs}`.trim()).join(', ')})`, empty: {},
    begin: (out) => {
      for (const { of } of elements) of.begin?.(out);
    },
    write: (out, values) => {
      for (const value of values) if (typeof value !== 'object' || value === null) throw misfit(value, 'object');
      for (const { name, of } of elements) of.write(out, (values as Row[]).map((value): unknown => value[name]));
    },
  };
}

function maps(keys: Writer, of: Writer): Writer {
  return {
    sentAs: `Map(${keys.sentAs}, ${of.sentAs})`, empty: {},
    begin: (out) => {
      keys.begin?.(out);
      of.begin?.(out);
    },
    write: (out, values) => {
      let end = 0;
      const entries = values.flatMap((value) => {
        if (typeof value !== 'object' || value === null) throw misfit(value, 'object');
        const own = Object.entries(value as Row);
        out.long(end += own.length);
        return own;
      });
      keys.write(out, entries.map(([key]) => key));
      of.write(out, entries.map(([, value]) => value));
    },
  };
}

function writerOf(text: string): Writer {
  const { name, parts } = readType(text);
  const [first = '', second = ''] = parts;
  switch (name) {
    case 'LowCardinality': {
      const of = writerOf(first);
      return /^(Nullable\()?String/.test(of.sentAs) ? dictionaries(of) : of;
    }
    case 'Nullable': return nullable(writerOf(first));
    case 'Array': return arrays(writerOf(first));
    case 'Map': return maps(writerOf(first), writerOf(second));
    case 'Tuple': return tuples(parts.map(readElement).map(({ type, ...named }) => ({ ...named, of: writerOf(type) })));
    case 'DateTime': return seconds(text);
    case 'DateTime64': return instants(first === '3' ? text : `DateTime64(3, 'UTC')`);
    case 'Int64': case 'UInt64': return longs(name);
    case 'Float32': case 'Float64': return doubles;
    case 'Bool': return booleans;
    default: {
      const bytes = wordBytes[name];
      return bytes === undefined ? texts : words(name, bytes);
    }
  }
}

/** Takes rows of one shape, named by the table's columns: in parts, since putting wide objects together costs as much as encoding them. Blocks may follow each other. */
export type BlockEncoder = (...parts: readonly (readonly object[])[]) => Buffer;

/** @throws RuntimeError `CLICKHOUSE_BAD_DATA` where a value is not what its column takes, `CLICKHOUSE_REFUSED` where there is no such column. */
export function blockEncoder(columns: readonly Column[]): BlockEncoder {
  const writers = new Map(columns.map(({ name, type }) => [name, writerOf(type)]));
  return (...parts) => {
    const named = parts.flatMap((rows) => Object.keys(rows[0] ?? {}).map((name) => ({ name, rows: rows as readonly Row[] })));
    const out = new Bytes();
    out.varint(named.length);
    out.varint(parts[0]?.length ?? 0);
    for (const { name, rows } of named) {
      const writer = writers.get(name);
      if (writer === undefined) throw new RuntimeError('CLICKHOUSE_REFUSED', `there is no column ${name}`);
      out.text(name);
      out.text(writer.sentAs);
      try {
        if (rows.length > 0) writer.begin?.(out);
        writer.write(out, rows.map((row) => row[name]));
      } catch (error) {
        if (error instanceof Misfit) throw new RuntimeError('CLICKHOUSE_BAD_DATA', `${name}: ${error.message}`, { cause: error });
        throw error;
      }
    }
    return out.written;
  };
}
