// What a log record is to a consumer: one of its events, decoded on demand into the contract's
// current record whatever schema it was written with; an event it doesn't want; or poison. Only
// what is whole, and claims no more items than it has bytes, reaches the decoder.
import { compileSkim, type Identity } from '../avro/skim.ts';
import { createReader } from '../avro/avro.ts';
import type { AnyEvent } from '../consumer.ts';
import { eventKey } from './window.ts';
import type { LogRecord } from '../event-log.ts';
import { eventTypeOf } from '../projection/landing.ts';
import type { Keys } from '../personal/keys.ts';
import { keyIdOf, opened } from '../personal/opened.ts';
import { createRecordReader, type Poison, type WriterSchema } from '../avro/record-reader.ts';
import type { SchemaLookup } from '../registry/registry.ts';
import { childSpan } from '../trace.ts';

export interface Delivery {
  readonly kind: 'event';
  readonly record: LogRecord;
  readonly eventType: string;
  readonly identity: Identity;
  /** Identity of the event, for dedupe. */
  readonly key: string;
  /** This delivery's span, in the trace that the record tells. */
  readonly traceparent: () => string;
  /** A fresh object each time, so that a failed try leaves no trace in the next one. @throws Error when the writer's schema can't become the current record. */
  readonly decode: () => AnyEvent | Promise<AnyEvent>;
}

export interface Unwanted {
  readonly kind: 'unwanted';
  readonly record: LogRecord;
}

/** @throws RuntimeError `REGISTRY_UNAVAILABLE`. */
export type Sort = (record: LogRecord) => Promise<Delivery | Unwanted | Poison>;

interface Writer extends WriterSchema {
  readonly eventType: string;
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

/** Sorts the log's records for a consumer of the given event types. Resolvers are kept per writer's schema id. @param keys of events whose personal fields are sealed. */
export function createSort(records: ReadonlyMap<string, object>, schemas: SchemaLookup, keys: Pick<Keys, 'find'>): Sort {
  const readers = new Map([...records].map(([type, record]) => [type, createReader(record)]));
  const namespaces = new Set([...records.values()].map((record) => (record as NamedSchema).namespace));
  const compile = (text: string): Writer | 'foreign' => {
    // It may be any Avro schema, e.g. the text "string".
    const schema = JSON.parse(text) as Partial<NamedSchema> | null;
    if (schema?.type !== 'record' || schema.name === undefined || !namespaces.has(schema.namespace)) return 'foreign';
    const eventType = eventTypeOf({ name: schema.name });
    const reader = readers.get(eventType);
    const resolve = reader === undefined ? undefined : lazily(() => reader(schema));
    return { eventType, skim: compileSkim(schema), decode: resolve && ((body) => resolve()(body)) };
  };
  const read = createRecordReader(schemas, { compile });
  return async (record) => {
    const found = await read(record);
    if (found.kind === 'poison') return found;
    const { writer, body, identity } = found;
    const { decode, eventType } = writer;
    if (decode === undefined) return { kind: 'unwanted', record };
    return {
      kind: 'event', record, eventType, identity, key: eventKey(identity),
      traceparent: lazily(() => childSpan(record.headers['traceparent'])),
      decode: () => {
        const event = { event_type: eventType, ...(decode(body) as Omit<AnyEvent, 'event_type'>) };
        const keyId = keyIdOf(event);
        return keyId === undefined ? event : keys.find(keyId, record.timestampMs).then((key) => opened(event, records.get(eventType) ?? {}, key));
      },
    };
  };
}
