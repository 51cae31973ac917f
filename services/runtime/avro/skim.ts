// Walks an Avro body without decoding it: finds its end and the few strings that say whose
// event it is. Projections hand bodies to ClickHouse undecoded and side by side, so a body
// that is too short or too long would shift every row after it; and a claimed array length is
// checked against the bytes that remain, since 200 million items claimed in six bytes abort a
// decoder with an out-of-memory that nothing can catch.
import { isUtf8 } from 'node:buffer';
import { RuntimeError } from '../errors.ts';

/** Says where a value that starts at `pos` ends, or MALFORMED. */
type Skim = (buffer: Buffer, pos: number) => number;

export interface Identity {
  readonly event_id: string;
  readonly ticket_id: string;
  readonly integration_id: string;
}

export type SkimResult = { readonly ok: true; readonly identity: Identity } | { readonly ok: false; readonly reason: 'truncated' | 'trailing_bytes' | 'ill_formed_text' };

const MALFORMED = -1;
const MAX_DEPTH = 64;
const identityPaths = ['event_id', 'ticket_id', 'source.integration_id'] as const;

let varint = 0;
/** Reads a zigzag long into `varint` and returns the position after it. */
function readLong(buffer: Buffer, pos: number): number {
  let factor = 1;
  let value = 0;
  for (let at = pos; at < buffer.length && at < pos + 10; at++) {
    const byte = buffer[at] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) {
      varint = value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      return at + 1;
    }
    factor *= 128;
  }
  return MALFORMED;
}

const skimBytes: Skim = (buffer, pos) => {
  const start = readLong(buffer, pos);
  if (start < 0 || varint < 0 || varint > buffer.length - start) return MALFORMED;
  return start + varint;
};

const skimFixed = (size: number): Skim => (buffer, pos) => (pos + size <= buffer.length ? pos + size : MALFORMED);

const skimBoolean: Skim = (buffer, pos) => ((buffer[pos] ?? 2) <= 1 ? pos + 1 : MALFORMED);

const primitives: Readonly<Record<string, Skim>> = {
  null: (_buffer, pos) => pos,
  boolean: skimBoolean,
  int: readLong,
  long: readLong,
  float: skimFixed(4),
  double: skimFixed(8),
  bytes: skimBytes,
  string: skimBytes,
};

function skimBlocks(skimItem: Skim): Skim {
  return (buffer, start) => {
    let pos = start;
    for (;;) {
      pos = readLong(buffer, pos);
      if (pos < 0) return MALFORMED;
      let count = varint;
      if (count === 0) return pos;
      if (count < 0) {
        count = -count;
        pos = readLong(buffer, pos);
        if (pos < 0) return MALFORMED;
      }
      if (count > buffer.length - pos) return MALFORMED;
      for (; count > 0; count--) {
        pos = skimItem(buffer, pos);
        if (pos < 0) return MALFORMED;
      }
    }
  };
}

function skimUnion(branches: readonly Skim[]): Skim {
  return (buffer, start) => {
    const pos = readLong(buffer, start);
    const branch = pos < 0 ? undefined : branches[varint];
    return branch === undefined ? MALFORMED : branch(buffer, pos);
  };
}

const skimRecord = (fields: readonly Skim[]): Skim => (buffer, start) => {
  let pos = start;
  for (const field of fields) {
    pos = field(buffer, pos);
    if (pos < 0) return MALFORMED;
  }
  return pos;
};

interface SchemaNode {
  readonly type?: unknown;
  readonly name?: string;
  readonly namespace?: string;
  readonly fields?: readonly { readonly name: string; readonly type: unknown }[];
  readonly items?: unknown;
  readonly values?: unknown;
  readonly symbols?: readonly string[];
  readonly size?: number;
}

class Compiler {
  readonly captured: string[] = identityPaths.map(() => '');
  /** What of the identity is no UTF-8: as text it would be another identity than the one that ClickHouse reads. */
  readonly illFormed = new Set<string>();
  readonly #named = new Map<string, Skim>();

  compile(schema: unknown, path: string, namespace = '', depth = 0): Skim {
    if (depth > MAX_DEPTH) throw new RuntimeError('SCHEMA_REFUSED', 'the Avro schema nests too deep');
    const inner = (child: unknown, name = '', space = namespace): Skim => this.compile(child, join(path, name), space, depth + 1);
    if (Array.isArray(schema)) return skimUnion(schema.map((branch: unknown) => inner(branch)));
    if (typeof schema === 'string') return this.#capture(path, schema) ?? primitives[schema] ?? this.#reference(schema, namespace);
    const node = schema as SchemaNode;
    switch (node.type) {
      case 'record': {
        const space = node.namespace ?? namespace;
        return this.#define(node, space, () => skimRecord((node.fields ?? []).map((field) => inner(field.type, field.name, space))));
      }
      case 'array': return skimBlocks(inner(node.items, '[]'));
      case 'map': {
        const value = inner(node.values, '{}');
        return skimBlocks((buffer, pos) => {
          const after = skimBytes(buffer, pos);
          return after < 0 ? MALFORMED : value(buffer, after);
        });
      }
      case 'enum': {
        const symbols = node.symbols?.length ?? 0;
        return this.#define(node, namespace, () => (buffer, start) => {
          const pos = readLong(buffer, start);
          return pos < 0 || varint < 0 || varint >= symbols ? MALFORMED : pos;
        });
      }
      case 'fixed': return this.#define(node, namespace, () => skimFixed(node.size ?? 0));
      default: return inner(node.type);
    }
  }

  #capture(path: string, type: string): Skim | undefined {
    const slot = type === 'string' ? identityPaths.findIndex((candidate) => candidate === path) : -1;
    if (slot < 0) return undefined;
    return (buffer, pos) => {
      const end = skimBytes(buffer, pos);
      if (end < 0) return MALFORMED;
      const text = buffer.toString('utf8', end - varint, end);
      this.captured[slot] = text;
      if (text.includes('\ufffd') && !isUtf8(buffer.subarray(end - varint, end))) this.illFormed.add(path);
      return end;
    };
  }

  #define(node: SchemaNode, namespace: string, build: () => Skim): Skim {
    const fullName = node.name?.includes('.') === true ? node.name : join(node.namespace ?? namespace, node.name ?? '');
    this.#named.set(fullName, (buffer, pos) => built(buffer, pos));
    const built = build();
    return built;
  }

  #reference(name: string, namespace: string): Skim {
    const found = this.#named.get(name) ?? this.#named.get(join(namespace, name));
    if (found === undefined) throw new RuntimeError('SCHEMA_REFUSED', `the Avro schema names an unknown type ${name}`);
    return found;
  }
}

const join = (left: string, right: string): string => (left === '' || right === '' ? left + right : `${left}.${right}`);

/** Compiles a writer's schema into a check of its bodies. @throws RuntimeError `SCHEMA_REFUSED` for a schema that isn't Avro. */
export function compileSkim(schema: unknown): (body: Buffer) => SkimResult {
  const compiler = new Compiler();
  const skim = compiler.compile(schema, '');
  return (body) => {
    compiler.captured.fill('');
    compiler.illFormed.clear();
    const end = skim(body, 0);
    if (end < 0) return { ok: false, reason: 'truncated' };
    if (end < body.length) return { ok: false, reason: 'trailing_bytes' };
    if (compiler.illFormed.size > 0) return { ok: false, reason: 'ill_formed_text' };
    const [event_id = '', ticket_id = '', integration_id = ''] = compiler.captured;
    return { ok: true, identity: { event_id, ticket_id, integration_id } };
  };
}
