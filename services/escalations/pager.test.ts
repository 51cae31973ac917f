import { describe, expect, it } from 'vitest';
import { NotNow, Refused } from '../destinations/failures.ts';
import { createLogger } from '../runtime/logger.ts';
import { AlertBook, foundRecord, type BookRecord } from './book.ts';
import type { Channel, Delivery } from './destinations/channel.ts';
import { Pager } from './pager.ts';
import { alertOf, NOON, sectionOf } from './testing.ts';

/** A destination that notes what it was sent, and behaves as a test says. */
function channelOf(name: string, isKeyed: boolean, behave: (delivery: Delivery) => void = () => undefined) {
  const got: string[] = [];
  const channel: Channel = {
    name, isKeyed, manner: { bundles: 'alerts', groupWaitMs: 0, repeats: true },
    check: () => Promise.resolve(''),
    send: (delivery) => {
      behave(delivery);
      got.push(`${delivery.step}${delivery.mayBeRepeated ? '?' : ''}`);
      return Promise.resolve(7);
    },
  };
  return { channel, got };
}

/** A process: what it knows comes from the topic, which outlives it. */
function processOf(topic: BookRecord[], { append = (record: BookRecord) => Promise.resolve(void topic.push(record)), isLeading = (): boolean => true, start = NOON + 60_000 } = {}) {
  let now = start;
  const book = new AlertBook(`process-${Math.random()}`, () => NOON);
  topic.forEach((record) => book.take(record));
  const pager = new Pager({ book, append, isLeading, logger: createLogger('test', 'silent'), onSent: () => undefined, now: () => now });
  const tell = async (channels: readonly Channel[], afterMs = 0): Promise<void> => {
    now += afterMs;
    const section = sectionOf(channels.map(({ name }) => ({ to: [name] })));
    pager.tell([{ integrationId: 'acme', section, channels }]);
    await pager.stop(60_000);
  };
  return { book, pager, tell, first: () => [...book.alerts.values()][0] };
}

const topicOf = (): BookRecord[] => [foundRecord(alertOf())];
const lostAnswer = new NotNow('reset', { sent: true });

describe('who tells', () => {
  it('tells once, and whoever comes after tells nothing again', async () => {
    const topic = topicOf();
    const { channel, got } = channelOf('on-call', false);
    const first = processOf(topic);
    await first.tell([channel]);
    await first.tell([channel]);
    await processOf(topic).tell([channel]);
    expect(got).toStrictEqual(['fired']);
    expect(processOf(topic).first()?.sent.get('on-call')).toMatchObject({ stage: 'fired', reference: 7 });
  });

  it('goes on with the next step, also after a crash', async () => {
    const topic = topicOf();
    const { channel, got } = channelOf('on-call', true);
    await processOf(topic).tell([channel]);
    const second = processOf(topic);
    Object.assign(second.first() ?? {}, { outcome: { queueId: '', assigneeId: '', acknowledgedAt: NOON + 1, acknowledgedBy: 'lea', overAt: NOON + 2 } });
    await second.tell([channel]);
    expect(got).toStrictEqual(['fired', 'acknowledged', 'resolved']);
  });

  it('leads, or tells nothing', async () => {
    const { channel, got } = channelOf('on-call', true);
    await processOf(topicOf(), { isLeading: () => false }).tell([channel]);
    expect(got).toStrictEqual([]);
  });
});

describe('a crash between the answer and the record', () => {
  async function crashed(isKeyed: boolean): Promise<string[]> {
    const topic = topicOf();
    const { channel, got } = channelOf('on-call', isKeyed);
    let alive = true;
    const dying = processOf(topic, {
      isLeading: () => alive,
      append: (record) => {
        if (got.length > 0) alive = false;
        return alive ? Promise.resolve(void topic.push(record)) : Promise.reject(new Error('killed'));
      },
    });
    await dying.tell([channel]);
    await processOf(topic).tell([channel]);
    return got;
  }

  it('sends again what the receiver recognises', async () => {
    expect(await crashed(true)).toStrictEqual(['fired', 'fired']);
  });

  it('says so where the receiver can’t', async () => {
    expect(await crashed(false)).toStrictEqual(['fired', 'fired?']);
  });
});

describe('a destination that is away', () => {
  it('is tried again after a pause, as long as it asks for, and holds up no other', async () => {
    let away: Error | null = new NotNow('429', { retryAfterMs: 20_000, sent: false });
    const slow = channelOf('slow', false, () => {
      if (away !== null) throw away;
    });
    const quick = channelOf('quick', true);
    const { tell, pager } = processOf(topicOf());
    await tell([slow.channel, quick.channel]);
    expect([slow.got, quick.got]).toStrictEqual([[], ['fired']]);
    expect(pager.failure()).toContain('429');
    away = null;
    await tell([slow.channel, quick.channel], 19_999);
    expect(slow.got).toStrictEqual([]);
    await tell([slow.channel, quick.channel], 1);
    expect([slow.got, quick.got, pager.failure()]).toStrictEqual([['fired'], ['fired'], null]);
  });

  it('is told that it may know, when the answer was lost, and only then', async () => {
    let failures = [new NotNow('refused', { sent: false }), lostAnswer, new NotNow('refused', { sent: false })];
    const { channel, got } = channelOf('chat', false, () => {
      const [failure, ...rest] = failures;
      failures = rest;
      if (failure !== undefined) throw failure;
    });
    const { tell } = processOf(topicOf());
    for (let tries = 0; tries < 4; tries += 1) await tell([channel], 60_000);
    expect(got).toStrictEqual(['fired?']);
  });

  it('that refuses for good is not asked again, and hears nothing more of that alert', async () => {
    const topic = topicOf();
    const { channel, got } = channelOf('on-call', true, () => {
      throw new Refused('400', { status: 400, said: '' });
    });
    await processOf(topic).tell([channel]);
    const next = channelOf('on-call', true);
    await processOf(topic).tell([next.channel]);
    expect([got, next.got]).toStrictEqual([[], []]);
  });
});

it('of a burst that is refused only what is at fault is not told', async () => {
  const topic = ['e-1', 'e-2', 'e-3'].map((eventId) => foundRecord(alertOf({}, eventId)));
  const got: string[] = [];
  const channel: Channel = {
    ...channelOf('chat', false).channel, manner: { bundles: 'everything', groupWaitMs: 0, repeats: true },
    send: ({ tracked, mayBeRepeated }) => {
      const ids = tracked.map(({ alert }) => alert.eventId);
      if (ids.includes('e-2')) return Promise.reject(new Refused('400', { status: 400, said: '' }));
      got.push(`${ids.join()}${mayBeRepeated ? '?' : ''}`);
      return Promise.resolve(undefined);
    },
  };
  const { tell, book } = processOf(topic);
  await tell([channel]);
  expect(got).toStrictEqual(['e-1', 'e-3']);
  expect([...book.alerts.values()].map(({ sent }) => sent.get('chat')?.stage)).toStrictEqual(['fired', 'refused', 'fired']);
});

describe('settings that change while somebody is told', () => {
  /** The first message hangs until it is let go. */
  function hanging(topic: BookRecord[]) {
    const { pager } = processOf(topic);
    let letGo: () => void = () => undefined;
    const got: string[] = [];
    const deskOf = (name: string, section = sectionOf([{ to: ['chat'] }])) => ({
      integrationId: 'acme', section,
      channels: [{
        ...channelOf('chat', true).channel,
        send: async ({ tracked }: Delivery) => {
          got.push(`${name} ${tracked.map(({ alert }) => alert.eventId).join()}`);
          if (got.length === 1) await new Promise<void>((resolve) => (letGo = resolve));
          return undefined;
        },
      }],
    });
    return { pager, got, deskOf, letGo: () => letGo() };
  }
  const topic = (): BookRecord[] => ['e-1', 'e-2', 'e-3'].map((eventId, n) => foundRecord(alertOf({ seenAt: NOON + n }, eventId)));

  it('are in force from the next message on, and nothing is told twice at once', async () => {
    const { pager, got, deskOf, letGo } = hanging(topic());
    pager.tell([deskOf('before')]);
    const after = deskOf('after', sectionOf([{ to: ['chat'], levels: ['management'] }]));
    pager.tell([]);
    pager.tell([after]);
    expect(got).toStrictEqual(['before e-1']);
    letGo();
    await pager.stop(60_000);
    pager.tell([after]);
    await pager.stop(60_000);
    expect(got).toStrictEqual(['before e-1', 'after e-2', 'after e-3']);
  });

  it('end what a section that is gone would have told', async () => {
    const { pager, got, deskOf, letGo } = hanging(topic());
    pager.tell([deskOf('before')]);
    pager.tell([]);
    letGo();
    await pager.stop(60_000);
    expect([got, pager.failure()]).toStrictEqual([['before e-1'], null]);
  });
});

it('tells nothing twice while Kafka takes nothing', async () => {
  const topic = topicOf();
  let refusals = 2;
  const { channel, got } = channelOf('on-call', true);
  await processOf(topic, {
    append: (record) => ((refusals -= 1) >= 0 ? Promise.reject(new Error('away')) : Promise.resolve(void topic.push(record))),
  }).tell([channel]);
  expect(got).toStrictEqual(['fired']);
  expect(processOf(topic).first()?.sent.get('on-call')?.stage).toBe('fired');
});
