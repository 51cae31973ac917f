import { Registry } from 'prom-client';
import { beforeEach, expect, test } from 'vitest';
import type { ConsumerPosition, LogRecord, ManualBatch } from '../event-log.ts';
import { Backlog } from './backlog.ts';

let now = 0;
let positions: ConsumerPosition[] | Error = [];
let metrics = new Registry();
let backlog = new Backlog({ positions: () => Promise.resolve([]), metrics });
beforeEach(() => {
  now = 1_000_000;
  metrics = new Registry();
  backlog = new Backlog({ positions: () => (positions instanceof Error ? Promise.reject(positions) : Promise.resolve(positions)), metrics, now: () => now, questionsPerSecond: Infinity });
});

const at = (committed: number, end: number, partition = 0): ConsumerPosition => ({ topic: 'log', partition, committed, note: '', low: 0, end });
const record = (offset: number, timestampMs: number): LogRecord => ({ topic: 'log', partition: 0, offset, key: null, value: null, headers: {}, timestampMs });
const batch = (records: readonly LogRecord[]): ManualBatch => ({
  topic: 'log', partition: 0, records, lag: 0, owned: () => true, alive: () => undefined, generation: 1, commit: () => Promise.resolve(), rewind: () => undefined,
});

/** Values by series, of what is asked now. */
async function read(name: string): Promise<Record<string, number>> {
  const found = (await metrics.getMetricsAsJSON()).find((metric) => metric.name === name);
  return Object.fromEntries((found?.values ?? []).map(({ labels, value }) => [String(labels['partition'] ?? ''), value]));
}

test('the lag is what Kafka says, of partitions that are read elsewhere too', async () => {
  positions = [at(3, 10), at(7, 7, 1)];
  expect(await read('ticketstream_lag_records')).toStrictEqual({ 'log/0': 7, 'log/1': 0 });
  expect(await read('ticketstream_lag_seconds')).toStrictEqual({ 'log/0': 0, 'log/1': 0 });
});

const freshness = async (): Promise<number[]> => {
  const { values = [] } = (await metrics.getMetricsAsJSON()).find(({ name }) => name === 'ticketstream_freshness_seconds') ?? {};
  return values.filter(({ labels }) => !('le' in labels)).map(({ value }) => value);
};

test('records that were done before a start and are read again are neither late nor behind', async () => {
  positions = [at(20, 25)];
  await backlog.watch(batch([record(10, 0), record(19, 1)])).commit(20, '');
  const watched = backlog.watch(batch([record(15, 0), record(19, 1)]));
  const news = backlog.watch(batch([record(20, now - 2_000)]));
  expect(await read('ticketstream_lag_seconds')).toStrictEqual({ 'log/0': 2 });
  await watched.commit(20, '');
  expect(await freshness()).toStrictEqual([0, 0]);
  await news.commit(21, '');
  expect(await freshness(), 'sum and count').toStrictEqual([2, 1]);
});

test('the first event of a partition counts once it is known how far the group was', async () => {
  positions = [at(0, 0)];
  await read('ticketstream_lag_records');
  await backlog.watch(batch([record(0, now - 3_000)])).commit(1, '');
  expect(await freshness(), 'sum and count').toStrictEqual([3, 1]);
});

test('what is read here and not committed is as old as its first record, until it is committed', async () => {
  positions = [at(0, 3)];
  await backlog.watch(batch([record(0, now)])).commit(0, '');
  const first = backlog.watch(batch([record(0, now - 9_000), record(1, now - 8_000)]));
  backlog.watch(batch([record(2, now - 1_000)]));
  expect(await read('ticketstream_lag_seconds')).toStrictEqual({ 'log/0': 9 });
  await first.commit(1, '');
  expect(await read('ticketstream_lag_seconds'), 'a commit within the batch').toStrictEqual({ 'log/0': 9 });
  await first.commit(2, '');
  positions = [at(2, 3)];
  expect(await read('ticketstream_lag_seconds')).toStrictEqual({ 'log/0': 1 });
  expect(await freshness(), 'sum and count').toStrictEqual([9, 1]);
});

test('a commit that fails leaves it as old as it is', async () => {
  positions = [at(0, 1)];
  const watched = backlog.watch({ ...batch([record(0, now - 4_000)]), commit: () => Promise.reject(new Error('away')) });
  await expect(watched.commit(1, '')).rejects.toThrow('away');
  expect(await read('ticketstream_lag_seconds')).toStrictEqual({ 'log/0': 4 });
});

test('what nobody reads ages from when the log was first seen to hold it', async () => {
  positions = [at(5, 6)];
  expect(await read('ticketstream_lag_seconds')).toStrictEqual({ 'log/0': 0 });
  [positions, now] = [[at(5, 9)], now + 10_000];
  expect(await read('ticketstream_lag_seconds')).toStrictEqual({ 'log/0': 10 });
  // The first of the three that came later is the oldest now.
  [positions, now] = [[at(6, 9)], now + 10_000];
  expect(await read('ticketstream_lag_seconds')).toStrictEqual({ 'log/0': 10 });
  [positions, now] = [[at(9, 9)], now + 10_000];
  expect(await read('ticketstream_lag_seconds')).toStrictEqual({ 'log/0': 0 });
});

test('while Kafka is away, what is behind grows older', async () => {
  positions = [at(5, 6)];
  await read('ticketstream_lag_seconds');
  [positions, now] = [new Error('away'), now + 60_000];
  expect(await read('ticketstream_lag_seconds')).toStrictEqual({ 'log/0': 60 });
  expect(await read('ticketstream_lag_records')).toStrictEqual({ 'log/0': 1 });
});

test('memory stays bounded when nothing is committed for long', async () => {
  for (let offset = 0; offset < 5_000; offset++) backlog.watch(batch([record(offset, now + offset)]));
  positions = [at(0, 5_000)];
  now += 10_000;
  expect(await read('ticketstream_lag_seconds')).toStrictEqual({ 'log/0': 10 });
});
