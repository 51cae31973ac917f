// What a log record must be before anybody uses it: a known schema's id, a whole body under that
// schema, an identity, and its ticket's key. All who read the log refuse the same records for the
// same reasons. A body is only skimmed here: its bounds are checked, and nothing is decoded.
import type { compileSkim} from './skim.ts';
import { type Identity } from './skim.ts';
import { unframe } from './avro.ts';
import type { LogRecord } from '../event-log.ts';
import type { SchemaLookup } from '../registry/registry.ts';

export type PoisonReason = 'tombstone' | 'empty' | 'no_magic_byte' | 'unknown_schema' | 'foreign_schema' | 'truncated' | 'trailing_bytes' | 'ill_formed_text' | 'identity_missing' | 'key_mismatch' | 'refused_by_clickhouse';

export interface Poison {
  readonly kind: 'poison';
  readonly reason: PoisonReason;
  readonly detail: string;
  readonly record: LogRecord;
}

/** What a reader makes of a writer's schema, once. */
export interface WriterSchema {
  readonly skim: ReturnType<typeof compileSkim>;
}

export interface WholeRecord<Writer extends WriterSchema> {
  readonly kind: 'whole';
  readonly writer: Writer;
  readonly body: Buffer;
  readonly identity: Identity;
}

export interface RecordReaderOptions<Writer extends WriterSchema> {
  /** Compiles a schema's text; `foreign` for a schema that is none of the events. */
  readonly compile: (schemaText: string) => Writer | 'foreign';
  /** A replay does without the key's check, since it corrects the key. */
  readonly checkKey?: boolean;
}

/**
 * Why a record that can be read still can't be used, if so. Under another key than its ticket's it
 * may lie in another partition than the rest of the ticket, whose order then is lost to every
 * consumer; a replay from the quarantine puts it under the right key.
 */
function identityProblem(identity: Identity, record: LogRecord, checkKey: boolean): [reason: PoisonReason, detail: string] | null {
  if (identity.event_id === '' || identity.ticket_id === '' || identity.integration_id === '') {
    return ['identity_missing', 'event_id, ticket_id or source.integration_id is empty'];
  }
  if (checkKey && record.key !== identity.ticket_id) return ['key_mismatch', `the record's key is not its ticket_id ${identity.ticket_id}`];
  return null;
}

/**
 * Reads records, compiling each writer's schema once. What is asked for answers at once when the schema is known: a promise for
 * each record took longer than the reading. The returned function rejects with RuntimeError `REGISTRY_UNAVAILABLE`.
 */
export function createRecordReader<Writer extends WriterSchema>(
  schemas: SchemaLookup,
  { compile, checkKey = true }: RecordReaderOptions<Writer>,
): (record: LogRecord) => WholeRecord<Writer> | Poison | Promise<WholeRecord<Writer> | Poison> {
  const read = (record: LogRecord, { schemaId, body }: Whole, writer: Writer | 'foreign' | null): WholeRecord<Writer> | Poison => {
    if (writer === null) return poisonOf(record, 'unknown_schema', `the registry has no schema ${schemaId}`);
    if (writer === 'foreign') return poisonOf(record, 'foreign_schema', `schema ${schemaId} is not an event of the contract`);
    const skimmed = writer.skim(body);
    if (!skimmed.ok) return poisonOf(record, skimmed.reason, skimmed.reason === 'ill_formed_text' ? 'event_id, ticket_id or source.integration_id is not UTF-8' : `not a whole record of schema ${schemaId}`);
    const problem = identityProblem(skimmed.identity, record, checkKey);
    return problem === null ? { kind: 'whole', writer, body, identity: skimmed.identity } : poisonOf(record, ...problem);
  };
  const writerOf = createWriters(schemas, compile);
  return (record) => {
    const framed = unframe(record.value);
    if (!framed.ok) return poisonOf(record, framed.reason, 'the value is not a schema id followed by Avro');
    const writer = writerOf(framed.schemaId);
    return writer instanceof Promise ? writer.then((found) => read(record, framed, found)) : read(record, framed, writer);
  };
}

type Whole = Extract<ReturnType<typeof unframe>, { ok: true }>;

const poisonOf = (record: LogRecord, reason: PoisonReason, detail: string): Poison => ({ kind: 'poison', reason, detail, record });

/** A writer by the id of its schema; only what was found is kept. Records that ask at once for one that isn't known get the same promise. */
function createWriters<Writer extends WriterSchema>(schemas: SchemaLookup, compile: RecordReaderOptions<Writer>['compile']): (schemaId: number) => Found<Writer> {
  const writers = new Map<number, Found<Writer>>();
  const load = async (schemaId: number): Promise<Writer | 'foreign' | null> => {
    try {
      const text = await schemas.find(schemaId);
      const writer = text === null ? null : compile(text);
      if (writer === null) writers.delete(schemaId);
      else writers.set(schemaId, writer);
      return writer;
    } catch (error) {
      writers.delete(schemaId);
      throw error;
    }
  };
  return (schemaId) => {
    const known = writers.get(schemaId);
    if (known !== undefined) return known;
    const loading = load(schemaId);
    writers.set(schemaId, loading);
    return loading;
  };
}

type Found<Writer> = Writer | 'foreign' | Promise<Writer | 'foreign' | null>;
