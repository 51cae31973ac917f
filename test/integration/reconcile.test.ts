// Damage of many kinds, planted in the tables, the log and the offsets of a running system: each is found with its name, what can be
// repaired is, and beside live traffic nothing is found that isn't there.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Report, type Finding } from '../../infra/reconcile/findings.ts';
import { reconcile, type Options } from '../../infra/reconcile/run.ts';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { eventsTopic, quarantineTopic } from '../../services/runtime/event-log.ts';
import { connectKafka, placeGroup } from '../../services/runtime/kafka/admin.ts';
import { connectProducer } from '../../services/runtime/kafka/producer.ts';
import { newKey } from '../../services/runtime/personal/sealed.ts';
import { readKnown, SchemaLookup, SchemaRegistry } from '../../services/runtime/registry/registry.ts';
import { toQuarantineRecord } from '../../services/runtime/quarantine/quarantine.ts';
import { endAll, run } from './consumer-kit.ts';
import { emptyStack } from '../system/empty-stack.ts';
import { encoded, headersOf, sealed } from '../system/log-records.ts';
import { connection, writtenSchemaId } from '../system/quarantine-cli.ts';
import { closeClients, control, environment, eventually, landed, newTicketId, query, send, sendUntilAccepted, ticket, type SignedEvent } from '../system/support.ts';

const topic = eventsTopic('production');
const clickhouse = connectClickHouse(environment.clickhouseUrl);
const at = (minute: number): string => new Date(Date.UTC(2026, 2, 2, 9, minute)).toISOString();

interface Ran { readonly code: number; readonly findings: readonly (Finding & { repaired: boolean })[]; readonly said: string }

const findingsOf = (lines: readonly string[]): Ran['findings'] => lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Finding & { repaired: boolean });

/** As a person runs it. */
function command(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['infra/start/run.mjs', 'infra/reconcile/reconcile.ts', '--json', ...args], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), findings: findingsOf(stdout.split('\n')), said: stderr });
    });
  });
}

/** The same without a process of its own. */
async function reconciled(options: Partial<Options> = {}): Promise<Ran> {
  const lines: string[] = [];
  const report = new Report((line) => lines.push(line), { json: true, limit: 1_000 });
  const schemas = new SchemaLookup(new SchemaRegistry(environment.registryUrl), await readKnown(process.env['SCHEMAS_LOCK'] ?? ''));
  const said = await reconcile({ clickhouse, connection, environment: 'production', schemas }, { scope: {}, repair: false, facts: 'counts', windowRecords: 0, ...options }, report);
  return { code: report.left > 0 ? 1 : 0, findings: findingsOf(lines), said: said.join('\n') };
}

const told = ({ findings }: Ran, of: string): string[] =>
  findings.filter(({ event_id, ticket_id }) => event_id === of || ticket_id === of).map(({ kind, table }) => `${kind} ${table}`).sort();

function assertClean(ran: Ran): void {
  expect(ran.findings.filter(({ kind }) => kind !== 'conflict'), ran.said).toStrictEqual([]);
  expect(ran.code, ran.said).toBe(0);
}

/** As a service: it runs at once, tells by its metrics, and ends by a signal. */
async function scheduledRunIsClean(): Promise<void> {
  const running = run('.', ['infra/reconcile/reconcile.ts', '--facts', 'full', '--every', '1h', '--metrics-port', '0']);
  const metrics = await eventually(async () => {
    const port = /127\.0\.0\.1:(\d+)\/metrics/.exec(running.output())?.[1];
    const page = port === undefined ? '' : await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return page.includes('ticketstream_reconcile_last_run_looked{service="reconcile"} 1') ? page : null;
  }, 'a run that could look at everything');
  const findings = metrics.split('\n').filter((line) => line.startsWith('ticketstream_reconcile_findings{'));
  expect(findings.length).toBeGreaterThan(10);
  expect(findings.filter((line) => !line.endsWith(' 0')), running.output()).toStrictEqual([]);
  expect((await running.end('SIGTERM')).code).toBe(0);
}

/** A ticket with four events, all landed. */
async function story(): Promise<{ id: string; events: SignedEvent[] }> {
  const id = newTicketId();
  const { created, assigned, message, status } = ticket(id);
  const events = [created(at(0), 'hello'), assigned(at(1), { agent_id: 'lea', group_id: 'support' }), message(at(5), { agent: 'lea' }), status(at(9), 'open', 'solved')];
  for (const event of events) await sendUntilAccepted(event);
  return { id, events };
}

const idOf = ({ events }: { events: SignedEvent[] }, index: number): string => events[index]?.event_id ?? '';
const deleteRow = (table: string, where: string): Promise<void> => clickhouse.command(`ALTER TABLE ${table} DELETE WHERE ${where} SETTINGS mutations_sync = 2`);
const isEvent = (id: string): string => `event_id = '${id}'`;

const quarantined = async (event: SignedEvent): Promise<void> => {
  await eventually(async () => ((await query('SELECT 1 FROM log.quarantine WHERE event_id = {id:String}', { id: event.event_id })).length === 1 ? true : null), 'the event in quarantine');
};
/** A message whose is_private is a text: it does not validate. */
function broken(): SignedEvent {
  const event = ticket(newTicketId()).message(at(0), 'customer');
  event.payload['is_private'] = 'yes';
  return event;
}

afterAll(async () => {
  await endAll();
  await clickhouse.close();
  await closeClients();
});

const stories: { id: string; events: SignedEvent[] }[] = [];
const storyAt = (index: number): { id: string; events: SignedEvent[] } => stories[index] ?? { id: '', events: [] };
beforeAll(async () => {
  await emptyStack();
  stories.push(...(await Promise.all(Array.from({ length: 12 }, story))));
  for (const { id } of stories) await landed(id, 4);
});

test('beside live traffic, with repetitions and quarantine, nothing is found', async () => {
  const event = broken();
  expect((await send(event)).body.status).toBe('quarantined');
  const repeated = storyAt(0).events[2];
  expect.assert(repeated);
  const secret = randomUUID();
  const producer = await connectProducer(connection, [topic]);
  const schemaId = await writtenSchemaId(topic, 'message.received');
  await producer.append(topic, { key: storyAt(0).id, value: encoded(repeated, schemaId), headers: headersOf(repeated) });
  const other = { ...repeated, payload: { ...repeated.payload, content: { text: 'something else', content_type: 'text' } } };
  await producer.append(topic, { key: storyAt(0).id, value: encoded(other, schemaId), headers: headersOf(repeated) });
  // Of two copies under other keys nobody can say that they differ, unless their lengths do.
  const [id, said] = [newTicketId(), (text: string) => ({ ...other, event_id: secret, payload: { ...other.payload, ticket_id: id, content: { text, content_type: 'text' } } })];
  for (const text of ['Mira', 'Mira', 'Moll!']) await producer.append(topic, { key: id, value: await sealed(said(text), schemaId, newKey()), headers: headersOf(said(text)) });
  await producer.append(topic, { key: 'K', value: Buffer.from('no Avro at all'), headers: {} });
  await producer.close();
  const state = { going: true };
  const traffic = (async () => {
    while (state.going) {
      await story();
      await sleep(300);
    }
  })();
  const ran = await command('--facts', 'full', '--window-records', '100').finally(() => {
    state.going = false;
  });
  await traffic;
  assertClean(ran);
  expect(ran.findings.map(({ kind, event_id }) => `${kind} ${event_id}`).sort()).toStrictEqual([`conflict ${repeated.event_id}`, `conflict ${secret}`].sort());
});

test('every damage is told by its name; what can be repaired is, and then all is clean', async () => {
  const pending = broken();
  const both = broken();
  expect([(await send(pending)).body.status, (await send(both)).body.status]).toStrictEqual(['quarantined', 'quarantined']);
  await quarantined(pending);
  await quarantined(both);
  const came: SignedEvent = { ...both, payload: { ...both.payload, is_private: false } };
  expect((await send(came)).body.status).toBe('accepted');
  await landed(String(came.payload['ticket_id']), 1);
  const twiceQuarantined = storyAt(9).events[1];
  expect.assert(twiceQuarantined);
  const [place] = await query<{ p: number; o: number }>('SELECT kafka_partition AS p, kafka_offset AS o FROM log.event_store FINAL WHERE event_id = {id:String}', { id: twiceQuarantined.event_id });
  const producer = await connectProducer(connection, [quarantineTopic('production')]);
  await producer.append(quarantineTopic('production'), toQuarantineRecord({
    environment: 'production', reason: 'unknown_schema', path: '', detail: '', origin: topic, originPartition: place?.p ?? 0, originOffset: place?.o ?? 0,
    integrationId: 'acme', eventId: twiceQuarantined.event_id, eventType: '', version: '', ticketId: storyAt(9).id, receivedAt: new Date(), payload: Buffer.from('x'),
  }));
  await producer.close();
  await quarantined(twiceQuarantined);
  const extra = randomUUID();

  await deleteRow('queue.timeline', isEvent(idOf(storyAt(0), 1)));
  await deleteRow('log.event_store', isEvent(idOf(storyAt(1), 2)));
  await deleteRow('queue.ticket_facts', `ticket_id = '${storyAt(2).id}'`);
  // An older copy of a part of facts: what a ticket said before its last event.
  await clickhouse.command(`CREATE TABLE queue.newer AS queue.sla_timer_facts`);
  await clickhouse.command(`INSERT INTO queue.newer SELECT * REPLACE (version - 1 AS version) FROM (SELECT * FROM queue.sla_timer_facts FINAL WHERE ticket_id = '${storyAt(10).id}')`);
  await deleteRow('queue.sla_timer_facts', `ticket_id = '${storyAt(10).id}'`);
  await clickhouse.command(`INSERT INTO queue.sla_timer_facts SELECT * FROM queue.newer`);
  await clickhouse.command(`DROP TABLE queue.newer SYNC`);
  await clickhouse.command(`ALTER TABLE agents.ticket_facts UPDATE held = [] WHERE ticket_id = '${storyAt(3).id}' SETTINGS mutations_sync = 2`);
  await deleteRow('agents.timeline', isEvent(idOf(storyAt(4), 3)));
  await clickhouse.command(`INSERT INTO queue.timeline SELECT * REPLACE ('${extra}' AS event_id) FROM (SELECT * FROM queue.timeline WHERE ${isEvent(idOf(storyAt(5), 0))} LIMIT 1)`);
  await clickhouse.command(`INSERT INTO agents.timeline SELECT * REPLACE (upper(event_id) AS event_id) FROM (SELECT * FROM agents.timeline WHERE ${isEvent(idOf(storyAt(6), 0))} LIMIT 1)`);
  await clickhouse.command(`ALTER TABLE log.event_store UPDATE content_text = 'never said' WHERE ${isEvent(idOf(storyAt(7), 2))} SETTINGS mutations_sync = 2`);
  await deleteRow('log.quarantine_store', isEvent(pending.event_id));
  await clickhouse.command(`INSERT INTO queue.ticket_facts SELECT * REPLACE ('TKT-NOBODY' AS ticket_id) FROM (SELECT * FROM queue.ticket_facts FINAL WHERE ticket_id = '${storyAt(8).id}')`);

  const found = await command('--facts', 'full');
  expect(found.code, found.said).toBe(1);
  expect(told(found, idOf(storyAt(0), 1))).toStrictEqual(['missing queue.timeline']);
  expect(told(found, storyAt(0).id)).toStrictEqual(expect.arrayContaining(['facts_ahead queue.sla_timer_facts', 'facts_ahead queue.ticket_facts']));
  expect(told(found, idOf(storyAt(1), 2))).toStrictEqual(['missing log.event_store']);
  expect(told(found, storyAt(2).id)).toStrictEqual(['facts_missing queue.ticket_facts']);
  expect(told(found, storyAt(10).id)).toStrictEqual(['facts_behind queue.sla_timer_facts']);
  expect(told(found, storyAt(3).id)).toStrictEqual(['facts_changed agents.ticket_facts']);
  expect(told(found, idOf(storyAt(4), 3))).toStrictEqual(['missing agents.timeline']);
  expect(told(found, extra)).toStrictEqual(['extra queue.timeline']);
  expect(told(found, idOf(storyAt(6), 0).toUpperCase())).toStrictEqual(['extra agents.timeline']);
  expect(told(found, idOf(storyAt(7), 2))).toStrictEqual(['changed log.event_store']);
  expect(told(found, pending.event_id)).toStrictEqual(['missing log.quarantine_store']);
  expect(told(found, 'TKT-NOBODY')).toStrictEqual(['facts_extra queue.ticket_facts']);
  expect(told(found, both.event_id)).toStrictEqual(['landed_and_quarantined log.event_store']);
  expect(told(found, twiceQuarantined.event_id)).toStrictEqual(['landed_and_quarantined agents.timeline', 'landed_and_quarantined log.event_store', 'landed_and_quarantined queue.timeline']);

  const repaired = await reconciled({ repair: true, facts: 'full' });
  expect(repaired.findings.filter((item) => !item.repaired && item.kind !== 'conflict'), repaired.said).toStrictEqual([]);
  expect(repaired.code, repaired.said).toBe(0);
  await scheduledRunIsClean();
  expect((await query<{ n: number }>('SELECT count() AS n FROM log.removed_rows'))[0]?.n).toBeGreaterThan(0);
  expect((await query<{ text: string }>('SELECT content_text AS text FROM log.events WHERE event_id = {id:String}', { id: idOf(storyAt(7), 2) }))[0]?.text).toBe('hello');
});

test('offsets that were committed ahead of what was written are told from lag', async () => {
  await control({ action: 'stop', name: 'agent-analytics' });
  const late = await story();
  await eventually(async () => ((await query('SELECT 1 FROM queue.timeline WHERE ticket_id = {t:String}', { t: late.id })).length === 4 ? true : null), 'the events in queue.timeline');
  const lag = await reconciled();
  assertClean(lag);
  expect(lag.said).toMatch(/agent-analytics has \d+ records of .* before it/);
  await placeGroup(connection, { groupId: 'agent-analytics', topic, from: 'latest', reset: true });
  const found = await reconciled({ scope: { since: new Date(Date.now() - 600_000) } });
  expect(found.code).toBe(1);
  for (const event of late.events) expect(told(found, event.event_id)).toStrictEqual(['missing agents.timeline']);
  expect((await reconciled({ repair: true })).code).toBe(0);
  await control({ action: 'start', name: 'agent-analytics' });
  await landed(late.id, 4);
});

test('records that are gone from the log’s start are told, and nothing is deleted for it', async () => {
  const [row] = await query<{ p: number; o: number }>('SELECT kafka_partition AS p, min(kafka_offset) + 2 AS o FROM log.event_store FINAL GROUP BY p ORDER BY count() DESC LIMIT 1');
  const { p = 0, o = 0 } = row ?? {};
  const admin = connectKafka(connection).admin();
  await admin.connect();
  await admin.fetchTopicOffsets(topic);
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: p, offset: String(o) }] });
  await admin.disconnect();
  const before = (await query<{ n: number }>('SELECT count() AS n FROM log.events'))[0]?.n;
  const found = await reconciled({ repair: true, scope: { partition: p } });
  expect(found.code, found.said).toBe(1);
  expect(found.findings.filter(({ kind }) => kind === 'log_start_moved').map(({ partition, offset }) => [partition, offset])).toStrictEqual([[p, o]]);
  expect(found.findings.filter(({ kind, table }) => kind === 'not_in_log' && table === 'log.event_store').length).toBeGreaterThan(0);
  expect((await query<{ n: number }>('SELECT count() AS n FROM log.events'))[0]?.n).toBe(before);
});
