// Bodies in quarantine that are about a customer. Those that named them, or one of their tickets, are sealed with its key; those that
// named nobody have a key of their own, and are read to see whether they are about this customer.
import type { KafkaConnection } from '../../services/runtime/kafka/admin.ts';
import type { KeyRing } from '../../services/runtime/personal/key-ring.ts';
import { readInventory, type InventoryEntry } from '../quarantine/inventory.ts';
import type { Person } from './archive.ts';

export interface About {
  /** Those known before, and those that only the quarantine knows of. */
  readonly tickets: readonly string[];
  /** Subjects of keys that seal one body each. */
  readonly subjects: readonly string[];
  /** Bodies that name them and are not sealed. */
  readonly plain: number;
}

interface Search {
  readonly person: Person;
  readonly ring: KeyRing;
  readonly tickets: readonly string[];
}

export async function bodiesAbout(connection: KafkaConnection, environment: string, { person, ring, tickets }: Search): Promise<About> {
  const { integrationId, telegramUserId } = person;
  const own = new Set(ring.keysOf({ integrationId, subject: `customer/${telegramUserId}` }).map(({ id }) => id));
  const unnamed = new Map([...ring.ownersOf(integrationId, 'body/')].flatMap((owner) => ring.keysOf(owner).map(({ id }) => [id, owner.subject] as const)));
  const isOf = ({ item }: InventoryEntry): boolean => item.origin === 'http' && item.integrationId === integrationId;
  const items = (await readInventory(connection, environment, (item) => item.integrationId === integrationId && (item.keyId === '' || unnamed.has(item.keyId)))).filter(isOf);
  const all = [...new Set([...tickets, ...items.filter(({ item }) => own.has(item.keyId) && item.ticketId !== '').map(({ item }) => item.ticketId)])];
  const names = mentions(telegramUserId, all);
  const about = items.filter(({ item }) => names(item.payload.toString('utf8')));
  return {
    tickets: all,
    subjects: [...new Set(about.flatMap(({ item }) => unnamed.get(item.keyId) ?? []))],
    plain: about.filter(({ item }) => item.keyId === '').length,
  };
}

/** Whether a text has the id, or the id of one of the tickets, as a whole. */
function mentions(telegramUserId: number, tickets: readonly string[]): (text: string) => boolean {
  const id = new RegExp(`(?<!\\d)${telegramUserId}(?!\\d)`);
  const known = new Set(tickets);
  return (text) => id.test(text) || (text.match(/"(?:[^"\\]|\\.)*"/g) ?? []).some((word) => known.has(word.slice(1, -1)));
}
