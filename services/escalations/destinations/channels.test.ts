import { afterEach, describe, expect, it } from 'vitest';
import { Webhook } from 'standardwebhooks';
import { openPagerDuty } from '../../../test/vendors/pagerduty.ts';
import { openTelegram, type TelegramOptions } from '../../../test/vendors/telegram.ts';
import { openVendor } from '../../../test/vendors/vendor.ts';
import { NotNow, Refused } from '../../destinations/failures.ts';
import type { Step, Tracked } from '../book.ts';
import type { TelegramSettings } from '../section.ts';
import { alertOf, MINUTE_MS, NOON, placeOf, sectionOf, trackedOf } from '../testing.ts';
import { duration, severityOf } from '../text.ts';
import { postableAlert } from './alertmanager.ts';
import type { Channel } from './channel.ts';
import { pagerDuty } from './pagerduty.ts';
import { telegram } from './telegram.ts';
import { webhook, webhookMessage } from './webhook.ts';

const open: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((vendor) => vendor.close()));
});
async function opened<T extends { close: () => Promise<void> }>(vendor: Promise<T>): Promise<T> {
  open.push(await vendor);
  return vendor;
}

const send = (channel: Channel, step: Step, tracked: readonly Tracked[] = [trackedOf()], mayBeRepeated = false) =>
  channel.send({ step, tracked, now: NOON + 20 * MINUTE_MS, signal: new AbortController().signal, mayBeRepeated });
const section = sectionOf([{}]);
const KEY = 'R'.repeat(32);

describe('PagerDuty', () => {
  it('opens, acknowledges and resolves one incident of a ticket, policy and metric', async () => {
    const server = await opened(openPagerDuty(KEY));
    const channel = pagerDuty({ routing_key: KEY, url: server.url }, placeOf(section));
    for (const step of ['fired', 'acknowledged', 'resolved'] as const) await send(channel, step);
    expect(server.incidents).toMatchObject([{ dedupKey: 'ticketstream/acme/TKT-1/p1/first_response', severity: 'critical', status: 'resolved', actions: ['trigger', 'acknowledge', 'resolve'] }]);
    expect(server.incidents[0]?.details).toMatchObject({ ticket_id: 'TKT-1', queue_id: 'billing', threshold_seconds: '900', escalated_to: 'group tier-2' });
  });

  it('makes no second incident of what is sent twice', async () => {
    const server = await opened(openPagerDuty(KEY));
    const channel = pagerDuty({ routing_key: KEY, url: server.url }, placeOf(section));
    server.faults.push('lost');
    await expect(send(channel, 'fired')).rejects.toBeInstanceOf(NotNow);
    await send(channel, 'fired');
    expect(server.incidents).toHaveLength(1);
  });

  it('waits when PagerDuty is away, limits us or does not know our key, and not when it calls the event wrong', async () => {
    const server = await opened(openPagerDuty(KEY));
    const channel = pagerDuty({ routing_key: KEY, url: server.url }, placeOf(section, 'on-call', [KEY]));
    for (const fault of [{ status: 500 }, { status: 429, headers: { 'retry-after': '0' } }, { status: 403 }, 'refused', 'silent'] as const) {
      server.faults.push(fault);
      await expect(send(channel, 'fired'), JSON.stringify(fault)).rejects.toBeInstanceOf(NotNow);
    }
    server.faults.push({ status: 400, body: { message: `wrong ${KEY}` } });
    const error: unknown = await send(channel, 'fired').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Refused);
    expect(String(error)).not.toContain(KEY);
  });

  it('takes texts of any length', async () => {
    const server = await opened(openPagerDuty(KEY));
    await send(pagerDuty({ routing_key: KEY, url: server.url }, placeOf(section)), 'fired', [trackedOf({ level: 'x'.repeat(3_000), policyId: 'ü'.repeat(300) })]);
    expect(server.incidents).toHaveLength(1);
  });
});

describe('severity', () => {
  it('follows the level, and what is configured comes first', () => {
    expect(['Management', '2'].map((level) => severityOf(alertOf({ level }), {}))).toStrictEqual(['critical', 'error']);
    expect([severityOf(alertOf({ kind: 'due_soon' }), {}), severityOf(alertOf({ kind: 'missed', level: '' }), {})]).toStrictEqual(['warning', 'error']);
    expect(severityOf(alertOf({ level: '2' }), { 2: 'info' })).toBe('info');
    expect(severityOf(alertOf({ kind: 'due_soon' }), { due_soon: 'critical' })).toBe('critical');
  });
});

describe('Alertmanager', () => {
  it('knows an alert by labels that never change, and its end comes after its start', () => {
    const at = { settings: { url: '', labels: { team: 'support' } }, severities: {}, now: NOON };
    const before = postableAlert(trackedOf(), at) as { labels: object; startsAt: string; endsAt: string };
    const over = postableAlert(trackedOf({}, { outcome: { queueId: 'returns', assigneeId: 'lea', acknowledgedAt: NOON, overAt: NOON - 5 } }), at) as typeof before;
    expect(over.labels).toStrictEqual(before.labels);
    expect(before.labels).toStrictEqual({ team: 'support', alertname: 'TicketEscalated', severity: 'critical', integration_id: 'acme', ticket_id: 'TKT-1', policy_id: 'p1', metric: 'first_response', level: 'management' });
    expect(Date.parse(before.endsAt)).toBeGreaterThan(NOON);
    expect(Date.parse(over.endsAt)).toBe(Date.parse(over.startsAt) + 1);
  });

  it('takes an alert of a clock that is ahead, and its end at once', () => {
    const at = { settings: { url: '', labels: {} }, severities: {}, now: NOON + MINUTE_MS };
    const ahead = NOON + 600 * MINUTE_MS;
    for (const overAt of [null, ahead]) {
      const { startsAt, endsAt } = postableAlert(trackedOf({ at: ahead, seenAt: NOON }, { outcome: { overAt } }), at) as { startsAt: string; endsAt: string };
      expect(Date.parse(startsAt)).toBe(NOON);
      expect(Date.parse(endsAt)).toBe(overAt === null ? at.now + 60 * MINUTE_MS : at.now);
    }
  });
});

describe('Telegram', () => {
  const token = '123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
  let chat = -1_000;
  async function bot(options: Partial<TelegramOptions> = {}, settings: Partial<TelegramSettings> = {}) {
    // A chat of its own, since the limits of a chat are shared in a process.
    const chat_id = (chat -= 1);
    const server = await opened(openTelegram({ token, chats: { [chat_id]: [7] }, ...options }));
    return { server, chat_id, channel: telegram({ bot_token: token, chat_id, topic_id: 7, group_wait_seconds: 0, url: server.url, ...settings }, placeOf(section, 'on-call', [token])) };
  }

  it('writes to the topic what happened, escaped, and answers its own message later', async () => {
    const { server, channel } = await bot();
    const reference = await send(channel, 'fired', [trackedOf({ ticketId: '<b>A&B</b>', policyName: 'a < b' })]);
    expect(server.messages[0]).toMatchObject({ topic_id: 7, silent: false, reply_to: undefined, text: 'acme <b>A&B</b> in billing: first response escalated to management\npolicy a < b, fired at 2026-03-02 12:00 UTC' });
    await send(channel, 'acknowledged', [trackedOf({}, { outcome: { acknowledgedAt: NOON + 4 * MINUTE_MS, acknowledgedBy: 'lea' }, sent: { 'on-call': { stage: 'fired', repeats: 0, at: NOON, reference } } })]);
    expect(server.messages[1]).toMatchObject({ silent: true, reply_to: reference, text: expect.stringContaining('acknowledged by lea, 4 min after') as string });
  });

  it('puts a burst into one message that Telegram takes, whatever the ids are', async () => {
    const { server, channel } = await bot();
    await send(channel, 'fired', Array.from({ length: 20 }, (_, n) => trackedOf({ ticketId: `${n}-${'&<🎈'.repeat(200)}` }, { eventId: `e-${n}` })));
    expect(server.messages).toHaveLength(1);
    expect(server.messages[0]?.text).toMatch(/^20 new\n• acme 0-/);
  });

  it('waits as long as Telegram asks, and for a chat that is not there', async () => {
    const { server, channel, chat_id } = await bot({ perMinute: 0 });
    const limited: unknown = await send(channel, 'fired').catch((thrown: unknown) => thrown);
    expect(limited).toBeInstanceOf(NotNow);
    expect((limited as NotNow).retryAfterMs).toBeGreaterThan(0);
    expect((limited as NotNow).sent).toBe(false);
    expect(server.messages).toHaveLength(0);
    for (const settings of [{ chat_id: chat_id - 500_000, topic_id: 7 }, { topic_id: 8 }, { bot_token: '1:wrong-wrong-wrong-wrong' }]) {
      const { channel: other } = await bot({}, settings);
      await expect(send(other, 'fired'), JSON.stringify(settings)).rejects.toBeInstanceOf(NotNow);
    }
  });

  it('follows a group that became a supergroup', async () => {
    const { server, channel } = await bot({ chats: { [-77]: [7] }, moved: { [chat - 1]: -77 } });
    await send(channel, 'fired');
    expect(server.messages.map(({ chat_id }) => chat_id)).toStrictEqual([-77]);
  });

  it('says of a message that may be there already that it may', async () => {
    const { server, channel } = await bot();
    server.faults.push('lost');
    const error: unknown = await send(channel, 'fired').catch((thrown: unknown) => thrown);
    expect((error as NotNow).sent).toBe(true);
    expect(String(error)).not.toContain(token);
    await send(channel, 'fired', [trackedOf()], true);
    expect(server.messages.map(({ text }) => text.includes('You may have this already'))).toStrictEqual([false, true]);
  });
});

describe('a webhook', () => {
  const signing_secret = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;

  it('is signed as Standard Webhooks says, and has the same id when it is sent again', async () => {
    const server = await opened(openVendor(() => ({ status: 200 })));
    const channel = webhook({ url: `${server.url}/hook?token=1`, signing_secret }, placeOf(section));
    server.faults.push('lost');
    await expect(send(channel, 'fired')).rejects.toBeInstanceOf(NotNow);
    await channel.send({ step: 'fired', tracked: [trackedOf()], now: Date.now(), signal: new AbortController().signal, mayBeRepeated: false });
    const [first, again] = server.asked;
    expect(again?.path).toBe('/hook?token=1');
    expect(again?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    const said = new Webhook(signing_secret).verify(again?.body ?? '', again?.headers as Record<string, string>) as { type: string; data: object };
    expect(said).toMatchObject({ type: 'escalation.fired', data: { ticket_id: 'TKT-1', level: 'management', policy: { id: 'p1', name: 'First response' }, queue_id: 'billing' } });
  });

  it('gives each step and each repeat an id of its own', () => {
    const ids = (['fired', 'repeated', 'acknowledged', 'resolved'] as const).map((step) => webhookMessage({ step, tracked: [trackedOf()] }, 'on-call').id);
    ids.push(webhookMessage({ step: 'repeated', tracked: [trackedOf({}, { sent: { 'on-call': { stage: 'fired', repeats: 1, at: NOON } } })] }, 'on-call').id);
    expect(new Set(ids).size).toBe(5);
  });

  it('waits where our settings may be wrong, and gives up where the receiver will never take it', async () => {
    const server = await opened(openVendor(() => ({ status: 200 })));
    const channel = webhook({ url: server.url, signing_secret }, placeOf(section));
    for (const [status, kind] of [[401, NotNow], [404, NotNow], [408, NotNow], [503, NotNow], [400, Refused], [410, Refused], [422, Refused], [302, NotNow]] as const) {
      server.faults.push({ status });
      await expect(send(channel, 'fired'), String(status)).rejects.toBeInstanceOf(kind);
    }
  });
});

it('tells durations as people do', () => {
  expect([-5, 45_000, 12 * MINUTE_MS, 185 * MINUTE_MS, 1_440 * MINUTE_MS, 1_505 * MINUTE_MS].map(duration)).toStrictEqual(['0 s', '45 s', '12 min', '3 h 5 min', '1 d', '1 d 1 h']);
});
