// The quarantine as its topic has it: items, each once, with what was done about them. The
// topic is read, not ClickHouse: it is the truth, it knows every environment, and it can be
// read while ClickHouse is what has to be repaired.
import { quarantineTopic } from '../../services/runtime/event-log.ts';
import { readTail } from '../../services/runtime/kafka/consumer.ts';
import type { KafkaConnection } from '../../services/runtime/kafka/admin.ts';
import { followKeys } from '../../services/runtime/personal/keys.ts';
import { unseal } from '../../services/runtime/personal/sealed.ts';
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
  const payloads = await openedPayloads(connection, environment, [...found.values()].map(({ item }) => item));
  return [...found.values()].map((entry) => ({ ...entry, item: { ...entry.item, payload: payloads.get(entry.item) ?? entry.item.payload }, status: statusOf(entry.history) }));
}

/** What was sealed at the door, as it came. What can't be opened any more stays as it is. */
async function openedPayloads(connection: KafkaConnection, environment: string, items: readonly QuarantineItem[]): Promise<Map<QuarantineItem, Buffer>> {
  const opened = new Map<QuarantineItem, Buffer>();
  const sealed = items.filter(({ keyId, payload }) => keyId !== '' && payload.length > 0);
  if (sealed.length === 0) return opened;
  const keys = await followKeys(connection, environment);
  try {
    for (const item of sealed) {
      const key = keys.ring.find(item.keyId);
      const text = key === undefined ? null : unseal(item.payload.toString('latin1'), key);
      if (text !== null) opened.set(item, Buffer.from(text));
    }
  } finally {
    await keys.stop();
  }
  return opened;
}
