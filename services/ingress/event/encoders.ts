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
  const encoders = new Map<string, Map<EventContract, (value: unknown) => Buffer>>(environments.map((environment) => [environment, new Map()]));
  for (const contract of contracts) {
    for (const [environment, ofContracts] of encoders) {
      const subject = `${eventsTopic(environment)}-${contract.recordName}`;
      ofContracts.set(contract, createEncoder(contract.record, await idToWrite(registry, locked, subject, JSON.stringify(contract.record))));
    }
  }
  return (contract, environment, record) => {
    const encode = encoders.get(environment)?.get(contract);
    if (encode === undefined) throw new RuntimeError('SCHEMA_MISSING', `no schema of ${contract.recordName} for ${environment}`);
    return encode(record);
  };
}
