// Compares where a group is with what the log still has. Kafka answers "offset out of range" for a
// difference; whoever operates it wants to know which partition and how many records that is.
import type { ConsumerPosition } from '../event-log.ts';

export interface Gap {
  readonly partition: number;
  /** What the group would read next. */
  readonly next: number;
  readonly low: number;
  readonly end: number;
  readonly records: number;
  readonly which: 'before the log' | 'behind the log';
}

/** Partitions whose next offset is not in the log. One that was never read (-1) misses nothing. */
export function missingRecords(positions: readonly Pick<ConsumerPosition, 'partition' | 'committed' | 'low' | 'end'>[]): Gap[] {
  return positions.flatMap(({ partition, committed, low, end }): Gap[] => {
    const place = { partition, next: committed, low, end };
    if (committed >= 0 && committed < low) return [{ ...place, records: low - committed, which: 'before the log' }];
    if (committed > end) return [{ ...place, records: committed - end, which: 'behind the log' }];
    return [];
  });
}

/** What has happened, and what to do. */
export function gapText(groupId: string, topic: string, { partition, next, low, end, records, which }: Gap): string {
  const place = `${topic}/${partition}`;
  if (which === 'before the log') {
    return `${records} records of ${place} are gone that ${groupId} had not read (offsets ${next} to ${low - 1}): it goes on at ${low}. They were deleted from the log's start: bring them back from a backup of the log, or from the senders`;
  }
  return `${records} records of ${place} are gone that ${groupId} had read: the log ends at ${end} and not at ${next} (was it restored or made anew?). It reads the partition again from ${low}, which changes no number; bring the missing ones back from a backup of the log, or from the senders`;
}
