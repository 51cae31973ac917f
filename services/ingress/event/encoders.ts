// From a prepared event to the log's bytes: one encoder per environment and Avro record, under
// the schema id that the registry or the lock file has for it.
import type { EventContract } from '../../../schemas/contract.ts';
import { createEncoder } from '../../runtime/avro/avro.ts';
import { RuntimeError } from '../../runtime/errors.ts';
import { eventsTopic } from '../../runtime/event-log.ts';
import { idToWrite, type LockedSchema, type SchemaRegistry } from '../../runtime/registry/registry.ts';

export type Encode = (contract: EventContract, environment: string, record: Record<string, unknown>) => Buffer;

export interface EncoderSources {
  readonly contracts: Iterable<EventContract>;
  readonly environments: readonly string[];
  readonly registry: SchemaRegistry;
  readonly locked: readonly LockedSchema[];
}

export async function createEncode({ contracts, environments, registry, locked }: EncoderSources): Promise<Encode> {
  const encoders = new Map<string, (value: unknown) => Buffer>();
  const subjectOf = (contract: EventContract, environment: string): string => `${eventsTopic(environment)}-${contract.recordName}`;
  for (const contract of contracts) {
    for (const environment of environments) {
      const subject = subjectOf(contract, environment);
      encoders.set(subject, createEncoder(contract.record, await idToWrite(registry, locked, subject, JSON.stringify(contract.record))));
    }
  }
  return (contract, environment, record) => {
    const encode = encoders.get(subjectOf(contract, environment));
    if (encode === undefined) throw new RuntimeError('SCHEMA_MISSING', `no schema of ${contract.recordName} for ${environment}`);
    return encode(record);
  };
}
