// The quarantine as its topic has it: items, each once, with what was done about them. The
// topic is read, not ClickHouse: it is the truth, it knows every environment, and it can be
// read while ClickHouse is what has to be repaired.
import { quarantineTopic } from '../../services/runtime/event-log.ts';
import { readTail } from '../../services/runtime/kafka/consumer.ts';
import type { KafkaConnection } from '../../services/runtime/kafka/admin.ts';
import { readQuarantineRecord, type QuarantineItem } from '../../services/runtime/quarantine/quarantine.ts';
import { identityOf, isResolution, readResolutionRecord, statusOf, type ResolutionEntry, type Status } from '../../services/runtime/quarantine/resolution.ts';

export interface InventoryEntry {
  /** Its payload is empty unless it was asked for. */
  readonly item: QuarantineItem;
  readonly bytes: number;
  readonly history: readonly ResolutionEntry[];
  readonly status: Status;
}

const none = Buffer.alloc(0);

/** @param wantsPayload payloads of other items are not kept in memory. */
export async function readInventory(connection: KafkaConnection, environment: string, wantsPayload: (item: QuarantineItem) => boolean): Promise<InventoryEntry[]> {
  const found = new Map<string, { item: QuarantineItem; bytes: number; history: ResolutionEntry[] }>();
  await readTail(connection, quarantineTopic(environment), Number.MAX_SAFE_INTEGER, (record) => {
    const item = readQuarantineRecord(record);
    const identity = identityOf(item);
    const known = found.get(identity);
    if (isResolution(record)) {
      const entry = readResolutionRecord(record);
      if (entry !== null) known?.history.push(entry);
    } else if (known === undefined) {
      const { payload } = item;
      found.set(identity, { item: { ...item, payload: wantsPayload(item) ? Buffer.from(payload) : none }, bytes: payload.length, history: [] });
    }
  });
  return [...found.values()].map((entry) => ({ ...entry, status: statusOf(entry.history) }));
}
