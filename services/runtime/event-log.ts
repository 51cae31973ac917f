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
  /** One of them, for whoever reads many records: decoding all twelve of an event takes longer than anything else that is done to it. */
  readonly header?: (name: string) => string | undefined;
  /** Kafka's own timestamp, ms since 1970. */
  readonly timestampMs: number;
}

export const headerOf = (record: LogRecord, name: string): string | undefined => (record.header === undefined ? record.headers[name] : record.header(name));

/** Without a value it takes its key out of a compacted topic. */
export interface NewRecord<V extends Buffer | null = Buffer> {
  readonly key: string;
  readonly value: V;
  readonly headers: Readonly<Record<string, string>>;
}

type Sized = Omit<NewRecord<Buffer | null>, 'key'> & { readonly key: string | null };

/** Kafka's `max.message.bytes` of an event topic: of a record batch, which a record alone is too. */
export const MAX_EVENT_BYTES = 4_194_304;
/** Of a quarantine topic. The biggest record of the log still fits in there with its reason: one that doesn't would stop its partition. */
export const MAX_QUARANTINE_BYTES = 5_242_880;

/** Of a batch with one record: its 61 bytes, and the record's own lengths at their longest. */
const RECORD_OVERHEAD = 128;
const HEADER_OVERHEAD = 10;

const MOST_OF_A_CHARACTER = 3;

/** No less than recordBytes, and had at once: it says of nearly every record that it is small enough. */
export function mostBytes({ key, value, headers }: Sized): number {
  let [names, characters] = [0, key?.length ?? 0];
  for (const name in headers) {
    characters += name.length + (headers[name]?.length ?? 0);
    names += 1;
  }
  return RECORD_OVERHEAD + characters * MOST_OF_A_CHARACTER + (value?.length ?? 0) + names * HEADER_OVERHEAD;
}

/** No less than what the record takes as a batch of its own. */
export function recordBytes({ key, value, headers }: NewRecord<Buffer | null>): number {
  const names = Object.keys(headers);
  // Measured at once: a call for each text takes several times as long.
  const text = names.reduce((all, name) => all + name + (headers[name] ?? ''), key);
  return RECORD_OVERHEAD + Buffer.byteLength(text) + (value?.length ?? 0) + names.length * HEADER_OVERHEAD;
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

/** A batch whose handler says itself how far it got. */
export interface ManualBatch extends PartitionBatch {
  /** Another one after each rebalance: the partition may have been elsewhere in between. */
  readonly generation: number;
  /** Says that the handler got somewhere, or knows why it doesn't; who says nothing for long is taken to hang. */
  readonly alive: () => void;
  /** Commits the next offset to read and a note for whoever reads the commit; does nothing once the group moved on. */
  readonly commit: (next: number, note: string) => Promise<void>;
  /** Lets the partition's next batch begin at another offset, as long as the partition is ours. Nothing is committed by it. */
  readonly rewind: (offset: number) => void;
}

export interface ConsumerPosition {
  readonly topic: string;
  readonly partition: number;
  readonly committed: number;
  /** What the commit says besides the offset; empty without one. */
  readonly note: string;
  readonly low: number;
  readonly end: number;
}

export const eventsTopic = (environment: string): string => `crm.${environment}.ticket-events`;
export const quarantineTopic = (environment: string): string => `crm.${environment}.quarantine`;
/** What is to be told of escalations and was: compacted, so it holds what is open and no history. */
export const alertsTopic = (environment: string): string => `crm.${environment}.alerts`;
/** Of what personal data is sealed with: compacted, so that a deleted key is gone, and in no backup of the log (personal/). */
export const keysTopic = (environment: string): string => `crm.${environment}.keys`;
/** Who was forgotten, once more: few, so that whoever seals need not read all keys to know it. */
export const erasuresTopic = (environment: string): string => `crm.${environment}.erasures`;
