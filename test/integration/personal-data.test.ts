// Where a person's name, phone, address and words are: in the archive and nowhere else; and nowhere, when they are forgotten.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { eventsTopic, keysTopic } from '../../services/runtime/event-log.ts';
import { connectProducer } from '../../services/runtime/kafka/producer.ts';
import { keyRecord } from '../../services/runtime/personal/key-records.ts';
import { newKey, seal } from '../../services/runtime/personal/sealed.ts';
import { searchDisk } from '../system/disk-search.ts';
import { consumers, start, stop } from '../system/empty-stack.ts';
import { connection } from '../system/quarantine-cli.ts';
import { closeClients, environment, eventually, landed, newTicketId, query, send, sign, ticket, type SignedEvent } from '../system/support.ts';
import { endAll, run } from './consumer-kit.ts';
import { root } from './copy-of-the-code.ts';

afterAll(closeClients);

const mark = newTicketId().slice(4).toLowerCase();
/** A word that nothing else says. */
const said = (what: string): string => `${what}-open-${mark}`;
/** Of whoever is forgotten: in no file, even while they can be read. */
const secretMark = newTicketId().slice(4).toLowerCase();
const named = (what: string): string => `${what}-${secretMark}`;

/** An event that says something personal wherever the contract, or a field that it does not know, lets it. */
function withPerson(event: SignedEvent, more: Record<string, unknown>, word = said): SignedEvent {
  return sign({ ...event, payload: { ...event.payload, ...more, nickname: word('nickname') } });
}

const files = [{ file_url: `https://files.example/${said('file')}`, file_name: said('file') }];

function personalEvents(id: string): SignedEvent[] {
  const told = ticket(id);
  return [
    withPerson(told.created('2026-03-02T09:00:00.000Z'), {
      customer: { telegram_user_id: 77, username: said('username'), first_name: said('first'), last_name: said('last'), language_code: 'de', contact_phone: said('phone'), email: said('email') },
      initial_message: { message_id: '1', text: said('text'), content_type: 'photo', files },
    }),
    withPerson(told.message('2026-03-02T09:01:00.000Z', 'customer', said('text')), { sender: { type: 'customer', telegram_user_id: 77, username: said('username') }, content: { text: said('text'), content_type: 'photo', files } }),
    withPerson(told.message('2026-03-02T09:02:00.000Z', { agent: 'lea' }, said('text'), true), {}),
    withPerson(told.status('2026-03-02T09:03:00.000Z', 'new', 'open'), { changed_by: { type: 'customer', id: '77', name: said('first') } }),
    withPerson(told.assigned('2026-03-02T09:04:00.000Z', { agent_id: 'lea' }), { assigned_by: { type: 'customer', id: '77', name: said('first') } }),
  ];
}

/** Tables that hold rows, with how many rows have the mark anywhere in them. */
async function tablesWithMark(): Promise<Map<string, number>> {
  const tables = await query<{ name: string }>(`
    SELECT concat('\`', database, '\`.\`', name, '\`') AS name FROM system.tables
    WHERE database NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema') AND engine LIKE '%MergeTree' ORDER BY name`);
  const found = new Map<string, number>();
  for (const { name } of tables) {
    const [row] = await query<{ n: number }>(`SELECT count() AS n FROM ${name} WHERE positionCaseInsensitive(toString(tuple(*)), {mark:String}) > 0`, { mark });
    found.set(name, row?.n ?? 0);
  }
  return found;
}

test('names, user names, phones, addresses and texts are in the database log and in no other', async () => {
  const id = newTicketId();
  const events = personalEvents(id);
  for (const event of events) expect((await send(event)).body.status).toBe('accepted');
  const [first] = events;
  expect.assert(first);
  // One that can't be used is kept as well, and as it came.
  const unusable = sign({ ...first, event_id: first.event_id.replace(/^./, (digit) => (digit === '0' ? '1' : '0')), version: '7.0' });
  expect((await send(unusable)).body.status).toBe('quarantined');
  await landed(id, events.length);
  const found = await tablesWithMark();
  expect(found.get('`log`.`event_store`'), 'what is looked for can be found').toBe(events.length);
  expect(found.size).toBeGreaterThan(15);
  expect([...found].filter(([name, rows]) => rows > 0 && !name.startsWith('`log`.'))).toStrictEqual([]);
});

test('a sealed event that comes again is the same whichever key it is sealed with, and another when its texts are of another length', async () => {
  const hashOf = (text: string): Promise<object[]> => query('SELECT toString(cityHash64(without_keys({text:String}))) AS hash', { text: `('T', '${seal(text, newKey())}', {'/payload/x':'${seal('x', newKey())}'})` });
  const [first, again, other] = await Promise.all(['Dear Mira', 'Dear Mira', 'Dear Mira!'].map(hashOf));
  expect(again).toStrictEqual(first);
  expect(other).not.toStrictEqual(first);
});

/** A customer of `sealed`, whose personal data is sealed at the door. */
function sealedStory(id: string, others: string): { readonly own: SignedEvent[]; readonly guest: SignedEvent[] } {
  const [told, other] = [ticket(id, 'sealed'), ticket(others, 'sealed')];
  const customer = { telegram_user_id: PERSON, username: named('username'), first_name: named('first'), last_name: named('last'), language_code: 'de', contact_phone: named('phone'), email: named('email') };
  const sender = { type: 'customer', telegram_user_id: PERSON, username: named('username') };
  return {
    own: [
      withPerson(told.created('2026-03-02T09:00:00.000Z'), { customer, initial_message: { message_id: '1', text: named('text'), content_type: 'photo', files: [{ file_url: `https://files.example/${named('file')}` }] }, metadata: { tier: 'vip', about: named('metadata') } }, named),
      withPerson(told.message('2026-03-02T09:01:00.000Z', 'customer', named('text')), { sender, content: { text: named('text'), content_type: 'text' } }, named),
      withPerson(told.message('2026-03-02T09:02:00.000Z', { agent: 'lea' }, `Dear ${named('first')}`), {}, named),
      told.message('2026-03-02T09:02:30.000Z', 'customer', ''),
      told.status('2026-03-02T09:03:00.000Z', 'new', 'solved'),
    ],
    guest: [
      other.created('2026-03-02T10:00:00.000Z', 'another customer asks'),
      withPerson(other.message('2026-03-02T10:01:00.000Z', 'customer'), { sender, content: { text: named('text'), content_type: 'text' } }, named),
      other.message('2026-03-02T10:02:00.000Z', { agent: 'lea' }, 'another customer is answered'),
    ],
  };
}

const PERSON = 3_000_000_000 + Math.floor(Math.random() * 1e9);

/** Files of the whole system that hold one of the words, however they are packed. */
const filesWith = async (...words: readonly string[]): Promise<string[]> => (await searchDisk([process.env['DATA_DIR'] ?? ''], words)).map(({ path }) => path);

/** What is on the disk of a system that is stopped, and of its transcripts. */
async function searchedStopped(folder: string): Promise<void> {
  const [parts, services] = [['kafka', 'clickhouse'], ['ingress', ...consumers]];
  await stop(services);
  await stop(parts);
  const dataDir = process.env['DATA_DIR'] ?? '';
  expect(await searchDisk([dataDir, folder], [secretMark])).toStrictEqual([]);
  // Who was never forgotten, and of whom nothing is sealed, is found in the log and, packed, in a table.
  const others = await searchDisk([dataDir], [mark]);
  for (const [place, isPacked] of [[join(dataDir, 'kafka'), false], [join(dataDir, 'clickhouse'), true]] as const) expect(others.some((found) => found.path.startsWith(place) && found.isPacked === isPacked), place).toBe(true);
  await start(parts);
  await start(['ingress']);
}

const forget = (folder: string, ...args: readonly string[]) =>
  run(root, ['infra/forget/forget.ts', '--integration', 'sealed', '--telegram-user-id', String(PERSON), ...args], { TRANSCRIPT_DIR: folder }).end();

/** What a person gets who asks for their data. */
async function ownData(folder: string): Promise<string> {
  const file = join(folder, 'own.json');
  const args = ['infra/destinations/destinations.ts', 'event-export', 'person', '--integration', 'sealed', '--telegram-user-id', String(PERSON), '--to', file];
  const { code, output } = await run(root, args, {}).end();
  expect(code, output).toBe(0);
  return readFile(file, 'utf8');
}

interface KeyRow {
  readonly id: string;
  readonly integration_id: string;
  readonly subject: string;
  readonly key: string;
  readonly created_at: string;
  readonly kafka_offset: string;
}

const keyRows = () => query<KeyRow>('SELECT lower(hex(reinterpretAsFixedString(key_id))) AS id, integration_id, subject, base64Encode(key) AS key, toString(created_at) AS created_at, toString(kafka_offset) AS kafka_offset FROM log.key_store WHERE length(key_store.key) = 32');

async function putBack(rows: readonly KeyRow[]): Promise<void> {
  const producer = await connectProducer(connection, [keysTopic('production')]);
  await Promise.all(rows.map(({ id, integration_id, subject, key }) => producer.append(keysTopic('production'), keyRecord({ id, bytes: Buffer.from(key, 'base64') }, { integrationId: integration_id, subject }, new Date()))));
  await producer.close();
}

/** As if nothing had been landed since. */
async function putBackInClickHouse(rows: readonly KeyRow[]): Promise<void> {
  const clickhouse = connectClickHouse(environment.clickhouseUrl);
  for (const table of ['key_store', 'erasure_store']) await clickhouse.command(`TRUNCATE TABLE log.${table}`);
  const values = rows.map(({ id, integration_id, subject, key, created_at, kafka_offset }) => `(reinterpretAsUInt64(unhex('${id}')), '${integration_id}', '${subject}', base64Decode('${key}'), '${created_at}', ${kafka_offset}, 0)`);
  await clickhouse.command(`INSERT INTO log.key_store SELECT * FROM values('key_id UInt64, integration_id String, subject String, key String, created_at DateTime64(3), kafka_offset Int64, is_deleted UInt8', ${values.join(', ')})`);
  await clickhouse.close();
}

const group = randomUUID();
const transcripts = async (folder: string, ...args: readonly string[]): Promise<string> => {
  const read = await run(root, ['services/ticket-transcript/main.ts', '--once', ...args], { TRANSCRIPT_DIR: folder, CONSUMER_GROUP: group }).end();
  expect(read.code, read.output).toBe(0);
  const texts = await Promise.all((await readdir(join(folder, 'sealed'))).filter((file) => file.endsWith('.txt')).map((file) => readFile(join(folder, 'sealed', file), 'utf8')));
  return texts.join('\n');
};

/** What reports say of these tickets, and how many there are of everything. */
const reports = (tickets: readonly string[]) => query<Record<string, unknown>>(`
  SELECT * FROM (
  SELECT 'tickets' AS report, toString(tuple(* EXCEPT metadata)) AS row FROM queue.ticket_facts FINAL WHERE ticket_id IN {tickets:Array(String)}
  UNION ALL SELECT 'metadata', metadata FROM queue.tickets WHERE ticket_id IN {tickets:Array(String)}
  UNION ALL SELECT 'agents', toString(tuple(*)) FROM agents.ticket_facts FINAL WHERE ticket_id IN {tickets:Array(String)}
  UNION ALL SELECT 'events', toString(tuple(event_id, event_type, timestamp, customer_telegram_user_id, message_id, content_content_type, length(initial_message_files))) FROM log.events WHERE ticket_id IN {tickets:Array(String)}
  UNION ALL SELECT 'public', toString(count()) FROM log.public_messages WHERE ticket_id IN {tickets:Array(String)}
  UNION ALL SELECT 'quarantine', toString(count()) FROM log.quarantine WHERE integration_id = 'sealed'
  UNION ALL SELECT 'conflicts', toString(count()) FROM log.event_id_conflicts WHERE integration_id = 'sealed'
  ) ORDER BY report, row`, { tickets });

/** As a consumer in another language reads it, with the recipe of the documentation. */
async function inPython(id: string, events: number): Promise<string> {
  const script = fileURLToPath(new URL('python_reader.py', import.meta.url));
  const { stdout } = await promisify(execFile)(environment.python, [script, eventsTopic('production'), id, String(events), join(root, 'schemas/docs/snippets')]);
  return stdout;
}

const textsOf = async (id: string): Promise<(string | null)[]> => (await query<{ text: string | null }>(`
  SELECT if(event_type = 'ticket.created', initial_message_text, content_text) AS text FROM log.events
  WHERE ticket_id = {id:String} AND event_type IN ('ticket.created', 'message.received') ORDER BY timestamp`, { id })).map(({ text }) => text);

test('a customer who is forgotten can be read nowhere, whatever is read again, and every count stays', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'forgotten-'));
  const [id, others] = [newTicketId(), newTicketId()];
  const { own, guest } = sealedStory(id, others);
  const [creation] = own;
  expect.assert(creation);
  const again = (event: SignedEvent, changes: Partial<SignedEvent>): SignedEvent => sign({ ...event, event_id: randomUUID(), ...changes });
  const unusable = [again(creation, { version: '7.0' }), again(creation, { event_type: 'unheard.of', payload: { who: { telegram_user_id: PERSON }, note: named('note') } })];
  try {
    for (const event of [...own, ...guest]) expect((await send(event)).body.status).toBe('accepted');
    for (const event of unusable) expect((await send(event)).body.status).toBe('quarantined');
    await landed(id, own.length);
    await landed(others, guest.length);
    const kept = () => query<{ payload: string }>('SELECT payload FROM log.quarantine WHERE event_id IN {ids:Array(String)} ORDER BY payload', { ids: unusable.map(({ event_id }) => event_id) });
    await eventually(async () => ((await kept()).every(({ payload }) => payload.includes(secretMark)) && (await kept()).length === 2 ? true : null), 'the bodies in quarantine, readable');
    expect(await textsOf(id)).toStrictEqual([named('text'), named('text'), `Dear ${named('first')}`, '']);
    expect(await query('SELECT metadata FROM log.events WHERE event_id = {e:String}', { e: creation.event_id })).toStrictEqual([{ metadata: JSON.stringify({ tier: 'vip', about: named('metadata') }) }]);
    expect(await transcripts(folder)).toContain(named('text'));
    const read = await inPython(id, own.length);
    for (const what of ['username', 'first', 'last', 'phone', 'email', 'text', 'file', 'metadata', 'nickname']) expect(read, what).toContain(named(what));
    expect(read).not.toMatch(/enc:v\d:|key_id/);
    const before = await reports([id, others]);
    expect(before.filter(({ report }) => report === 'metadata').map((told) => told['row'])).toStrictEqual(['', '{"tier":"vip"}']);
    expect(await filesWith(secretMark), 'no file holds it in plain, at any time').toStrictEqual([]);
    expect((await filesWith(creation.event_id)).length, 'and the search finds what is there').toBeGreaterThan(0);

    const olderCopy = await keyRows();
    expect(olderCopy.length, 'keys that might come back').toBeGreaterThan(2);
    const [theirs, trial] = await Promise.all([ownData(folder), forget(folder, '--dry-run')]);
    expect(trial.output).toMatch(/1 tickets; 2 keys would be deleted/);
    for (const what of ['username', 'first', 'last', 'phone', 'email', 'text', 'file', 'metadata']) expect(theirs, what).toContain(named(what));
    expect(theirs).not.toMatch(/enc:v\d:|another customer/);
    const done = await forget(folder, '--note', 'request 7');
    expect(done.code, done.output).toBe(0);

    expect(await textsOf(id), 'nor is it told which of them was empty').toStrictEqual([null, null, null, null]);
    const left = JSON.parse(await ownData(folder)) as { tickets: { ticket_id: string; messages: object[] }[] };
    expect(JSON.stringify(left)).not.toMatch(new RegExp(`${secretMark}|enc:v\\d:`));
    expect(left.tickets.find(({ ticket_id }) => ticket_id === id)?.messages, 'that something was said stays').toHaveLength(4);
    expect(await inPython(id, own.length)).not.toMatch(new RegExp(`${secretMark}|enc:v\\d:`));
    expect(await textsOf(others), 'what others said stays').toStrictEqual(['another customer asks', null, 'another customer is answered']);
    expect(await reports([id, others])).toStrictEqual(before);
    expect((await kept()).map(({ payload }) => payload)).toStrictEqual(['', '']);
    await eventually(async () => ((await query<object>('SELECT 1 FROM log.erasures WHERE telegram_user_id = {n:Int64} AND note = \'request 7\'', { n: PERSON })).length === 1 ? true : null), 'the erasure in log.erasures');
    for (const texts of [await transcripts(folder), await transcripts(await mkdtemp(join(folder, 'anew-')), '--from', 'beginning')]) {
      expect(texts).not.toContain(secretMark);
      expect(texts).toContain('another customer is answered');
    }

    // Sent again by the CRM with another id, what they said before stays unreadable; what they say afterwards is theirs to say.
    const [old, fresh] = [again(creation, {}), again(own[1] ?? creation, { timestamp: new Date(Date.now() + 2_000).toISOString() })];
    for (const event of [old, fresh]) expect((await send(event)).body.status).toBe('accepted');
    await landed(id, own.length + 2);
    expect(await query('SELECT customer_first_name AS first, initial_message_text AS text FROM log.events WHERE event_id = {e:String}', { e: old.event_id })).toStrictEqual([{ first: null, text: null }]);
    await eventually(async () => ((await textsOf(id)).includes(named('text')) ? true : null), 'the new message, readable');
    expect(await filesWith(secretMark)).toStrictEqual([]);

    // Copies of the disks from before the erasure: of ClickHouse's, and of Kafka's with the keys that were deleted.
    await stop(consumers);
    await putBack(olderCopy);
    expect(await run(root, ['infra/backup/backup.ts', 'log-from-archive']).end()).toMatchObject({ code: 0 });
    expect(await inPython(id, own.length + 2)).not.toContain(named('first'));
    await putBackInClickHouse(olderCopy);
    expect(await textsOf(id), 'that copy can open it').toContain(`Dear ${named('first')}`);
    await start(consumers);
    await eventually(async () => ((await textsOf(id)).slice(0, -1).every((text) => text === null) ? true : null), 'nothing readable but what is new');

    // All tables anew, from offset 0 of the log, as after the loss of ClickHouse's disk.
    const [then, backup] = [await reports([id, others]), join(folder, 'backup')];
    expect(await run(root, ['infra/backup/backup.ts', 'create', backup]).end()).toMatchObject({ code: 0 });
    await rm(join(folder, 'own.json'));
    await searchedStopped(folder);
    expect(await run(root, ['infra/backup/backup.ts', 'restore', backup, 'tables']).end()).toMatchObject({ code: 0 });
    await start(consumers);
    await landed(id, own.length + 2);
    await landed(others, guest.length);
    await eventually(async () => {
      expect(await reports([id, others])).toStrictEqual(then);
      return true;
    }, 'every count as it was');
    expect(await textsOf(id)).toStrictEqual([null, null, null, null, null, named('text')]);
    expect(await query('SELECT note FROM log.erasures WHERE telegram_user_id = {n:Int64}', { n: PERSON })).toContainEqual({ note: 'request 7' });
  } finally {
    await endAll();
    await rm(folder, { recursive: true, force: true });
  }
});
