// What was done about a quarantined item: a record of its own in the quarantine topic, behind
// the item, with when, by whom and a note. Nothing is deleted or overwritten, so the topic is
// also the history; an item's status follows from its records in order.
import type { LogRecord, NewRecord } from '../event-log.ts';
import { headerSafe, quarantineKey, type QuarantineItem } from './quarantine.ts';

export const resolutions = ['replayed', 'duplicate', 'discarded', 'still_unusable'] as const;

/** `duplicate`: the event was in the log already. `still_unusable` leaves the item pending, with its new reason. */
export type Resolution = (typeof resolutions)[number];

export const statuses = ['pending', 'replayed', 'duplicate', 'discarded'] as const;
export type Status = (typeof statuses)[number];

export interface ResolutionEntry {
  readonly resolution: Resolution;
  readonly at: Date;
  /** user@host. */
  readonly by: string;
  readonly note: string;
  /** Of a replay that found it still unusable. */
  readonly reason: string;
  readonly path: string;
  readonly detail: string;
}

type Identified = Pick<QuarantineItem, 'environment' | 'origin' | 'originPartition' | 'originOffset' | 'refusedBy' | 'integrationId' | 'eventId' | 'bodySha256'>;

/** What makes two records of the topic one item: written again after a lost acknowledgement, it is still the same. */
export const identityOf = (item: Identified): string =>
  [item.environment, item.origin, item.originPartition ?? '', item.originOffset ?? '', item.refusedBy, item.integrationId, item.eventId, item.bodySha256].join('\n');

export function toResolutionRecord(item: QuarantineItem, entry: ResolutionEntry): NewRecord {
  return {
    key: quarantineKey(item),
    value: Buffer.alloc(0),
    headers: {
      resolution: entry.resolution,
      resolves: item.id,
      resolved_by: headerSafe(entry.by),
      resolution_note: headerSafe(entry.note),
      quarantine_reason: headerSafe(entry.reason),
      quarantine_path: headerSafe(entry.path),
      quarantine_detail: headerSafe(entry.detail),
      environment: item.environment,
      origin: item.origin,
      origin_partition: item.originPartition?.toString() ?? '',
      origin_offset: item.originOffset?.toString() ?? '',
      refused_by: item.refusedBy,
      integration_id: item.integrationId,
      ce_id: item.eventId,
      body_sha256: item.bodySha256,
      received_at: entry.at.toISOString(),
    },
  };
}

export const isResolution = (record: LogRecord): boolean => record.headers['resolution'] !== undefined;

/** Reads a resolution back; null when it is of a kind that this build does not know. */
export function readResolutionRecord({ headers, timestampMs }: LogRecord): ResolutionEntry | null {
  const text = (name: string): string => headers[name] ?? '';
  const resolution = resolutions.find((known) => known === headers['resolution']);
  if (resolution === undefined) return null;
  const at = Date.parse(text('received_at'));
  return {
    resolution,
    at: new Date(Number.isNaN(at) ? timestampMs : at),
    by: text('resolved_by'),
    note: text('resolution_note'),
    reason: text('quarantine_reason'),
    path: text('quarantine_path'),
    detail: text('quarantine_detail'),
  };
}

/** The last word decides; a replay that failed is none. */
export function statusOf(entries: readonly ResolutionEntry[]): Status {
  const last = entries.findLast(({ resolution }) => resolution !== 'still_unusable')?.resolution;
  return last === undefined || last === 'still_unusable' ? 'pending' : last;
}
