// Escalations on the running system: from the event to PagerDuty, Telegram and a real Alertmanager and back to their end,
// each once, over a process that is killed; and a timer that is told of before it breaches, and once.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { missingForPrometheus, prometheusPrograms, startAlertmanager, type Running as Program } from '../../infra/monitoring/prometheus.ts';
import { alertsTopic } from '../../services/runtime/event-log.ts';
import { readTail } from '../../services/runtime/kafka/consumer.ts';
import { createLogger } from '../../services/runtime/logger.ts';
import { freePorts } from '../system/free-ports.ts';
import { closeClients, environment, eventually, newTicketId, sendUntilAccepted, sign, ticket, type SignedEvent } from '../system/support.ts';
import { openPagerDuty, type PagerDutyServer } from '../vendors/pagerduty.ts';
import { openTelegram, type TelegramServer } from '../vendors/telegram.ts';
import { consumerStarted, endAll, run, type Running } from './consumer-kit.ts';
import { root } from './copy-of-the-code.ts';

const tenant = 'umbrella';
const CHAT = -1_001;
const token = `42:${'A'.repeat(35)}`;
const key = 'K'.repeat(32);
const missing = await missingForPrometheus(process.env);

let folder: string;
let pagerDuty: PagerDutyServer;
let telegram: TelegramServer;
let alertmanager: Program | null = null;

const service = (): Running => run(root, ['services/escalations/main.ts'], { DESTINATIONS_FILE: join(folder, 'destinations.json') });
const now = (plusMs = 0): string => new Date(Date.now() + plusMs).toISOString();

function escalation(ticketId: string): SignedEvent {
  return sign({
    event_id: randomUUID(), event_type: 'escalation.fired', timestamp: now(), version: '1.2',
    source: { platform: 'telegram-crm', integration_id: tenant, environment: 'production' },
    payload: { ticket_id: ticketId, policy: { id: 'p1', name: 'First response' }, breached_metric: 'first_response_time', threshold_seconds: 900, level: 'management', fired_at: now() },
  });
}

async function applyDesk(content: object): Promise<void> {
  await writeFile(join(folder, 'desk.json'), JSON.stringify(content));
  const { code, output } = await run(root, ['infra/config/config.ts', 'apply', join(folder, 'desk.json'), '--by', 'a test']).end();
  expect(code, output).toBe(0);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'escalations-'));
  [pagerDuty, telegram] = await Promise.all([openPagerDuty(key), openTelegram({ token, chats: { [CHAT]: [7] } })]);
  if (missing === null) {
    const [port = 0] = await freePorts(1);
    await mkdir(join(folder, 'alertmanager'));
    const config = 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n';
    alertmanager = await startAlertmanager({ programs: await prometheusPrograms(process.env), dir: join(folder, 'alertmanager'), port, config });
  }
  await writeFile(join(folder, 'key'), `${key}\n`);
  await writeFile(join(folder, 'destinations.json'), JSON.stringify({ [tenant]: { escalations: {
    pagerduty: { 'on-call': { routing_key_file: 'key', url: pagerDuty.url } },
    telegram: { leads: { bot_token: token, chat_id: CHAT, topic_id: 7, group_wait_seconds: 0, url: telegram.url } },
    ...(alertmanager === null ? {} : { alertmanager: { prometheus: { url: alertmanager.url } } }),
    routes: [
      { to: ['on-call', ...(alertmanager === null ? [] : ['prometheus'])], on: ['escalated', 'due_soon', 'missed'] },
      { to: ['leads'], levels: ['management'] },
    ],
    due_soon_minutes: 1, missed_after_minutes: 0,
  } } }));
  await applyDesk({ integrations: { [tenant]: { policies: [{ policy_id: 'ten', versions: [{ version: 1, first_response_seconds: 600 }] }] } } });
});
afterAll(async () => {
  await endAll();
  await Promise.all([pagerDuty.close(), telegram.close(), alertmanager?.stop()]);
  await applyDesk({});
  await rm(folder, { recursive: true, force: true });
  await closeClients();
});

const incidentsOf = (ticketId: string) => pagerDuty.incidents.filter(({ dedupKey }) => dedupKey.includes(ticketId)).map(({ dedupKey, status, actions }) => ({ policy: dedupKey.split('/')[3], status, actions: [...new Set(actions)] }));
const until = (ticketId: string, policy: string, status: string) => eventually(() => Promise.resolve(incidentsOf(ticketId).some((one) => one.policy === policy && one.status === status) ? true : null), `${policy} of ${ticketId} ${status}: ${JSON.stringify(pagerDuty.incidents)}`, 40_000);
const alertsOf = async (ticketId: string): Promise<string[]> =>
  ((await (await fetch(`${alertmanager?.url ?? ''}/api/v2/alerts`)).json()) as { labels: Record<string, string> }[]).filter(({ labels }) => labels['ticket_id'] === ticketId).map(({ labels }) => labels['alertname'] ?? '').sort();

/** That a destination was told stands in the topic: whoever comes after a kill knows it. A kill before would only show that PagerDuty knows its key. */
const writtenDown = (ticketId: string, destinations: number) => eventually(async () => {
  const told = new Set<string>();
  const connection = { brokers: environment.kafkaBrokers.split(','), clientId: 'escalations-test', logger: createLogger('test', 'error') };
  await readTail(connection, alertsTopic('production'), 1_000, ({ key, value }) => {
    if (key?.startsWith('told/') !== true || !key.includes(ticketId)) return;
    const { sent } = JSON.parse(value?.toString() ?? '{"sent":{}}') as { sent: Record<string, { stage: string | null }> };
    for (const [name, { stage }] of Object.entries(sent)) if (stage === 'fired') told.add(name);
  });
  return told.size === destinations ? true : null;
}, `${destinations} destinations told of ${ticketId}, written down`);

const triggersOf = (ticketId: string, policy: string): string[] =>
  pagerDuty.asked.map(({ body }) => body).filter((body) => body.includes('"trigger"') && body.includes(`${ticketId}/${policy}/`));

test('fired, paged, acknowledged, resolved: each once, with a kill -9 between; and a timer is told of before it breaches', async () => {
  const first = service();
  await consumerStarted(first);
  const [fired, due] = [newTicketId(), newTicketId()];
  const make = ticket(fired, tenant);
  // Due ten minutes after it came: in twenty seconds.
  for (const event of [make.created(now(-1_000), 'Where is my parcel?'), escalation(fired), ticket(due, tenant).created(now(-580_000), 'Hello?')]) expect(await sendUntilAccepted(event)).toBe('accepted');
  await until(fired, 'p1', 'triggered');
  await until(due, 'ten', 'triggered');
  await eventually(() => Promise.resolve(telegram.messages.length > 0 ? true : null), 'a message in the chat');
  if (missing === null) expect([await alertsOf(fired), await alertsOf(due)]).toStrictEqual([['TicketEscalated'], ['SlaDueSoon']]);
  const others = missing === null ? 1 : 0;
  await Promise.all([writtenDown(fired, 2 + others), writtenDown(due, 1 + others)]);
  await first.end('SIGKILL');

  const second = service();
  await sendUntilAccepted(make.message(now(), { agent: 'lea' }, 'looking', true));
  await until(fired, 'p1', 'acknowledged');
  await sendUntilAccepted(make.status(now(), 'new', 'solved'));
  await until(fired, 'p1', 'resolved');
  // The breach that the CRM says nothing of is the same incident, told once more; answered, it is over.
  await eventually(() => Promise.resolve(pagerDuty.asked.some(({ body }) => body.includes(due) && body.includes('was due at')) ? true : null), 'the missed breach');
  await sendUntilAccepted(ticket(due, tenant).message(now(), { agent: 'lea' }));
  await until(due, 'ten', 'resolved');
  if (missing === null) await eventually(async () => ((await alertsOf(fired)).length + (await alertsOf(due)).length === 0 ? true : null), 'no alert in Alertmanager');

  expect([...incidentsOf(fired), ...incidentsOf(due).filter(({ policy }) => policy === 'ten')]).toStrictEqual([
    { policy: 'p1', status: 'resolved', actions: ['trigger', 'acknowledge', 'resolve'] },
    { policy: 'ten', status: 'resolved', actions: ['trigger', 'acknowledge', 'resolve'] },
  ]);
  expect([triggersOf(fired, 'p1').length, triggersOf(due, 'ten').map((body) => body.includes('was due at'))]).toStrictEqual([1, [false, true]]);
  await eventually(() => Promise.resolve(telegram.messages.length >= 3 ? true : null), 'three messages');
  expect(telegram.messages.filter(({ text }) => !text.includes('You may have this already')).map(({ text }) => /escalated to management$|acknowledged|over/m.exec(text)?.[0])).toStrictEqual(['escalated to management', 'acknowledged', 'over']);
  const { code, output } = await second.end('SIGTERM');
  expect(code, output).toBe(0);
  for (const secret of [token, key]) expect(first.output() + output).not.toContain(secret);
});

const toldInTheChat = (ticketId: string): string[] => telegram.messages.filter(({ text }) => text.includes(ticketId)).map(({ text }) => (text.includes('You may have this already') ? 'again: ' : '') + (['over,', 'acknowledged', 'escalated'].find((word) => text.includes(word)) ?? text));
const inTheChat = (ticketId: string, what: string) => eventually(() => Promise.resolve(toldInTheChat(ticketId).some((told) => told.endsWith(what)) ? true : null), `${ticketId} ${what} in the chat: ${JSON.stringify(telegram.messages)}`, 40_000);

/** Whose messages have gone out. */
async function leaderOf(members: readonly Running[]): Promise<{ leader: Running; other: Running }> {
  const sent = await Promise.all(members.map(async (member) => /ticketstream_escalation_messages_total\{[^}]*outcome="sent"[^}]*\} [1-9]/.test(await member.metrics())));
  const [leader, other] = [members[sent.indexOf(true)], members[sent.indexOf(false)]];
  if (leader === undefined || other === undefined) throw new Error(`one of two leads: ${sent.join(', ')}`);
  return { leader, other };
}

test('nothing is missing and nothing is there twice when the leader is killed amid its requests, or stands still while another leads', async () => {
  const [killed, frozen, last] = [newTicketId(), newTicketId(), newTicketId()];
  const first = service();
  await consumerStarted(first);
  // PagerDuty has not got it yet, Telegram has it and the answer is lost, and neither is written down or committed.
  let asked = 0;
  const dieAt = (fault: 'silent' | 'lost') => (request: { body: string }): 'silent' | 'lost' | undefined => {
    if (!request.body.includes(killed) || asked === 2) return undefined;
    asked += 1;
    if (asked === 2) first.child.kill('SIGKILL');
    return fault;
  };
  [pagerDuty.hooks.onAsked, telegram.hooks.onAsked] = [dieAt('silent'), dieAt('lost')];
  for (const event of [ticket(killed, tenant).created(now(), 'Hello?'), escalation(killed)]) await sendUntilAccepted(event);
  await first.end();

  const members = [service(), service()];
  await until(killed, 'p1', 'triggered');
  await inTheChat(killed, 'again: escalated');
  expect(toldInTheChat(killed)).toStrictEqual(['escalated', 'again: escalated']);
  const { leader, other } = await leaderOf(members);
  leader.child.kill('SIGSTOP');
  for (const event of [ticket(frozen, tenant).created(now(), 'Hello?'), escalation(frozen)]) await sendUntilAccepted(event);
  await until(frozen, 'p1', 'triggered');
  await inTheChat(frozen, 'escalated');
  leader.child.kill('SIGCONT');
  for (const event of [ticket(last, tenant).created(now(), 'Hello?'), escalation(last), ticket(frozen, tenant).message(now(), { agent: 'lea' })]) await sendUntilAccepted(event);
  await until(last, 'p1', 'triggered');
  await until(frozen, 'p1', 'acknowledged');
  for (const [id, what] of [[last, 'escalated'], [frozen, 'acknowledged']] as const) await inTheChat(id, what);
  await Promise.all([leader, other].map((member) => member.end('SIGTERM')));
  expect([toldInTheChat(frozen), toldInTheChat(last)]).toStrictEqual([['escalated', 'acknowledged'], ['escalated']]);
  expect([killed, frozen, last].map((id) => triggersOf(id, 'p1').length), 'the first one never got an answer').toStrictEqual([2, 1, 1]);
  expect([killed, frozen, last].flatMap(incidentsOf).map(({ actions }) => actions)).toStrictEqual([['trigger'], ['trigger', 'acknowledge'], ['trigger']]);
});
