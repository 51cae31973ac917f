// What every step of a run works with.
import type { StreamingClickHouse } from '../../services/runtime/clickhouse.ts';
import { sqlString } from '../../services/runtime/clickhouse.ts';
import type { KafkaConnection } from '../../services/runtime/kafka/admin.ts';
import type { OffsetRange } from '../../services/runtime/kafka/topic-offsets.ts';
import type { ToLanding } from '../../services/runtime/projection/landing.ts';
import type { Compared } from './compared.ts';
import type { Report } from './findings.ts';

/** Which part of the log and of the tables a run looks at; all of it by default. */
export interface Scope {
  readonly since?: Date;
  readonly partition?: number;
  readonly tenant?: string;
}

export interface Run {
  readonly clickhouse: StreamingClickHouse;
  readonly connection: KafkaConnection;
  readonly environment: string;
  readonly scope: Scope;
  readonly repair: boolean;
  readonly windowRecords: number;
  readonly report: Report;
  /** Lands the records of a topic. */
  readonly toLandingOf: (topic: string) => ToLanding;
  readonly compared: readonly Compared[];
  /** What of each topic is looked at. */
  readonly rangesOf: (topic: string) => readonly OffsetRange[];
}

/** A condition of SQL for the rows of a scope's tenant. */
export const ofTenant = ({ tenant }: Scope): string => (tenant === undefined ? 'true' : `integration_id = ${sqlString(tenant)}`);

/** A number for each partition, as an expression of SQL; `otherwise` for those that it doesn't name. */
export function byPartition(numbers: ReadonlyMap<number, number>, otherwise: number): string {
  if (numbers.size === 0) return String(otherwise);
  return `transform(toInt64(kafka_partition), [${[...numbers.keys()].map((n) => `toInt64(${n})`).join(', ')}], [${[...numbers.values()].map((n) => `toInt64(${n})`).join(', ')}], toInt64(${otherwise}))`;
}
