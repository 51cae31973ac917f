// What a log record is to a consumer: one of its events, decoded on demand into the contract's
// current record whatever schema it was written with; an event it doesn't want; or poison.
// A body is skimmed before it is decoded: only what is whole, and claims no more items than it
// has bytes, reaches the decoder.
import { compileSkim, type Identity } from '../avro-skim.ts';
import { createReader, unframe } from '../avro.ts';
import type { AnyEvent } from '../consumer.ts';
import { eventKey } from './window.ts';
import type { LogRecord } from '../event-log.ts';
import { eventTypeOf, identityProblem, type Poison, type PoisonReason } from '../projection/landing.ts';
import type { SchemaLookup } from '../registry.ts';

export interface Delivery {
  readonly kind: 'event';
  readonly record: LogRecord;
  readonly eventType: string;
  readonly identity: Identity;
  /** Identity of the event, for dedupe. */
  readonly key: string;
  /** A fresh object each time, so that a failed try leaves no trace in the next one. @throws Error when the writer's schema can't become the current record. */
  readonly decode: () => AnyEvent;
}

export interface Unwanted {
  readonly kind: 'unwanted';
  readonly record: LogRecord;
}

/** @throws RuntimeError `REGISTRY_UNAVAILABLE`. */
export type Sort = (record: LogRecord) => Promise<Delivery | Unwanted | Poison>;

interface Writer {
  readonly eventType: string;
  readonly skim: ReturnType<typeof compileSkim>;
  /** Undefined for a type that the consumer doesn't want. */
  readonly decode: ((body: Buffer) => unknown) | undefined;
}

/** Compiled when the first such event is handled: a schema that can't be resolved is that event's failure, not the partition's. */
function lazily<T>(create: () => T): () => T {
  let created: { readonly value: T } | undefined;
  return () => (created ??= { value: create() }).value;
}

interface NamedSchema {
  readonly type: 'record';
  readonly name: string;
  readonly namespace?: string;
}

/** Sorts the log's records for a consumer of the given event types. Resolvers are kept per writer's schema id. */
export function createSort(records: ReadonlyMap<string, object>, schemas: SchemaLookup): Sort {
  const readers = new Map([...records].map(([type, record]) => [type, createReader(record)]));
  const namespaces = new Set([...records.values()].map((record) => (record as NamedSchema).namespace));
  const writers = new Map<number, Promise<Writer | 'foreign' | null>>();
  const compile = (text: string): Writer | 'foreign' => {
    // It may be any Avro schema, e.g. the text "string".
    const schema = JSON.parse(text) as Partial<NamedSchema> | null;
    if (schema?.type !== 'record' || schema.name === undefined || !namespaces.has(schema.namespace)) return 'foreign';
    const eventType = eventTypeOf({ name: schema.name });
    const reader = readers.get(eventType);
    const resolve = reader === undefined ? undefined : lazily(() => reader(schema));
    return { eventType, skim: compileSkim(schema), decode: resolve && ((body) => resolve()(body)) };
  };
  const load = async (schemaId: number): Promise<Writer | 'foreign' | null> => {
    const text = await schemas.find(schemaId);
    return text === null ? null : compile(text);
  };
  /** A batch asks for all of its records at once: one of them loads, and only what was found is kept. */
  const writerOf = (schemaId: number): Promise<Writer | 'foreign' | null> => {
    const known = writers.get(schemaId);
    if (known !== undefined) return known;
    const loading = load(schemaId);
    writers.set(schemaId, loading);
    loading.then((writer) => {
      if (writer === null) writers.delete(schemaId);
    }, () => writers.delete(schemaId));
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
    if (!skimmed.ok) return poison(skimmed.reason, `not a whole record of schema ${framed.schemaId}`);
    const { identity } = skimmed;
    const problem = identityProblem(identity, record);
    if (problem !== null) return poison(...problem);
    const { decode, eventType } = writer;
    if (decode === undefined) return { kind: 'unwanted', record };
    return {
      kind: 'event', record, eventType, identity, key: eventKey(identity),
      decode: () => ({ event_type: eventType, ...(decode(framed.body) as Omit<AnyEvent, 'event_type'>) }),
    };
  };
}
