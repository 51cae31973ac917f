// Infrastructure failures, as one table: code → meaning and whether trying again can help.
// Expected outcomes (a bad signature, a poison record) are data, not errors.

export const errorTable = {
  CONFIG_INVALID: { retriable: false, meaning: 'The configuration cannot be used; the message names each variable.' },
  LOG_UNAVAILABLE: { retriable: true, meaning: 'Kafka did not acknowledge the write in time.' },
  LOG_OVERLOADED: { retriable: true, meaning: 'Too many events wait for Kafka; the sender should retry later.' },
  LOG_REFUSED: { retriable: false, meaning: 'Kafka does not know this user, or its ACLs do not let it do that.' },
  TOPIC_MISSING: { retriable: false, meaning: 'A topic does not exist; run `npm run topics`.' },
  REGISTRY_UNAVAILABLE: { retriable: true, meaning: 'The schema registry did not answer and the lock file lacks the schema.' },
  SCHEMA_REFUSED: { retriable: false, meaning: 'The registry refuses the schema as incompatible.' },
  SCHEMA_MISSING: { retriable: false, meaning: 'A schema is not registered; run `npm run schemas`.' },
  CLICKHOUSE_UNAVAILABLE: { retriable: true, meaning: 'ClickHouse did not answer or is overloaded.' },
  ARCHIVE_BEHIND: { retriable: true, meaning: 'The archive has not all of the log yet; a day is exported when it has.' },
  CLICKHOUSE_REFUSED: { retriable: false, meaning: 'ClickHouse refused a statement or its data; the message is its own.' },
  CLICKHOUSE_BAD_DATA: { retriable: false, meaning: 'ClickHouse could not read the data; halving the batch finds the row.' },
  FACTS_OF_OTHER_CODE: { retriable: false, meaning: 'A facts table holds rows that another version of the code computed; run that version, or `npm run rebuild`.' },
  FACTS_FAILED: { retriable: false, meaning: 'The facts of a ticket could not be computed, a defect of ours; the other tickets go on.' },
  EXPORT_TARGET_UNAVAILABLE: { retriable: true, meaning: 'The folder or bucket of an export does not take or give files now.' },
  EXPORT_TARGET_REFUSED: { retriable: false, meaning: 'The folder or bucket of an export refuses what is asked of it, e.g. for its key or rights.' },
  EXPORT_INCONSISTENT: { retriable: false, meaning: 'What is exported is not what was written down; nothing is written on top of it. Run `npm run event-export -- verify`.' },
  OWNERSHIP_LOST: { retriable: true, meaning: 'The partition moved to another consumer; its records are handled there.' },
  HANDLER_STUCK: { retriable: false, meaning: 'A batch got nowhere for as long as STUCK_AFTER_SECONDS says, and not for an outage; the process ends so that a new one takes over.' },
  PARTITION_HELD: { retriable: true, meaning: 'Most recent records of the partition are poison; it waits for a fix, or for POISON_BREAKER=off.' },
  GROUP_IN_USE: { retriable: false, meaning: 'A consumer group that has members cannot be moved; stop them, or read as another group.' },
} as const satisfies Record<string, { retriable: boolean; meaning: string }>;

export type ErrorCode = keyof typeof errorTable;

export class RuntimeError extends Error {
  readonly code: ErrorCode;
  readonly retriable: boolean;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RuntimeError';
    this.code = code;
    this.retriable = errorTable[code].retriable;
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What libraries put on their errors, none of it certain. */
export interface LibraryError {
  readonly name: string;
  readonly type?: unknown;
  readonly retriable?: unknown;
}

/** Whether an error, or one in the chain of what caused it, is such a one. */
export const anyCause = (error: unknown, is: (error: LibraryError) => boolean): boolean => error instanceof Error && (is(error) || anyCause(error.cause, is));
