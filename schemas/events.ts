// The events of the log for those who consume them: the current Avro records with their types.
import { readFileSync } from 'node:fs';
import { contractFolders, type AvroRecord, type AvroType } from './contract.ts';
import type { EventOf, TicketEvent, TicketEventType } from './generated/events.ts';

export type * from './generated/events.ts';

const recordOf = (folder: string): AvroRecord => JSON.parse(readFileSync(new URL(`${folder}/record.avsc`, import.meta.url), 'utf8')) as AvroRecord;

/** What `defineConsumer` takes: records by event type, and the union of the events. */
export const ticketEvents: { readonly records: ReadonlyMap<TicketEventType, AvroRecord>; readonly event?: TicketEvent } = {
  records: new Map(contractFolders().map((folder) => [folder.replaceAll('-', '.') as TicketEventType, recordOf(folder)])),
};

type Partly<T> = T extends Date | readonly unknown[] ? T : T extends object ? { readonly [K in keyof T]?: Partly<T[K]> } : T;

/** A made-up event for tests: texts are their field's name, times the start of 2026, what may be absent is. */
export function sampleEvent<T extends TicketEventType>(type: T, fields: Partly<EventOf<T>>): EventOf<T> {
  const record = ticketEvents.records.get(type);
  if (record === undefined) throw new Error(`no such event type: ${type}`);
  // Made from the record that the type is generated from.
  return { event_type: type, ...sample(record, '', fields) as object } as EventOf<T>;
}

function sample(type: AvroType, name: string, wanted: unknown): unknown {
  if (typeof type === 'object' && 'type' in type && type.type === 'record') {
    const given = (wanted ?? {}) as Readonly<Record<string, unknown>>;
    return Object.fromEntries(type.fields.map((field) => [field.name, sample(field.type, field.name, given[field.name])]));
  }
  if (wanted !== undefined) return wanted;
  if (Array.isArray(type)) return null;
  if (typeof type === 'object' && 'type' in type) return type.type === 'array' ? [] : type.type === 'map' ? {} : new Date('2026-01-01T00:00:00.000Z');
  return type === 'string' ? name : type === 'long' ? 1 : type === 'boolean' ? false : null;
}
