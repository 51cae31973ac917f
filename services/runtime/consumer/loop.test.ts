// The loop against a log in memory that behaves as kafka/consumer.ts: it reads on, is sent back,
// is held, and is taken over by another instance.
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createEncoder } from '../avro/avro.ts';
import { PartitionHeld, PoisonBreaker } from '../projection/breaker.ts';
import { Attempts } from './attempt.ts';
import { createSort, type Delivery } from './events.ts';
import { ConsumerLoop } from './loop.ts';
import { defineConsumer, reject, retryLater, type AnyEvent, type HandlerAnswer, type HandlerContext } from '../consumer.ts';
import { RuntimeError } from '../errors.ts';
import type { LogRecord } from '../event-log.ts';
import { createLogger } from '../logger.ts';
import { SchemaLookup, SchemaRegistry } from '../registry/registry.ts';

interface Said extends AnyEvent {
  readonly event_type: 'thing.said';
  readonly words: string;
  readonly said_at: Date;
  readonly mood: string | null;
}

const source = { type: 'record', name: 'Source', fields: [{ name: 'integration_id', type: 'string' }] };
const head = [{ name: 'event_id', type: 'string' }, { name: 'ticket_id', type: 'string' }, { name: 'source', type: source }, { name: 'words', type: 'string' }, { name: 'said_at', type: { type: 'long', logicalType: 'timestamp-millis' } }];
const record = (fields: readonly { name: string; type: unknown; default?: unknown }[]) => ({ type: 'record', name: 'ThingSaid', namespace: 'test', fields: [...head, ...fields] });
const mood = { name: 'mood', type: ['null', 'string'], default: null };
/** Schema ids: 1 is older than the reader, 2 its own, 3 newer, 4 another event, 5 what the reader can't become. */
const schemas: Readonly<Record<number, ReturnType<typeof record>>> = {
  1: record([]),
  2: record([mood]),
  3: record([{ name: 'lang', type: 'string', default: '' }, mood, { name: 'more', type: ['null', 'long'], default: null }]),
  4: { ...record([]), name: 'ThingSeen' },
  5: { ...record([]), fields: record([]).fields.map((field) => (field.name === 'words' ? { ...field, type: 'long' } : field)) },
};
const encoders = new Map(Object.entries(schemas).map(([id, schema]) => [Number(id), createEncoder(schema, Number(id))]));
const lookup = new SchemaLookup(new SchemaRegistry('http://127.0.0.1:9'), Object.entries(schemas).map(([id, schema]) => ({ id: Number(id), subject: 's', schema: JSON.stringify(schema) })));

class Log {
  readonly records: LogRecord[] = [];
  committed = 0;
  note = '';

  add(ticket: string, words: string, { id = words, schema = 2, tenant = 'acme', headers = {} } = {}): void {
    const value = encoders.get(schema)?.({ event_id: id, ticket_id: ticket, source: { integration_id: tenant }, words: schema === 5 ? 5 : words, said_at: 1_700_000_000_000, mood: 'fine', lang: 'de', more: 4 }) ?? null;
    this.addRaw(ticket, value, headers);
  }

  addRaw(key: string, value: Buffer | null, headers: Readonly<Record<string, string>> = {}): void {
    this.records.push({ topic: 't', partition: 0, offset: this.records.length, key, value, headers, timestampMs: 1 });
  }
}

interface Setup {
  readonly handle: (event: Said, context: HandlerContext) => Promise<HandlerAnswer> | Promise<void>;
  readonly concurrency?: number;
  readonly dedupeEvents?: number;
  readonly refused?: ReadonlySet<string>;
  readonly breaker?: boolean;
  readonly sinkPerTenant?: boolean;
  readonly maxBackoffMs?: number;
  readonly schemas?: SchemaLookup;
  readonly quarantine?: (delivery: Delivery, detail: string) => Promise<void>;
}

/** One instance of a consumer on the log. */
function instance(log: Log, { handle, concurrency = 8, dedupeEvents = 1_000, refused = new Set(), breaker = false, sinkPerTenant = false, maxBackoffMs = 4, schemas: known = lookup, quarantine }: Setup) {
  const metrics = new Registry();
  const logger = createLogger('test', 'error');
  logger.level = 'silent';
  const consumer = defineConsumer<Said>({ records: new Map([['thing.said', schemas[2] ?? {}]]) }, { name: 'test', handle });
  const quarantined: string[] = [];
  const attempts = new Attempts({
    consumer, config: {}, logger, metrics, attempts: 3,
    quarantine: quarantine ?? ((delivery, detail) => {
      quarantined.push(`${delivery.identity.event_id}: ${detail}`);
      return Promise.resolve();
    }),
  });
  let reads = 0;
  const loop = new ConsumerLoop({
    attempts, logger, metrics, refused, concurrency, sinkPerTenant, dedupeEvents,
    sort: createSort(consumer.records, known, { find: () => Promise.resolve(undefined) }),
    breaker: new PoisonBreaker(breaker), backoffMs: 1, maxBackoffMs,
    positionOf: () => Promise.resolve({ topic: 't', partition: 0, committed: log.committed, note: log.note, low: 0, end: log.records.length }),
  });
  let generation = 1;
  let owner = true;
  /** Where it is to go on reading, if not where it is. */
  let sought = -1;
  /** Where it is; nowhere after a rejoin. */
  let position = -1;
  /** Hands out batches as kafkajs does, until the end of the log, `turns` times at most. */
  const read = async (turns = 1_000, batchSize = 100): Promise<'end' | 'left'> => {
    if (position < 0) position = log.committed;
    for (let turn = 0; turn < turns; turn++) {
      if (sought >= 0) [position, sought] = [sought, -1];
      if (position >= log.records.length) {
        if (loop.failure() === null) break;
        await sleep(1);
        continue;
      }
      const batch = log.records.slice(position, position + batchSize);
      reads += 1;
      try {
        const mine = generation;
        await loop.handle({
          topic: 't', partition: 0, records: batch, lag: log.records.length - position - batch.length, generation: mine,
          owned: () => owner && mine === generation && sought < 0,
          commit: (next, note) => {
            if (mine === generation) [log.committed, log.note] = [next, note];
            return Promise.resolve();
          },
          alive: () => undefined,
          rewind: (offset) => {
            if (mine === generation && owner) sought = offset;
          },
        });
        position += batch.length;
      } catch (error) {
        if (error instanceof PartitionHeld) {
          await sleep(error.retryAfterMs);
          position = error.offset;
        } else if (error instanceof RuntimeError && error.code === 'OWNERSHIP_LOST') return 'left';
        else throw error;
      }
    }
    return 'end';
  };
  return {
    loop, read, quarantined, metrics,
    reads: () => reads,
    rejoin: () => {
      [position, sought] = [-1, -1];
      generation += 1;
    },
    lose: () => {
      owner = false;
    },
  };
}

test('keeps the order within a ticket and handles tickets side by side', async () => {
  const log = new Log();
  for (let i = 0; i < 60; i++) log.add(`T${i % 6}`, String(i));
  const seen: string[] = [];
  let running = 0;
  let most = 0;
  const busy = new Set<string>();
  const { read } = instance(log, {
    concurrency: 4,
    handle: async ({ ticket_id, words }) => {
      expect(busy.has(ticket_id), 'two of one ticket at once').toBe(false);
      busy.add(ticket_id);
      most = Math.max(most, (running += 1));
      await sleep(1);
      running -= 1;
      busy.delete(ticket_id);
      seen.push(`${ticket_id}:${words}`);
    },
  });
  await read();
  expect(most).toBe(4);
  for (let t = 0; t < 6; t++) {
    expect(seen.filter((item) => item.startsWith(`T${t}:`))).toStrictEqual(Array.from({ length: 10 }, (_, i) => `T${t}:${i * 6 + t}`));
  }
  expect(log.committed).toBe(60);
});

test('gives the current record whatever schema the writer had, and a fresh one at each try', async () => {
  const log = new Log();
  for (const schema of [1, 2, 3, 4]) log.add('T1', `by ${schema}`, { schema });
  const got: unknown[] = [];
  const { read } = instance(log, {
    handle: (event, { attempt }) => {
      if (attempt === 1) {
        Object.assign(event, { words: 'spoilt' });
        throw new Error('once');
      }
      got.push([event.words, event.mood, event.said_at.toISOString(), Object.keys(event).length]);
      return Promise.resolve();
    },
  });
  await read();
  const at = '2023-11-14T22:13:20.000Z';
  expect(got).toStrictEqual([['by 1', null, at, 7], ['by 2', 'fine', at, 7], ['by 3', 'fine', at, 7]]);
});

test('a handler is told a span of the event\'s trace, or of a new one, whatever stands in the record', async () => {
  const log = new Log();
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  log.add('T1', 'traced', { headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01` } });
  log.add('T1', 'odd', { headers: { traceparent: `00-${trace}-0-01\nx` } });
  log.add('T1', 'old');
  const seen: Record<string, string> = {};
  const { read } = instance(log, { handle: ({ words }, { traceparent }) => Promise.resolve(void (seen[words] = traceparent)) });
  await read();
  expect(Object.keys(seen)).toStrictEqual(['traced', 'odd', 'old']);
  for (const span of Object.values(seen)) expect(span).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(seen['traced']).toContain(trace);
  expect(seen['traced']).not.toContain('00f067aa0ba902b7');
  expect(new Set(Object.values(seen).map((span) => span.slice(3, 35))).size).toBe(3);
});

test('an event that its schema keeps from being read is quarantined, and stops nothing', async () => {
  const log = new Log();
  log.add('T1', 'odd', { schema: 5 });
  log.add('T2', 'fine');
  const seen: string[] = [];
  const { read, quarantined } = instance(log, { handle: ({ words }) => Promise.resolve(void seen.push(words)) });
  await read();
  expect(seen).toStrictEqual(['fine']);
  expect(quarantined.length).toBe(1);
});

test('handles a copy of an event once, also after a restart', async () => {
  const log = new Log();
  const seen: string[] = [];
  const handle = ({ words }: Said): Promise<void> => Promise.resolve(void seen.push(words));
  log.add('T1', 'a');
  log.add('T1', 'a');
  log.add('T1', 'b');
  await instance(log, { handle }).read();
  log.add('T1', 'A', { id: 'A' });
  log.add('T1', 'b');
  log.add('T1', 'c');
  const second = instance(log, { handle });
  await second.read();
  expect(seen).toStrictEqual(['a', 'b', 'c']);
  expect(log.committed).toBe(6);
  expect(await second.metrics.metrics()).toMatch(/events_total\{outcome="duplicate"\} 2/);
});

test('tries again, then quarantines; the ticket goes on behind it and others are not held up', async () => {
  const log = new Log();
  log.add('T1', 'bad');
  log.add('T1', 'after');
  log.add('T2', 'other');
  const seen: string[] = [];
  let tries = 0;
  const { read, quarantined } = instance(log, {
    handle: ({ words }) => {
      if (words === 'bad') throw new Error(`no ${(tries += 1)}`);
      return Promise.resolve(void seen.push(words));
    },
  });
  await read();
  expect(seen).toStrictEqual(['other', 'after']);
  expect(quarantined).toStrictEqual(['bad: consumer test: after 3 attempts: no 3']);
  expect(log.committed).toBe(3);
});

test('a rejected event is quarantined at once, and its replay is handled, also after a restart', async () => {
  const log = new Log();
  log.add('T1', 'bad');
  let broken = true;
  const seen: string[] = [];
  const handle = ({ words }: Said): Promise<HandlerAnswer> => {
    if (broken) return Promise.resolve(reject('not like this'));
    seen.push(words);
    return Promise.resolve(undefined);
  };
  const first = instance(log, { handle });
  await first.read();
  expect(first.quarantined).toStrictEqual(['bad: consumer test: not like this']);
  broken = false;
  log.add('T1', 'bad');
  await instance(log, { handle, refused: new Set(['t/0/0']) }).read();
  expect(seen).toStrictEqual(['bad']);
});

test('an outage skips nothing, quarantines nothing and is told', async () => {
  const log = new Log();
  for (let i = 0; i < 50; i++) log.add(`T${i % 5}`, String(i));
  const seen: string[] = [];
  let calls = 0;
  const told: (string | null)[] = [];
  const { read, quarantined, loop } = instance(log, {
    handle: ({ words }) => {
      calls += 1;
      told.push(loop.failure());
      if (calls < 60) return Promise.resolve(retryLater('closed'));
      if (calls < 90) throw new Error('fetch failed', { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) });
      return Promise.resolve(void seen.push(words));
    },
  });
  await read();
  expect(seen.length).toBe(50);
  expect(new Set(seen).size).toBe(50);
  expect(quarantined).toStrictEqual([]);
  expect(told.join('\n')).toMatch(/closed/);
  expect(loop.failure()).toBeNull();
});

test('when the events of all tenants fail, the handler is at fault: the rest waits', async () => {
  const log = new Log();
  for (let i = 0; i < 100; i++) log.add(`T${i}`, String(i), { tenant: i % 2 === 0 ? 'acme' : 'globex' });
  let broken = true;
  const seen: string[] = [];
  const { read, quarantined, loop } = instance(log, {
    handle: ({ words }) => {
      if (broken) throw new TypeError('x is not a function');
      return Promise.resolve(void seen.push(words));
    },
  });
  await read(80);
  expect(quarantined.length).toBe(10);
  expect(loop.failure() ?? '').toMatch(/not the events' fault/);
  broken = false;
  await read();
  expect(seen.length).toBe(90);
});

test.for([['throws', 'after 3 attempts'], ['rejects', 'never']] as const)('one tenant whose events the handler %s all ends in quarantine and holds up nobody else', async ([how, why]) => {
  const log = new Log();
  for (let i = 0; i < 60; i++) log.add(`bad ${i}`, `bad ${i}`, { tenant: 'globex' });
  for (let i = 0; i < 5; i++) log.add(`good ${i}`, `good ${i}`);
  const seen: string[] = [];
  const { read, quarantined, loop } = instance(log, {
    handle: ({ words }) => {
      if (words.startsWith('good')) return Promise.resolve(void seen.push(words));
      if (how === 'throws') throw new TypeError('x is not a function');
      return Promise.resolve(reject('never'));
    },
  });
  await read(1);
  expect(seen.length, 'the others are handled with the first batch').toBe(5);
  await read();
  expect(quarantined.length).toBe(60);
  expect(quarantined[0]).toContain(why);
  expect(loop.failure()).toBeNull();
  expect(log.committed).toBe(65);
});

test('though the events of two tenants are bad, a third one’s are handled', async () => {
  const log = new Log();
  const seen: string[] = [];
  const { read } = instance(log, { handle: ({ words }) => Promise.resolve(words.startsWith('good') ? void seen.push(words) : reject('never')) });
  for (let i = 0; i < 60; i++) log.add(`bad ${i}`, `bad ${i}`, { tenant: i % 2 === 0 ? 'globex' : 'initech' });
  await read(20);
  expect(log.committed, 'the handler seems to be at fault').toBeLessThan(60);
  for (let i = 0; i < 20; i++) {
    log.add(`good ${i}`, `good ${i}`);
    await read(1);
    expect(seen.at(-1)).toBe(`good ${i}`);
  }
  expect(log.committed).toBe(80);
});

test('whoever takes over repeats only what was not done, though a slow event holds the offset back', async () => {
  const log = new Log();
  for (let i = 0; i < 20; i++) log.add(`T${i % 4}`, String(i));
  const seen: string[] = [];
  let stuck = true;
  const handle = ({ words }: Said): Promise<HandlerAnswer> => {
    if (words === '0' && stuck) return Promise.resolve(retryLater('not yet'));
    seen.push(words);
    return Promise.resolve(undefined);
  };
  await instance(log, { handle }).read(2);
  expect(log.committed).toBe(0);
  expect(log.note).toMatch(/^done 1-3,5-7/);
  stuck = false;
  await instance(log, { handle }).read();
  expect(seen.length).toBe(20);
  expect(new Set(seen).size).toBe(20);
});

test('a rebalance in the middle of a batch lets no event run twice at once, nor twice in the end', async () => {
  const log = new Log();
  for (let i = 0; i < 30; i++) log.add(`T${i % 3}`, String(i));
  const seen: string[] = [];
  const running = new Set<string>();
  let started = 0;
  const handle = async ({ words, ticket_id }: Said): Promise<void> => {
    expect(running.has(ticket_id)).toBe(false);
    running.add(ticket_id);
    if ((started += 1) === 10) one.rejoin();
    await sleep(2);
    running.delete(ticket_id);
    seen.push(words);
  };
  const one = instance(log, { handle });
  expect(await one.read()).toBe('left');
  expect(await one.read()).toBe('end');
  expect(new Set(seen).size).toBe(30);
  expect(seen.length).toBe(30);
});

test('a stop lets the event in flight finish and be committed, and begins no other', async () => {
  const log = new Log();
  for (let i = 0; i < 10; i++) log.add('T1', String(i));
  const seen: string[] = [];
  let begun: () => void = () => undefined;
  const inFlight = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const one = instance(log, {
    handle: async ({ words }) => {
      if (words === '3') begun();
      await sleep(words === '3' ? 30 : 0);
      seen.push(words);
    },
  });
  const reading = one.read();
  await inFlight;
  await one.loop.stop();
  expect(await reading).toBe('left');
  expect(seen).toStrictEqual(['0', '1', '2', '3']);
  expect(log.committed).toBe(4);
});

test('a handler that heeds its signal is ended by a stop, and its event is not counted as failed', async () => {
  const log = new Log();
  log.add('T1', 'long');
  let begun: () => void = () => undefined;
  const inFlight = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const one = instance(log, {
    handle: async (_event, { signal }) => {
      begun();
      await sleep(60_000, undefined, { signal });
    },
  });
  const reading = one.read();
  await inFlight;
  await one.loop.stop();
  expect(await reading).toBe('left');
  expect(one.quarantined).toStrictEqual([]);
  expect(log.committed).toBe(0);
});

test('poison is passed over and counted; mostly poison holds the partition', async () => {
  const log = new Log();
  log.addRaw('T1', Buffer.from('{"json":true}'));
  log.addRaw('T1', null);
  log.addRaw('T1', Buffer.from([0, 0, 0, 0, 2, 2]));
  log.add('T1', 'good');
  const seen: string[] = [];
  const handle = ({ words }: Said): Promise<void> => Promise.resolve(void seen.push(words));
  const one = instance(log, { handle, breaker: true });
  await one.read();
  expect(seen).toStrictEqual(['good']);
  expect(await one.metrics.metrics()).toMatch(/events_total\{outcome="poison"\} 3/);
  for (let i = 0; i < 60; i++) log.addRaw('T1', Buffer.from('bad'));
  await one.read(10);
  expect(log.committed).toBeLessThan(64);
  expect(one.loop.failure() ?? '').toMatch(/can't be read/);
});

test('a quarantine that cannot be written makes the event wait', async () => {
  const log = new Log();
  log.add('T1', 'bad');
  let down = true;
  const kept: string[] = [];
  const { read } = instance(log, {
    handle: () => Promise.resolve(reject('no')),
    quarantine: ({ identity }) => {
      if (down) return Promise.reject(new RuntimeError('LOG_UNAVAILABLE', 'down'));
      kept.push(identity.event_id);
      return Promise.resolve();
    },
  });
  await read(4);
  expect(log.committed).toBe(0);
  down = false;
  await read();
  expect(kept).toStrictEqual(['bad']);
  expect(log.committed).toBe(1);
});

test('a batch asks the registry once for a schema it has not seen, and waits while it is down', async () => {
  let asked = 0;
  let down = true;
  const registry = new SchemaRegistry('http://127.0.0.1:9');
  registry.schemaById = () => {
    asked += 1;
    return down ? Promise.reject(new RuntimeError('REGISTRY_UNAVAILABLE', 'down')) : Promise.resolve(JSON.stringify(schemas[2]));
  };
  const log = new Log();
  for (let i = 0; i < 50; i++) log.add(`T${i}`, String(i));
  const seen: string[] = [];
  const { read, loop } = instance(log, { schemas: new SchemaLookup(registry, []), handle: ({ words }) => Promise.resolve(void seen.push(words)) });
  await read(3);
  expect(asked).toBe(3);
  expect(log.committed).toBe(0);
  expect(loop.failure() ?? '').toMatch(/down/);
  down = false;
  await read();
  expect(asked).toBe(4);
  expect(seen.length).toBe(50);
});

test('says that an event may have been tried before only where that can be: begun here without success, or by an owner before', async () => {
  const log = new Log();
  const seen: string[] = [];
  const handle: Setup['handle'] = ({ words }, { mayBeRepeated, attempt, ownedSince }): Promise<HandlerAnswer> => {
    expect(Date.now() - ownedSince.getTime()).toBeLessThan(60_000);
    seen.push(`${words}${mayBeRepeated ? ' again' : ''}`);
    return words === 'b' && attempt === 1 ? Promise.reject(new Error('once')) : Promise.resolve(words === 'c' && seen.length < 5 ? retryLater('away') : undefined);
  };
  const { read, rejoin } = instance(log, { handle, concurrency: 1 });
  await read();
  for (const words of ['first', 'of an assignment']) log.add('T1', words);
  await read();
  expect(seen, 'what the log held at the assignment').toStrictEqual(['first again', 'of an assignment again']);
  seen.length = 0;
  for (const words of ['a', 'b', 'c', 'd']) log.add('T1', words);
  await read();
  expect(seen).toStrictEqual(['a', 'b', 'b again', 'c', 'c again', 'd']);
  seen.length = 0;
  rejoin();
  log.add('T1', 'e');
  await read();
  log.add('T1', 'f');
  await read();
  expect(seen).toStrictEqual(['e again', 'f']);
});

test.for([[true, ['other 1', 'other 2']], [false, []]] as const)('a sink per tenant (%s): one that is away holds up no other tenant’s events', async ([sinkPerTenant, expected]) => {
  const log = new Log();
  for (let i = 0; i < 5; i++) log.add(`A${i}`, `away ${i}`);
  for (let i = 1; i < 3; i++) log.add(`B${i}`, `other ${i}`, { tenant: 'globex' });
  const seen: string[] = [];
  const { read } = instance(log, {
    sinkPerTenant, concurrency: 2,
    handle: ({ words, ticket_id }): Promise<HandlerAnswer> => {
      if (ticket_id.startsWith('A')) return Promise.resolve(retryLater('its sink is away'));
      seen.push(words);
      return Promise.resolve(undefined);
    },
  });
  await read(1);
  expect(seen).toStrictEqual(expected);
});

const names = ['acme', 'globex', 'initech'];

/** Events of three tenants; whoever is in `away` waits. */
function tenants(count: number, away: Set<string>) {
  const log = new Log();
  const add = (from: number, to: number): void => {
    for (let i = from; i < to; i++) log.add(`T${i % 7}`, String(i), { tenant: names[i % 3] ?? '' });
  };
  add(0, count);
  const seen: { readonly tenant: string; readonly ticket: string; readonly n: number }[] = [];
  const handle: Setup['handle'] = async ({ words, ticket_id }): Promise<HandlerAnswer> => {
    await Promise.resolve();
    const tenant = names[Number(words) % 3] ?? '';
    if (away.has(tenant)) return retryLater(`the sink of ${tenant} is away`);
    seen.push({ tenant, ticket: ticket_id, n: Number(words) });
    return undefined;
  };
  const of = (tenant: string): number[] => seen.filter((one) => one.tenant === tenant).map(({ n }) => n);
  return { log, add, seen, handle, of };
}

test('who is away holds up no other tenant, however far they are ahead, and loses nothing when it is back', async () => {
  const away = new Set(['acme']);
  const { log, add, handle, of } = tenants(300, away);
  // As long as it takes a slow machine to read all of them.
  const { loop, read } = instance(log, { sinkPerTenant: true, handle, maxBackoffMs: 200 });
  await read(1_000, 10);
  expect([of('acme').length, of('globex').length, of('initech').length]).toStrictEqual([0, 100, 100]);
  expect(loop.failure()).toMatch(/the sink of acme is away/);
  add(300, 330);
  away.add('initech');
  await read(1_000, 10);
  expect([of('globex').length, of('initech').length], 'what is new comes without a wait').toStrictEqual([110, 100]);
  away.clear();
  await read(2_000, 10);
  for (const tenant of names) expect(new Set(of(tenant)).size, tenant).toBe(110);
  expect([log.committed, loop.failure()]).toStrictEqual([330, null]);
});

test('whoever is away and back at any moment, and whatever is taken over: every event once it can be, none before an earlier one of its ticket', async () => {
  const step = fc.record({ away: fc.subarray(names), turns: fc.integer({ min: 1, max: 12 }), then: fc.constantFrom('on', 'on', 'rejoin', 'another process') });
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 8 }), fc.integer({ min: 2, max: 9 }), async (steps, batchSize) => {
    const away = new Set<string>();
    const { log, seen, handle } = tenants(60, away);
    let one = instance(log, { sinkPerTenant: true, handle, dedupeEvents: 5 });
    for (const { away: now, turns, then } of steps) {
      away.clear();
      now.forEach((name) => away.add(name));
      await one.read(turns, batchSize);
      if (then === 'rejoin') one.rejoin();
      if (then !== 'another process') continue;
      one.lose();
      one = instance(log, { sinkPerTenant: true, handle, dedupeEvents: 5 });
    }
    away.clear();
    await one.read(5_000, batchSize);
    expect(log.committed).toBe(60);
    expect(seen.map(({ n }) => n).sort((a, b) => a - b)).toStrictEqual(Array.from({ length: 60 }, (_, n) => n));
    const lastOf = new Map<string, number>();
    for (const { tenant, ticket, n } of seen) {
      expect(lastOf.get(`${tenant} ${ticket}`) ?? -1).toBeLessThan(n);
      lastOf.set(`${tenant} ${ticket}`, n);
    }
  }), { numRuns: 100 });
});
