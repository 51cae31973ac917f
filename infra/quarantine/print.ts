// What the quarantine commands show: tables for people, one JSON text a line for programs.
import { itemColumns } from '../../services/runtime/quarantine/quarantine.ts';
import type { InventoryEntry } from './inventory.ts';
import type { Outcome } from './replay.ts';

const fieldsOf = ({ item, bytes, status }: InventoryEntry): Record<string, string | number | null> => ({
  id: item.id,
  status,
  ...itemColumns(item),
  received_at: item.receivedAt.toISOString(),
  bytes,
});

export const toJson = (entry: InventoryEntry, withPayload = false): Record<string, unknown> => ({
  ...fieldsOf(entry),
  history: entry.history.map(({ at, ...rest }) => ({ at: at.toISOString(), ...rest })),
  ...(withPayload ? { payload_base64: entry.item.payload.toString('base64') } : {}),
});

const columns: readonly (readonly [title: string, value: (entry: InventoryEntry) => string])[] = [
  ['ID', ({ item }) => item.id],
  ['STATUS', ({ status }) => status],
  ['RECEIVED', ({ item }) => item.receivedAt.toISOString()],
  ['REASON', (entry) => currentReason(entry)],
  ['PATH', ({ item }) => item.path],
  ['INTEGRATION', ({ item }) => item.integrationId],
  ['TYPE', ({ item }) => item.eventType],
  ['VERSION', ({ item }) => item.version],
  ['EVENT', ({ item }) => item.eventId],
];

/** After a failed replay, the reason of that. */
const currentReason = ({ item, history }: InventoryEntry): string => {
  const last = history.at(-1);
  return last?.resolution === 'still_unusable' ? last.reason : item.reason;
};

/** What a sender wrote must not steer a terminal. */
const plain = (text: string): string => text.replaceAll(/\p{C}/gu, '�');

export function tableOf(entries: readonly InventoryEntry[]): string {
  const rows = [columns.map(([title]) => title), ...entries.map((entry) => columns.map(([, value]) => plain(value(entry)) || '-'))];
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  return rows.map((row) => row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ').trimEnd()).join('\n');
}

export function detailsOf(entry: InventoryEntry): string {
  const lines = Object.entries(fieldsOf(entry)).map(([name, value]) => `${name.padEnd(16)} ${plain(String(value ?? '')) || '-'}`);
  const done = entry.history.map(({ at, resolution, by, note, reason, path, detail }) =>
    plain(`  ${at.toISOString()} ${resolution} by ${[by, note, reason, path, detail].filter((part) => part !== '').join('; ')}`));
  return [...lines, 'history', ...(done.length === 0 ? ['  nothing was done about it yet'] : done)].join('\n');
}

export function outcomeLine({ item, resolution, reason, path, detail }: Outcome, dryRun: boolean): string {
  const what = [reason, path, detail].filter((part) => part !== '').join(' ');
  return plain(`${item.id}  ${dryRun ? 'would be ' : ''}${resolution.replace('_', ' ')}  ${item.eventId}${what === '' ? '' : `  ${what}`}`);
}

export const outcomeJson = ({ item, ...rest }: Outcome, dryRun: boolean): Record<string, unknown> =>
  ({ id: item.id, event_id: item.eventId, dry_run: dryRun, ...rest });

/** Counts on stderr, so that stdout stays for the outcome: rewritten in place on a terminal, else every thousand. */
export function progress(title: string, total: number): { step: () => void; end: () => void } {
  const { stderr } = process;
  let done = 0;
  const show = (): void => void stderr.write(`${stderr.isTTY ? '\r' : ''}${title}: ${done} of ${total}${stderr.isTTY ? '' : '\n'}`);
  return {
    step: () => {
      done += 1;
      if (stderr.isTTY || done % 1_000 === 0) show();
    },
    end: () => {
      if (stderr.isTTY && total > 0) stderr.write('\n');
    },
  };
}
