// Which items a command is about, as its options say it.
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { QuarantineItem } from '../../services/runtime/quarantine/quarantine.ts';
import { statuses, type Status } from '../../services/runtime/quarantine/resolution.ts';
import type { InventoryEntry } from './inventory.ts';

export interface Filters {
  readonly reason?: string;
  readonly integration?: string;
  readonly eventType?: string;
  readonly version?: string;
  readonly since?: Date;
  readonly until?: Date;
  readonly eventId?: string;
  readonly status: Status | 'all';
  readonly limit?: number;
}

function time(value: string): Date {
  const parsed = new Date(value);
  if (Number.isNaN(parsed.getTime())) throw new InvalidArgumentError('It must be a time, e.g. 2026-03-02 or 2026-03-02T09:00:00Z.');
  return parsed;
}

function count(value: string): number {
  const parsed = Number(value);
  if (!Number.isInteger(parsed) || parsed < 1) throw new InvalidArgumentError('It must be a whole number from 1.');
  return parsed;
}

/** Adds the filter options to a command. */
export const withFilters = (command: Command): Command => command
  .option('--reason <reason>', 'why it was quarantined, e.g. schema_violation')
  .option('--integration <id>', 'integration_id')
  .option('--event-type <type>', 'event type as sent')
  .option('--version <version>', 'contract version as sent')
  .option('--since <time>', 'received at or after', time)
  .option('--until <time>', 'received before', time)
  .option('--event-id <id>', 'event_id')
  .addOption(new Option('--status <status>', 'what became of it').choices([...statuses, 'all']).default('pending'))
  .option('--limit <n>', 'at most so many, oldest first', count);

/** Whether any option narrows the choice; the status alone does not. */
export const narrows = ({ reason, integration, eventType, version, since, until, eventId, limit }: Filters): boolean =>
  [reason, integration, eventType, version, since, until, eventId, limit].some((value) => value !== undefined);

export function matches(item: QuarantineItem, filters: Filters, ids: readonly string[]): boolean {
  const equal = (wanted: string | undefined, actual: string): boolean => wanted === undefined || wanted === actual;
  return (ids.length === 0 || ids.includes(item.id))
    && equal(filters.reason, item.reason)
    && equal(filters.integration, item.integrationId)
    && equal(filters.eventType, item.eventType)
    && equal(filters.version, item.version)
    && equal(filters.eventId?.toLowerCase(), item.eventId.toLowerCase())
    && (filters.since === undefined || item.receivedAt >= filters.since)
    && (filters.until === undefined || item.receivedAt < filters.until);
}

export function select(entries: readonly InventoryEntry[], filters: Filters, ids: readonly string[]): InventoryEntry[] {
  const chosen = entries.filter(({ item, status }) => matches(item, filters, ids) && (filters.status === 'all' || filters.status === status));
  return chosen.slice(0, filters.limit ?? chosen.length);
}
