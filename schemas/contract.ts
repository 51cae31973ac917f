// The contract, found by folder: one folder per event type holds a JSON Schema per version
// (what the CRM sends), one Avro record (what the log keeps) and its upcasters. Adding an
// event type is adding a folder; there is no list to edit.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = Record<string, Json>;

/** A pure step from one contract version's payload to the next version's. */
export type Upcast = (payload: JsonObject) => JsonObject;
/** Steps by the version they start from; the step of the newest version settles old spellings. */
export type Upcasters = Readonly<Record<string, Upcast>>;

export interface AvroField {
  readonly name: string;
  readonly type: AvroType;
  readonly doc?: string;
  readonly default?: Json;
}
export interface AvroRecord {
  readonly type: 'record';
  readonly name: string;
  readonly namespace?: string;
  readonly doc?: string;
  readonly fields: readonly AvroField[];
}
export type AvroType =
  | 'null' | 'boolean' | 'long' | 'string'
  | { readonly type: 'long'; readonly logicalType: 'timestamp-millis' }
  | { readonly type: 'array'; readonly items: AvroType }
  | { readonly type: 'map'; readonly values: AvroType }
  | AvroRecord
  | readonly AvroType[];

export interface EventContract {
  /** As in the webhook, e.g. `ticket.created`. */
  readonly eventType: string;
  /** Folder below schemas/, e.g. `ticket-created`. */
  readonly folder: string;
  /** Full Avro name, e.g. `ticketstream.events.TicketCreated`. */
  readonly recordName: string;
  readonly record: AvroRecord;
  /** JSON Schema of the payload by contract version, oldest first. */
  readonly versions: ReadonlyMap<string, JsonObject>;
  readonly upcasters: Upcasters;
  /** From the newest version's payload to the record's fields, where these differ: old consumers keep reading the old ones. */
  readonly toRecord: Upcast;
}

const here = dirname(fileURLToPath(import.meta.url));

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

/** The envelope's JSON Schema: what an event needs before its signature can be checked. */
export const envelopeSchema = readJson(join(here, 'envelope.json')) as JsonObject;

/** Folders that hold an event type, in name order. */
export const contractFolders = (): string[] =>
  readdirSync(here, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && readdirSync(join(here, entry.name)).includes('record.avsc'))
    .map((entry) => entry.name)
    .sort();

/** Compares dotted version numbers, so that 1.10 comes after 1.9. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export async function loadContract(folder: string): Promise<EventContract> {
  const path = join(here, folder);
  const record = readJson(join(path, 'record.avsc')) as AvroRecord;
  const versions = readdirSync(path)
    .filter((file) => /^\d+\.\d+\.json$/.test(file))
    .map((file) => file.replace(/\.json$/, ''))
    .sort(compareVersions);
  const { upcasters, toRecord = (payload: JsonObject) => payload } = (await import(`./${folder}/upcast.ts`)) as { upcasters: Upcasters; toRecord?: Upcast };
  return {
    eventType: folder.replaceAll('-', '.'),
    folder,
    recordName: `${record.namespace ?? ''}.${record.name}`,
    record,
    versions: new Map(versions.map((version) => [version, readJson(join(path, `${version}.json`)) as JsonObject])),
    upcasters,
    toRecord,
  };
}

/** Every event type of the contract by its name. */
export async function loadContracts(): Promise<ReadonlyMap<string, EventContract>> {
  const contracts = await Promise.all(contractFolders().map(loadContract));
  return new Map(contracts.map((contract) => [contract.eventType, contract]));
}

/** The steps from `version` on, oldest first; a version between two known ones starts at the lower. */
export function upcastsFrom(contract: EventContract, version: string): Upcast {
  const known = [...contract.versions.keys()];
  const listed = known.indexOf(version);
  const start = listed >= 0 ? listed : known.findLastIndex((candidate) => compareVersions(candidate, version) <= 0);
  const steps = known.slice(Math.max(0, start)).flatMap((candidate) => contract.upcasters[candidate] ?? []);
  return (payload) => steps.reduce((current, step) => step(current), payload);
}

export const upcast = (contract: EventContract, version: string, payload: JsonObject): JsonObject => upcastsFrom(contract, version)(payload);
