// What a projection does with poison, with far too much to do and with odd tickets, against stand-ins for ClickHouse and the quarantine.
import { Registry } from 'prom-client';
import { beforeEach, expect, test } from 'vitest';
import { encodedRow } from '../avro/avro.ts';
import { PoisonBreaker, BREAKER_WINDOW, PartitionHeld } from './breaker.ts';
import type { ClickHouse } from '../clickhouse.ts';
import { RuntimeError } from '../errors.ts';
import type { LogRecord, ManualBatch } from '../event-log.ts';
import type { Poison } from '../avro/record-reader.ts';
import type { Fold } from './facts.ts';
import type { ToLanding } from './landing.ts';
import { createLogger } from '../logger.ts';
import { timelinesOf } from '../native/testing/rows-of.ts';
import { ProjectionMetrics } from './flush/metrics.ts';
import { Projector, type Projection } from './projector.ts';

const record = (offset: number, value: string): LogRecord => ({ topic: 'log', partition: 0, offset, key: 'TKT-1', value: Buffer.from(value), headers: {}, timestampMs: 0 });
const committed: number[] = [];
const batchOf = (values: readonly string[], from = 0, lag = 0): ManualBatch => ({
  topic: 'log', partition: 0, records: values.map((value, index) => record(from + index, value)), lag, owned: () => true, generation: 1, alive: () => undefined, rewind: () => undefined,
  commit: (next) => {
    committed.push(next);
    return Promise.resolve();
  },
});
beforeEach(() => committed.splice(0));

const header = Buffer.from('one schema');
const toLanding: ToLanding = (of) => (of.value?.toString() === 'poison'
  ? { kind: 'poison', reason: 'truncated', detail: '', record: of }
  : { kind: 'row', table: 'landing', header, ...encodedRow(of.value ?? Buffer.alloc(0)), record: of, eventType: 'happened',
    identity: { event_id: String(of.offset), ticket_id: of.value?.toString() ?? '', integration_id: 'acme' } });

/** Of an event it asks its id. */
const columns: Pick<Fold, 'columns' | 'events'> = { columns: ['event_id'], events: ([ids]) => (row) => ({ eventId: String(ids?.at(row)) }) };
const fold: Fold = { ...columns, eventTypes: [], configQuery: '', under: () => ({ configVersion: 0, tell: () => ({ version: 0, rows: {} }) }) };

interface Rig {
  readonly projector: Projector;
  readonly inserts: number[];
  readonly kept: number[];
  /** Tickets whose facts were computed, run by run. */
  readonly computed: string[];
}

async function rig({ fail = [], breaker = true, failFacts = 0, of = {} }: { fail?: string[]; breaker?: boolean; failFacts?: number; of?: Partial<Projection> } = {}): Promise<Rig> {
  const inserts: number[] = [];
  const kept: number[] = [];
  const computed: string[] = [];
  let factsToFail = failFacts;
  const clickhouse: ClickHouse = {
    query: () => Promise.resolve([]),
    read: (sql) => {
      if (factsToFail-- > 0) return Promise.reject(new RuntimeError('CLICKHOUSE_UNAVAILABLE', 'away'));
      computed.push([...sql.matchAll(/\('acme',('[^']*')\)/g)].map(([, ticket]) => ticket).join(','));
      return Promise.resolve(Buffer.alloc(0));
    },
    command: () => Promise.resolve(),
    insertEncoded: (_table, _format, body) => {
      if (body.includes('refused')) return Promise.reject(new RuntimeError('CLICKHOUSE_BAD_DATA', 'cannot parse it'));
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
    projection: { name: 'test', database: 'd', facts: ['facts'], fold, timeline: false, flushEveryMs: 0, ...of },
    computedBy: 'c0de',
    clickhouse, toLanding, quarantine, catchUpLag: 1_000, logger: createLogger('test', 'fatal'), metrics: new ProjectionMetrics(new Registry()), breaker: new PoisonBreaker(breaker), at: () => undefined,
  });
  await projector.start();
  return { projector, inserts, kept, computed };
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

const fromTenant = (tenant: string, batch: ManualBatch): ManualBatch => ({ ...batch, records: batch.records.map((of) => ({ ...of, headers: { integration_id: tenant } })) });

test('rows of one tenant that ClickHouse refuses all end in quarantine, and hold nobody up', async () => {
  const { projector, kept } = await rig();
  await projector.handle(fromTenant('acme', batchOf(times(BREAKER_WINDOW * 2, 'refused'))));
  expect(kept.length).toBe(BREAKER_WINDOW * 2);
  expect(projector.failure()).toBeNull();
  expect(committed.at(-1)).toBe(BREAKER_WINDOW * 2);
});

test('rows of most tenants that ClickHouse refuses are a fault of ours: the partition waits', async () => {
  const { projector, kept } = await rig();
  const [acme, globex] = ['acme', 'globex'].map((tenant, index) => fromTenant(tenant, batchOf(times(BREAKER_WINDOW, 'refused'), index * BREAKER_WINDOW)));
  expect.assert(acme !== undefined && globex !== undefined);
  await expect(projector.handle({ ...acme, records: [...acme.records, ...globex.records] })).rejects.toThrow('POISON_BREAKER');
  expect(kept.length, 'until it was seen that it is not one tenant').toBeLessThanOrEqual(BREAKER_WINDOW);
});

test('with the breaker off all poison is kept', async () => {
  const { projector, kept } = await rig({ breaker: false });
  await projector.handle(batchOf(times(BREAKER_WINDOW * 2, 'poison')));
  expect(kept.length).toBe(BREAKER_WINDOW * 2);
});

test('offsets are committed when the facts are written, and not before', async () => {
  const { projector, computed } = await rig({ failFacts: 2 });
  const done = projector.handle(batchOf(['a', 'b', 'a']));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(committed).toStrictEqual([]);
  await done;
  expect(committed).toStrictEqual([3]);
  expect(computed).toStrictEqual(["'a','b'"]);
});

test('far behind, batches are landed one after the other, and their tickets are computed as a set before anything is committed', async () => {
  const { projector, inserts, computed } = await rig();
  await projector.handle(batchOf(['a', 'b'], 0, 5_000));
  await projector.handle(batchOf(['b', 'c'], 2, 4_998));
  expect([inserts.length, computed, committed]).toStrictEqual([2, [], []]);
  await projector.handle(batchOf(['c'], 4, 0));
  expect(computed).toStrictEqual(["'a','b','c'"]);
  expect(committed).toStrictEqual([5]);
});

test('far behind, a flush waits for no other; what has no facts is committed with each', async () => {
  const weeks = 2_000_000_000;
  const { projector } = await rig({ of: { facts: [], flushEveryMs: weeks } });
  await projector.handle(batchOf(['a'], 0, 5_000));
  await projector.handle(batchOf(['b'], 1, 4_999));
  expect(committed).toStrictEqual([1, 2]);
});

test('far behind, a partition that is held is done up to there before it is read again', async () => {
  const { projector, computed } = await rig();
  await projector.handle(batchOf(['a'], 0, 5_000));
  await projector.handle(batchOf(['b', ...times(BREAKER_WINDOW, 'poison')], 1, 5_000)).catch(() => undefined);
  expect(computed).toStrictEqual(["'a','b'"]);
  expect(committed).toStrictEqual([2]);
});

test('whoever stops does what was landed and commits it', async () => {
  const { projector, computed } = await rig();
  await projector.handle(batchOf(['a'], 0, 5_000));
  await projector.stop();
  expect([computed, committed]).toStrictEqual([["'a'"], [1]]);
  await expect(projector.handle(batchOf(['b'], 1))).rejects.toMatchObject({ code: 'OWNERSHIP_LOST' });
});

test('a ticket that can not be told holds nobody up, is reported, and is tried again by the next run', async () => {
  const notes = new Map<string, { ticket_id: string; error: string }>();
  const told: string[] = [];
  const types = [['integration_id', 'String'], ['ticket_id', 'String'], ['version', 'UInt64'], ['config_version', 'UInt32'], ['computed_by', 'String']];
  const answer = (sql: string): unknown[] => {
    if (sql.includes('system.columns')) return types.map(([name, type]) => ({ name, type }));
    return sql.includes('failed_tickets') ? [...notes.values()].filter(({ error }) => error !== '') : [];
  };
  const run = async (defect: boolean): Promise<Projector> => {
    const oddFold: Fold = {
      ...columns, eventTypes: ['happened'], configQuery: 'SELECT configuration',
      under: () => ({ configVersion: 1, tell: (_integrationId, events) => {
        const id = events[0]?.eventId ?? '';
        if (defect && id === '1') throw new TypeError('a defect');
        told.push(id);
        return { version: 1, rows: { facts: {} } };
      } }),
    };
    // The timeline of each ticket is the one event that it is named after.
    const clickhouse: ClickHouse = {
      query: <Row>(sql: string) => Promise.resolve(answer(sql) as Row[]),
      read: (sql) => Promise.resolve(timelinesOf('', [...sql.matchAll(/'(odd|even)'\)/g)].map(([, ticket_id = '']) => ({ ticket_id, event_id: ticket_id === 'odd' ? '1' : '0' })))),
      command: () => Promise.resolve(),
      insertEncoded: (into, _format, body) => {
        if (into === 'd.failed_tickets') for (const line of body.toString().split('\n')) notes.set((JSON.parse(line) as { ticket_id: string }).ticket_id, JSON.parse(line) as { ticket_id: string; error: string });
        return Promise.resolve();
      },
      ping: () => Promise.resolve(null),
      close: () => Promise.resolve(),
    };
    const projector = new Projector({
      projection: { name: 'test', database: 'd', facts: ['facts'], fold: oddFold, timeline: true, flushEveryMs: 0 }, computedBy: '',
      clickhouse, toLanding, quarantine: () => Promise.resolve(), catchUpLag: 1_000, logger: createLogger('test', 'fatal'), metrics: new ProjectionMetrics(new Registry()), breaker: new PoisonBreaker(true), at: () => undefined,
    });
    await projector.start();
    return projector;
  };
  const first = await run(true);
  await first.handle(batchOf(['even', 'odd']));
  expect([new Set(told), committed]).toStrictEqual([new Set(['0']), [2]]);
  expect(first.warnings()).toStrictEqual(['FACTS_FAILED: 1 tickets have no or old facts, e.g. acme/odd: a defect']);
  const next = await run(false);
  await next.stop();
  expect(told).toContain('1');
  expect(next.warnings()).toStrictEqual([]);
});
