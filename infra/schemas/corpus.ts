// Golden samples of a schema: values that have broken readers, encoded once when the schema is
// released and then frozen (the release keeps their hash). Made from the schema alone, so that
// every schema to come gets its own.
import { createHash } from 'node:crypto';
import { createEncoder } from '../../services/runtime/avro/avro.ts';

export interface Sample {
  /** The Avro body in base64, without the five bytes in front of it in the log. */
  readonly body: string;
  /** What every reader has to find in it. */
  readonly value: Record<string, unknown>;
}

const deep = (levels: number): string => `${'{"a":['.repeat(levels)}null,-0.5,1e21,"\\u0000"${']}'.repeat(levels)}`;

const texts = [
  'plain',
  '',
  '👨‍👩‍👧‍👦 🏳️‍🌈 é̂ \u{1f469}\u{1f3fd}‍\u{1f4bb}',
  'שלום עולם \u202e مرحبا \u2066left\u2069',
  'line\nfeed\ttab\r\n "quotes" \\back\\slash \'single\' `tick` %s {x:String} ; DROP TABLE t --',
  '\u0000\u0001\u001f\u007f\u0085\u2028\ufeff',
  'no_such_word_in_any_vocabulary',
  deep(20),
  '-1001987654321',
] as const;

/** As long as Telegram lets a message be, in three-byte characters and in surrogate pairs. */
const longTexts = ['€'.repeat(4_096), '', '𝒳'.repeat(2_048)] as const;
const mayBeLong = new Set(['text', 'metadata', 'new_status', 'routing_rule']);

/** What the encoder takes and writes as it is: see the ingress' toLong. */
const MAX_LONG = Number.MAX_SAFE_INTEGER - 1;
const longs = [0, 1, -1, 2 ** 52, -(2 ** 52), MAX_LONG, 63, 64, -64, -65, 2 ** 31, -(2 ** 31) - 1];
/** Milliseconds within what ClickHouse's DateTime64 can hold. */
const times = [0, 1_772_442_000_123, Date.UTC(2105, 11, 31, 23, 59, 59, 999), Date.UTC(1900, 0, 1), 1, -1];
const lengths = [1, 0, 5, 2];

const VARIANTS = 14;

interface Node {
  readonly type: unknown;
  readonly logicalType?: string;
  readonly fields?: readonly { readonly name: string; readonly type: unknown }[];
  readonly items?: unknown;
  readonly values?: unknown;
}

const pick = <T>(from: readonly T[], at: number): T => {
  const found = from[at % from.length];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
};

/** Walks a type; `variant` turns every choice, and each field of a record starts elsewhere. */
function valueOf(type: unknown, variant: number, name = ''): unknown {
  if (Array.isArray(type)) return valueOf(variant % 3 === 1 && type.includes('null') ? 'null' : type.find((branch) => branch !== 'null'), variant, name);
  switch (type) {
    case 'null': return null;
    case 'string': return mayBeLong.has(name) && variant % 4 === 0 ? pick(longTexts, variant / 4) : pick(texts, variant);
    case 'long': return pick(longs, variant);
    case 'int': return pick(longs, variant) | 0;
    case 'boolean': return variant % 2 === 0;
  }
  if (typeof type !== 'object' || type === null) throw new Error(`no samples for the Avro type ${String(type)}: add some to infra/schemas/corpus.ts`);
  const node = type as Node;
  if (node.logicalType === 'timestamp-millis') return pick(times, variant);
  switch (node.type) {
    case 'record': return Object.fromEntries((node.fields ?? []).map((field, index) => [field.name, valueOf(field.type, variant + index, field.name)]));
    case 'array': return Array.from({ length: pick(lengths, variant) }, (_, index) => valueOf(node.items, variant + index));
    case 'map': return mapOf(node.values, variant);
    default: return valueOf(node.type, variant, name);
  }
}

function mapOf(values: unknown, variant: number): Record<string, unknown> {
  const size = variant === 3 ? 200 : pick([0, 3, 1], variant);
  return Object.fromEntries(Array.from({ length: size }, (_, index) => [`/payload/custom_fields/ключ~1${index}`, valueOf(values, size > 100 ? 0 : variant + index)]));
}

/** Whose event a sample is must be told: no reader takes one that belongs to nobody. */
const identified = (value: Record<string, unknown>, variant: number): Record<string, unknown> => ({
  ...value,
  event_id: `00000000-0000-4000-8000-${String(variant).padStart(12, '0')}`,
  ticket_id: `TKT-${String(variant).padStart(8, '0')}`,
  source: { platform: pick(texts, variant), integration_id: 'corpus', environment: 'production' },
});

export function samplesOf(schema: object): Sample[] {
  const encode = createEncoder(schema, 0);
  return Array.from({ length: VARIANTS }, (_, variant) => {
    const value = identified(valueOf(schema, variant) as Record<string, unknown>, variant);
    return { body: encode(value).subarray(5).toString('base64'), value };
  });
}

/** The text of a corpus file: a sample a line, so that a diff shows which one changed. */
export const corpusText = (samples: readonly Sample[]): string => `[\n${samples.map((sample) => JSON.stringify(sample)).join(',\n')}\n]\n`;

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
