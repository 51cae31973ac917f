import { expect, it } from 'vitest';
import type { ClickHouse } from '../runtime/clickhouse.ts';
import { createLogger } from '../runtime/logger.ts';
import { AlertBook, foundRecord, type BookRecord } from './book.ts';
import { alertOf, MINUTE_MS, NOON, sectionOf } from './testing.ts';
import { Watcher } from './watcher.ts';

type Timer = readonly [policy: string, metric: string, instance: number, startedAt: number, dueAt: number, stoppedAt: number | null, outcome: string];

/** Answers the three questions as ClickHouse would of one ticket whose first response is due at a time. */
function answering({ dueAt, acknowledgedAt = null }: { dueAt: number; acknowledgedAt?: number | null }) {
  let timers: readonly Timer[] = [['p1', 'first_response', 1, NOON - 20 * MINUTE_MS, dueAt, null, 'active']];
  const asked: string[] = [];
  let away = false;
  const ticket = { integration_id: 'acme', ticket_id: 'TKT-1' };
  const rowsOf = (sql: string): object[] => {
    if (sql.includes('DISTINCT')) return [ticket];
    if (sql.includes('sla_timer_facts')) return [{ ...ticket, timers }];
    return [{ ...ticket, queue_id: 'billing', assignee_id: 'lea', is_over: 0, solved_at: [], discarded_at: null, escalations: [['e-1', 'first_response_time', NOON, acknowledgedAt, 'lea']], actions: [] }];
  };
  const clickhouse = {
    query: <Row>(sql: string) => {
      asked.push(sql);
      return away ? Promise.reject(new Error('away')) : Promise.resolve(rowsOf(sql) as Row[]);
    },
  } as ClickHouse;
  return { asked, clickhouse, goes: (isAway: boolean) => void (away = isAway), becomes: (changed: readonly Timer[]) => void (timers = changed) };
}

function watching(topic: BookRecord[], clickhouse: ClickHouse) {
  let now = NOON;
  const book = new AlertBook('me', () => NOON);
  topic.forEach((record) => book.take(record));
  const watcher = new Watcher({ book, clickhouse, logger: createLogger('test', 'silent'), append: (record) => Promise.resolve(void topic.push(record)), now: () => now });
  const desk = { integrationId: 'acme', channels: [], section: sectionOf([{ on: ['escalated', 'due_soon', 'missed'] }]) };
  const ask = async (at: number): Promise<void> => {
    now = at;
    watcher.ask([desk], () => undefined);
    await watcher.settled();
  };
  return { book, watcher, ask, kinds: () => [...book.alerts.values()].map(({ alert }) => alert.kind) };
}

it('finds a timer before it is due and its breach after, each once, also for whoever comes after', async () => {
  const topic: BookRecord[] = [];
  const { clickhouse } = answering({ dueAt: NOON + 10 * MINUTE_MS });
  const first = watching(topic, clickhouse);
  await first.ask(NOON);
  await first.ask(NOON + MINUTE_MS);
  expect(first.kinds()).toStrictEqual(['due_soon']);
  const second = watching(topic, clickhouse);
  await second.ask(NOON + 9 * MINUTE_MS);
  await second.ask(NOON + 16 * MINUTE_MS);
  await second.ask(NOON + 17 * MINUTE_MS);
  expect(second.kinds()).toStrictEqual(['due_soon', 'missed']);
  expect(topic.filter(({ key }) => key.startsWith('found/'))).toHaveLength(2);
});

it('tells nothing anew while facts are built again, when late events number a timer otherwise, or when it is paused', async () => {
  const topic: BookRecord[] = [];
  const { clickhouse, becomes } = answering({ dueAt: NOON + 10 * MINUTE_MS });
  const { ask, kinds, book } = watching(topic, clickhouse);
  await ask(NOON);
  const startedAt = NOON - 20 * MINUTE_MS;
  const changes: (readonly Timer[])[] = [
    [], [['p1', 'first_response', 1, startedAt - MINUTE_MS, NOON - MINUTE_MS, NOON - 2 * MINUTE_MS, 'met'], ['p1', 'first_response', 2, startedAt, NOON + 10 * MINUTE_MS, null, 'active']],
    [['p1', 'first_response', 1, startedAt, NOON + 14 * MINUTE_MS, null, 'active']],
  ];
  for (const [index, change] of changes.entries()) {
    becomes(change);
    await ask(NOON + (index + 1) * MINUTE_MS);
  }
  expect(kinds()).toStrictEqual(['due_soon']);
  expect([...book.alerts.values()][0]?.outcome.overAt).toBeNull();
  expect(topic.filter(({ key }) => key.startsWith('found/'))).toHaveLength(1);
});

it('tells nothing of what was due before somebody asked for it, also after a restart', async () => {
  const topic: BookRecord[] = [];
  const { clickhouse } = answering({ dueAt: NOON - MINUTE_MS });
  await watching(topic, clickhouse).ask(NOON);
  const later = watching(topic, clickhouse);
  await later.ask(NOON + 30 * MINUTE_MS);
  expect(later.kinds()).toStrictEqual([]);
});

it('learns what became of an alert, and asks at a pace', async () => {
  const { clickhouse, asked } = answering({ dueAt: NOON + 999 * MINUTE_MS, acknowledgedAt: NOON + 5 });
  const { book, ask } = watching([foundRecord(alertOf())], clickhouse);
  const tickets = (): number => asked.filter((sql) => sql.includes('queue.ticket_facts')).length;
  await ask(NOON + 1_000);
  expect([...book.alerts.values()][0]?.outcome).toMatchObject({ queueId: 'billing', acknowledgedAt: NOON + 5, acknowledgedBy: 'lea', overAt: null });
  const before = tickets();
  await ask(NOON + 2_000);
  expect(tickets()).toBe(before);
});

it('goes on without ClickHouse, and says so until it is there again', async () => {
  const { clickhouse, asked, goes } = answering({ dueAt: NOON + 999 * MINUTE_MS });
  const { book, watcher, ask } = watching([foundRecord(alertOf())], clickhouse);
  goes(true);
  await ask(NOON + MINUTE_MS);
  expect(watcher.warnings()).toHaveLength(2);
  expect([...book.alerts.values()][0]?.askedAt, 'nobody waits for its answer').toBe(NOON + MINUTE_MS);
  goes(false);
  await ask(NOON + 5 * MINUTE_MS);
  expect(watcher.warnings()).toStrictEqual([]);
  expect(asked.filter((sql) => sql.includes('DISTINCT'))).toHaveLength(2);
});
