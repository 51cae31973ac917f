// The port to the log: what the rest of the system knows of Kafka. Only kafka.ts and its
// neighbours with `kafka` in their name know the client library behind it.

/** A record as it lies in the log. */
export interface LogRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Kafka's own timestamp, ms since 1970. */
  readonly timestampMs: number;
}

export interface NewRecord {
  readonly key: string;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly LogRecord[];
  /** Records that follow in the partition after this batch. */
  readonly lag: number;
  /** False once the partition moved to another consumer: stop retrying, write nothing more. */
  readonly owned: () => boolean;
}

export interface ConsumerPosition {
  readonly topic: string;
  readonly partition: number;
  readonly committed: number;
  readonly end: number;
}

export const eventsTopic = (environment: string): string => `crm.${environment}.ticket-events`;
export const quarantineTopic = (environment: string): string => `crm.${environment}.quarantine`;
