// Which days are closed, and up to where in the log the archive is complete.
//
// A day is a UTC day of receipt (received_at), not of event time: the CRM may send an event of March in May, so a day of event
// time is never over. A day of receipt is, once the clock has passed it and the archive holds all that the log held then.
import { setTimeout as sleep } from 'node:timers/promises';
import { RuntimeError } from '../runtime/errors.ts';
import { eventsTopic, type ConsumerPosition } from '../runtime/event-log.ts';
import { consumerPositions, type KafkaConnection } from '../runtime/kafka/admin.ts';

/** By partition the first offset that is not included. Of an event below a cut it is certain that the archive has it. */
export type Cut = Readonly<Record<string, number>>;

export interface Closed {
  /** All days before this instant (00:00 UTC) are over. */
  readonly end: Date;
  readonly cut: Cut;
}

export const DAY_MS = 86_400_000;
export const dayStart = (at: number): Date => new Date(Math.floor(at / DAY_MS) * DAY_MS);
export const dayText = (day: Date): string => day.toISOString().slice(0, 10);
export const nextDay = (day: Date): Date => new Date(day.getTime() + DAY_MS);

/** As SQL: the offset of a row's partition. A partition that came later begins at 0: its rows are exported with the next cut. */
export function places(cut: Cut): string {
  const partitions = Object.keys(cut);
  if (partitions.length === 0) return '0';
  return `transform(kafka_partition, CAST([${partitions.join(', ')}], 'Array(Int32)'), CAST([${Object.values(cut).join(', ')}], 'Array(Int64)'), toInt64(0))`;
}

export const sameCut = (a: Cut, b: Cut): boolean => JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());

/** The consumer group of services/event-archive. */
const ARCHIVE_GROUP = 'event-archive';
const LOOK_EVERY_MS = 500;

export type Positions = () => Promise<readonly ConsumerPosition[]>;

export const archivePositions = (connection: KafkaConnection, environment: string): Positions => () => consumerPositions(connection, ARCHIVE_GROUP, eventsTopic(environment));

export interface Clock {
  /** How long after midnight an event of the day before may still be on its way into the log. */
  readonly graceMs: number;
  /** How long the archive is waited for. */
  readonly waitMs: number;
  readonly now?: () => number;
}

/**
 * Waits until the archive has all that the log holds now.
 * @throws RuntimeError `ARCHIVE_BEHIND` when it takes longer than `waitMs`.
 */
export async function closedDays(positions: Positions, { graceMs, waitMs, now = Date.now }: Clock): Promise<Closed> {
  const end = dayStart(now() - graceMs);
  const first = await positions();
  if (first.length === 0) throw new RuntimeError('TOPIC_MISSING', 'the log has no topic for this environment');
  const wanted = new Map(first.map((position) => [position.partition, position.end]));
  for (let found = first, waited = 0; ; found = await positions(), waited += LOOK_EVERY_MS) {
    const behind = found.filter(({ partition, committed }) => committed < (wanted.get(partition) ?? 0));
    if (behind.length === 0) return { end, cut: Object.fromEntries(found.map(({ partition, committed }) => [String(partition), committed])) };
    if (waited >= waitMs) {
      const records = behind.reduce((sum, { partition, committed }) => sum + (wanted.get(partition) ?? 0) - committed, 0);
      throw new RuntimeError('ARCHIVE_BEHIND', `event-archive is ${records} records behind the log; a day is exported when all of it is in the archive`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}
