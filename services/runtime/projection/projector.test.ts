// What a projection does with poison, against stand-ins for ClickHouse and the quarantine.
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { PoisonBreaker, BREAKER_WINDOW, PartitionHeld } from './breaker.ts';
import type { ClickHouse } from '../clickhouse.ts';
import { RuntimeError } from '../errors.ts';
import type { LogRecord, PartitionBatch } from '../event-log.ts';
import type { Poison } from '../avro/record-reader.ts';
import type { Fold } from './facts.ts';
import type { ToLanding } from './landing.ts';
import { createLogger } from '../logger.ts';
import { Projector } from './projector.ts';

const record = (offset: number, value: string): LogRecord => ({ topic: 'log', partition: 0, offset, key: 'TKT-1', value: Buffer.from(value), headers: {}, timestampMs: 0 });
const batchOf = (values: readonly string[], from = 0): PartitionBatch =>
  ({ topic: 'log', partition: 0, records: values.map((value, index) => record(from + index, value)), lag: 0, owned: () => true });

const header = Buffer.from('one schema');
const toLanding: ToLanding = (of) => Promise.resolve(of.value?.toString() === 'poison'
  ? { kind: 'poison', reason: 'truncated', detail: '', record: of }
  : { kind: 'row', table: 'landing', header, parts: [of.value ?? Buffer.alloc(0)], record: of, identity: { event_id: String(of.offset), ticket_id: 'TKT-1', integration_id: 'acme' } });

const fold: Fold = { columns: ['event_id'], configQuery: '', under: () => ({ configVersion: 0, tell: () => ({ version: 0, rows: {} }) }) };

interface Rig {
  readonly projector: Projector;
  readonly inserts: number[];
  readonly kept: number[];
}

async function rig({ fail = [], breaker = true, failFacts = 0 }: { fail?: string[]; breaker?: boolean; failFacts?: number } = {}): Promise<Rig> {
  const inserts: number[] = [];
  const kept: number[] = [];
  let factsToFail = failFacts;
  const clickhouse: ClickHouse = {
    query: (sql) => (sql.includes('d.timeline') && factsToFail-- > 0 ? Promise.reject(new RuntimeError('CLICKHOUSE_UNAVAILABLE', 'away')) : Promise.resolve([])),
    command: () => Promise.resolve(),
    insertEncoded: (_table, _format, body) => {
      inserts.push(body.length);
      return Promise.resolve();
    },
    ping: () => Promise.resolve(null),
    close: () => Promise.resolve(),
  };
  const quarantine = (poison: Poison): Promise<void> => {
    const failure = fail.shift();
    if (failure !== undefined) return Promise.reject(new RuntimeError('LOG_UNAVAILABLE', failure));
    kept.push(poison.record.offset);
    return Promise.resolve();
  };
  const projector = new Projector({
    computedBy: '',
    projection: { name: 'test', database: 'd', facts: ['facts'], fold, timeline: false },
    clickhouse, toLanding, quarantine, catchUpLag: 1_000, logger: createLogger('test', 'error'), metrics: new Registry(), breaker: new PoisonBreaker(breaker),
  });
  await projector.start();
  return { projector, inserts, kept };
}

const times = (count: number, value: string): string[] => Array.from({ length: count }, () => value);

test('a batch is not done until its poison is kept', async () => {
  const { projector, kept } = await rig({ fail: ['quarantine is away', 'still away'] });
  await projector.handle(batchOf(['good', 'poison', 'good']));
  expect(kept).toStrictEqual([1]);
  expect(projector.failure()).toBeNull();
});

test('poison is kept once although a later step fails and is tried again', async () => {
  const { projector, kept } = await rig({ failFacts: 2 });
  await projector.handle(batchOf(['poison', 'good', 'poison']));
  expect(kept).toStrictEqual([0, 2]);
});

test('a partition that is mostly poison is held at its first poison, with nothing of it kept', async () => {
  const { projector, kept, inserts } = await rig();
  const held = await projector.handle(batchOf([...times(10, 'good'), ...times(BREAKER_WINDOW, 'poison'), 'good'])).then(() => null, (error: unknown) => error);
  expect.assert(held instanceof PartitionHeld);
  expect(held.offset).toBe(10);
  expect(kept).toStrictEqual([]);
  expect(inserts.length, 'what lies before it is landed').toBe(1);
  expect(projector.failure() ?? '').toMatch(/^POISON_BREAKER: log\/0 waits at offset 10/);
  await projector.handle(batchOf(times(BREAKER_WINDOW + 1, 'good'), 10));
  expect(projector.failure(), 'readable records close the breaker').toBeNull();
});

test('with the breaker off all poison is kept', async () => {
  const { projector, kept } = await rig({ breaker: false });
  await projector.handle(batchOf(times(BREAKER_WINDOW * 2, 'poison')));
  expect(kept.length).toBe(BREAKER_WINDOW * 2);
});
