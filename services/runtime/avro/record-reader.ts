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

/** Reads records, compiling each writer's schema once. The returned function throws RuntimeError `REGISTRY_UNAVAILABLE`. */
export function createRecordReader<Writer extends WriterSchema>(
  schemas: SchemaLookup,
  { compile, checkKey = true }: RecordReaderOptions<Writer>,
): (record: LogRecord) => Promise<WholeRecord<Writer> | Poison> {
  // Promises, so that records which ask at once get one writer; only what was found is kept.
  const writers = new Map<number, Promise<Writer | 'foreign' | null>>();
  const load = async (schemaId: number): Promise<Writer | 'foreign' | null> => {
    try {
      const text = await schemas.find(schemaId);
      if (text !== null) return compile(text);
      writers.delete(schemaId);
      return null;
    } catch (error) {
      writers.delete(schemaId);
      throw error;
    }
  };
  const writerOf = (schemaId: number): Promise<Writer | 'foreign' | null> => {
    const loading = writers.get(schemaId) ?? load(schemaId);
    writers.set(schemaId, loading);
    return loading;
  };
  return async (record) => {
    const poison = (reason: PoisonReason, detail: string): Poison => ({ kind: 'poison', reason, detail, record });
    const framed = unframe(record.value);
    if (!framed.ok) return poison(framed.reason, 'the value is not a schema id followed by Avro');
    const writer = await writerOf(framed.schemaId);
    if (writer === null) return poison('unknown_schema', `the registry has no schema ${framed.schemaId}`);
    if (writer === 'foreign') return poison('foreign_schema', `schema ${framed.schemaId} is not an event of the contract`);
    const skimmed = writer.skim(framed.body);
    if (!skimmed.ok) return poison(skimmed.reason, skimmed.reason === 'ill_formed_text' ? 'event_id, ticket_id or source.integration_id is not UTF-8' : `not a whole record of schema ${framed.schemaId}`);
    const problem = identityProblem(skimmed.identity, record, checkKey);
    return problem === null ? { kind: 'whole', writer, body: framed.body, identity: skimmed.identity } : poison(...problem);
  };
}
