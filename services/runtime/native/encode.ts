// Rows as a block of ClickHouse's Native format, which takes it about a third of the CPU of JSON: column after column,
// nested ones too. A column is sent as its own type, since a cast costs several times as much as taking it; times are
// milliseconds here. What has no binary form here (Enum, UUID, Decimal, Date, …) goes as text, which ClickHouse casts.
import { RuntimeError } from '../errors.ts';
import { Bytes } from './bytes.ts';
import { Arrays, Booleans, Dictionary, Doubles, Longs, Maps, Misfit, Nullables, Seconds, Texts, Tuples, Words, type GrowingColumn } from './columns.ts';
import { readElement, readType } from './type.ts';

export interface Column {
  readonly name: string;
  /** As system.columns has it. */
  readonly type: string;
}

export type Row = Readonly<Record<string, unknown>>;

function columnOf(text: string): GrowingColumn {
  const { name, parts } = readType(text);
  const [first = '', second = ''] = parts;
  switch (name) {
    case 'LowCardinality': {
      const of = columnOf(first);
      return /^(Nullable\()?String/.test(of.sentAs) ? new Dictionary(of.empty === null) : of;
    }
    case 'Nullable': return new Nullables(columnOf(first));
    case 'Array': return new Arrays(columnOf(first));
    case 'Map': return new Maps(columnOf(first), columnOf(second));
    case 'Tuple': return new Tuples(parts.map(readElement).map(({ type, ...named }) => ({ ...named, of: columnOf(type) })));
    case 'DateTime': return new Seconds(text);
    case 'DateTime64': return new Longs(first === '3' ? text : `DateTime64(3, 'UTC')`, 'time in milliseconds');
    case 'Int64': case 'UInt64': return new Longs(name);
    case 'Float32': case 'Float64': return new Doubles('Float64');
    case 'Bool': return new Booleans(name);
    default: return Words.of(name) ?? new Texts();
  }
}

interface Growing {
  readonly name: string;
  /** Which part of a row has it. */
  readonly part: number;
  readonly column: GrowingColumn;
}

/** Takes rows of one shape, named by the table's columns, one after the other. One block holds them all: many small ones cost ClickHouse several times as much. */
export class BlockEncoder {
  readonly #types: ReadonlyMap<string, string>;
  #columns: readonly Growing[] = [];
  rows = 0;

  constructor(types: readonly Column[]) {
    this.#types = new Map(types.map(({ name, type }) => [name, type]));
  }

  /** Names of the columns that rows were added to. */
  get names(): string[] {
    return this.#columns.map(({ name }) => name);
  }

  /**
   * @param parts of the row: putting wide objects together costs as much as encoding them.
   * @throws RuntimeError `CLICKHOUSE_BAD_DATA` where a value is not what its column takes, `CLICKHOUSE_REFUSED` where there is no such column; nothing can be added after it.
   */
  add(...parts: readonly object[]): void {
    if (this.rows++ === 0) this.#columns = parts.flatMap((row, part) => Object.keys(row).map((name) => ({ name, part, column: this.#begin(name) })));
    for (const { name, part, column } of this.#columns) {
      try {
        column.add((parts as readonly Row[])[part]?.[name]);
      } catch (error) {
        if (error instanceof Misfit) throw new RuntimeError('CLICKHOUSE_BAD_DATA', `${name}: ${error.message}`, { cause: error });
        throw error;
      }
    }
  }

  #begin(name: string): GrowingColumn {
    const type = this.#types.get(name);
    if (type === undefined) throw new RuntimeError('CLICKHOUSE_REFUSED', `there is no column ${name}`);
    return columnOf(type);
  }

  block(): Buffer {
    const head = new Bytes();
    head.varint(this.#columns.length);
    head.varint(this.rows);
    return Buffer.concat([head.written, ...this.#columns.flatMap(({ name, column }) => {
      const about = new Bytes();
      about.text(name);
      about.text(column.sentAs);
      if (this.rows > 0) column.begin(about);
      return [about.written, ...column.parts()];
    })]);
  }
}
