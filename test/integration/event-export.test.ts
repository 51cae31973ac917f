// The archive as files, by the command that an operator runs: killed on the way, run again, and compared with what ClickHouse has.
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import S3rver from '@20minutes/s3rver';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectProducer } from '../../services/runtime/kafka/producer.ts';
import { newDataFolder } from '../system/data-folder.ts';
import { encoded, headersOf } from '../system/log-records.ts';
import { connection, writtenSchemaId } from '../system/quarantine-cli.ts';
import { closeClients, eventually, newTicketId, query, ticket, type SignedEvent } from '../system/support.ts';
import { endAll, run } from './consumer-kit.ts';

const tenant = 'umbrella';
const topic = 'crm.production.ticket-events';
const DAY = 86_400_000;
const midnight = Math.floor(Date.now() / DAY) * DAY;
const dayText = (daysAgo: number): string => new Date(midnight - daysAgo * DAY).toISOString().slice(0, 10);
/** An instant of a day. */
const on = (daysAgo: number, hour = 12): string => new Date(midnight - daysAgo * DAY + hour * 3_600_000).toISOString();

let folder = '';
let userFiles = '';
let store: S3rver;
let port = 0;
beforeAll(async () => {
  folder = await newDataFolder();
  store = new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory: await mkdtemp(join(tmpdir(), 'event-export-store-')), configureBuckets: [{ name: 'exports' }] });
  ({ port } = await store.run());
  await query("INSERT INTO FUNCTION file('event-export-place.csv', CSV, 'a Int32') SELECT 1").catch(() => undefined);
  const [row] = await query<{ path: string }>("SELECT any(_path) AS path FROM file('event-export-place.csv', CSV, 'a Int32')");
  userFiles = dirname(row?.path ?? '');
});
afterAll(async () => {
  await endAll();
  await closeClients();
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

const projectDir = fileURLToPath(new URL('../..', import.meta.url));
const eventExport = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, ['infra/start/run.mjs', 'infra/destinations/destinations.ts', 'event-export', ...args],
      { cwd: projectDir, env: { ...process.env, DESTINATIONS_FILE: join(folder, 'destinations.json'), EXPORT_GRACE_SECONDS: '10', ...env } },
      (_error, stdout, stderr) => resolve({ code: child.exitCode, signal: child.signalCode, output: stdout + stderr }));
  });

/** As another producer of the log would, with a time of receipt of its choice. */
async function append(events: readonly (readonly [SignedEvent, string])[]): Promise<void> {
  const producer = await connectProducer(connection, [topic]);
  try {
    await Promise.all(events.map(async ([event, receivedAt]) => producer.append(topic, {
      key: String(event.payload['ticket_id']), value: encoded(event, await writtenSchemaId(topic, event.event_type)), headers: { ...headersOf(event), received_at: receivedAt },
    })));
  } finally {
    await producer.close();
  }
}

const archived = (ids: readonly string[]): Promise<unknown> => eventually(async () => {
  const [row] = await query<{ n: number }>('SELECT count() AS n FROM log.events WHERE event_id IN {ids:Array(String)}', { ids });
  return row?.n === ids.length ? true : null;
}, 'events in the archive');

const filesIn = async (root: string): Promise<string[]> => (await readdir(join(root), { recursive: true })).filter((file) => /\.(parquet|gz|json)$/.test(file)).sort();

/** Rows that the archive and the files have not in common, by day of receipt; files are read as ClickHouse reads them. */
async function differences(files: readonly string[], view: string, where: string): Promise<unknown[]> {
  const names = await Promise.all(files.map(async (file, index) => {
    const name = `event-export-${process.pid}-${index}.parquet`;
    await copyFile(file, join(userFiles, name));
    return name;
  }));
  const columns = view === 'log.events' ? '*' : '* EXCEPT (kafka_partition, kafka_offset)';
  const rows = `SELECT ${columns} FROM ${view} WHERE integration_id = '${tenant}' AND ${where}`;
  const read = names.map((name) => `SELECT * FROM file('${name}', Parquet)`).join(' UNION ALL ');
  // Texts, since a file may tell an enumeration of values as text.
  const text = (sql: string): string => `SELECT event_id, cityHash64(toString(tuple(COLUMNS('^(ticket_id|text|content_text|initial_message_text|timestamp|received_at|extra|metadata)$')))) AS content FROM (${sql})`;
  try {
    return await query(`SELECT event_id, count() AS n, groupArray(side) AS sides FROM (SELECT *, 'archive' AS side FROM (${text(rows)}) UNION ALL SELECT *, 'file' AS side FROM (${text(read)})) GROUP BY event_id, content HAVING sides != ['archive', 'file'] AND sides != ['file', 'archive']`);
  } finally {
    // The next file that has this stack searches its disk.
    for (const name of names) await rm(join(userFiles, name));
  }
}

test('every event of a closed day is in one file, whatever kills the export; late ones are in another; nothing private is for customers', async () => {
  const [first, second] = [ticket(newTicketId(), tenant), ticket(newTicketId(), tenant)];
  const note = first.message(on(5), { agent: 'lea' }, 'PRIVATE-NOTE about them', true);
  const opening = first.created(on(5), 'Where is my parcel? مرحبا 🎁\n"quoted", \\ and <b>');
  const events: [SignedEvent, string][] = [
    [opening, on(5)], [note, on(5, 13)], [first.message(on(5), { agent: 'lea' }, 'On its way'), on(5, 14)], [first.status(on(4), 'open', 'solved'), on(4)],
    [second.created(on(4)), on(4)], [second.message(on(4), 'customer', 'x'.repeat(4_000)), on(4)], [second.message(on(1), 'customer', 'yesterday'), on(1)],
  ];
  await append(events);
  // The log has one of them twice, received on another day: it counts once, on its first.
  await archived(events.map(([event]) => event.event_id));
  await append([[opening, on(4)]]);
  const formats = { profiles: ['audit', 'customer'], formats: ['parquet', 'ndjson'] };
  await writeFile(join(folder, 'secret'), 'S3RVER\n');
  await writeFile(join(folder, 'destinations.json'), JSON.stringify({ [tenant]: { event_export: { to: { folder: join(folder, 'out') }, ...formats } } }));

  // Until now minus a day: yesterday is not over yet.
  const early = { EXPORT_GRACE_SECONDS: '86400' };
  expect(await eventExport(['run'], { ...early, FAILPOINT: 'file' })).toMatchObject({ signal: 'SIGKILL' });
  expect(await eventExport(['run'], { ...early, FAILPOINT: 'before-manifest#2' })).toMatchObject({ signal: 'SIGKILL' });
  const whole = await eventExport(['run'], early);
  expect(whole, whole.output).toMatchObject({ code: 0 });
  const root = join(folder, 'out', tenant);
  const before = await filesIn(root);
  expect(before.some((file) => file.includes(dayText(1)))).toBe(false);
  const audit = (names: readonly string[], profile = 'audit'): string[] => names.filter((file) => file.startsWith(`${profile}/`) && file.endsWith('.parquet')).map((file) => join(root, file));
  expect(await differences(audit(before), 'log.events', `received_at < '${dayText(1)}'`)).toStrictEqual([]);

  // Later: yesterday is over, and something has come for an exported day.
  const late = second.message(on(5), 'customer', 'late');
  await append([[late, on(5)]]);
  await archived([late.event_id]);
  const again = await eventExport(['run']);
  expect(again, again.output).toMatchObject({ code: 0 });
  const after = await filesIn(root);
  expect(after.filter((file) => !before.includes(file) && file.includes('audit')).map((file) => file.replace(/^.*\//, ''))).toStrictEqual(
    [`${dayText(1)}.late.ndjson.gz`, `${dayText(1)}.late.parquet`, `${dayText(1)}.ndjson.gz`, `${dayText(1)}.parquet`, expect.stringMatching(/^\d+\.json$/)]);
  expect(await differences(audit(after), 'log.events', `received_at < '${dayText(0)}'`)).toStrictEqual([]);
  expect(await differences(audit(after, 'customer'), 'log.public_messages', `received_at < '${dayText(0)}'`)).toStrictEqual([]);
  const lines = (await Promise.all(after.filter((file) => file.endsWith('.gz')).map(async (file) => ({ file, text: gunzipSync(await readFile(join(root, file))).toString() }))));
  const of = (profile: string): string => lines.filter(({ file }) => file.startsWith(`${profile}/`)).map(({ text }) => text).join('');
  expect(of('audit')).toContain('PRIVATE-NOTE');
  expect(of('customer')).not.toMatch(/PRIVATE-NOTE|lea/);
  expect(of('customer').split('\n').filter((line) => line.includes('parcel'))).toHaveLength(1);
  expect((JSON.parse(of('customer').split('\n').find((line) => line.includes('parcel')) ?? '') as { text: string }).text).toBe('Where is my parcel? مرحبا 🎁\n"quoted", \\ and <b>');

  expect(await eventExport(['verify', join(folder, 'out')])).toMatchObject({ code: 0, output: expect.stringContaining('audit is whole') as string });
  await writeFile(audit(after)[0] ?? '', 'other');
  expect(await eventExport(['verify'])).toMatchObject({ code: 1, output: expect.stringMatching(/is not what was written[^]*audit is DAMAGED[^]*customer is whole/) as string });
});

test('the same goes to a bucket; a person gets what is theirs; what is away is told', async () => {
  const bucket = { bucket: 'exports', prefix: 'crm', endpoint: `http://127.0.0.1:${port}`, access_key_id: 'S3RVER', secret_access_key_file: 'secret' };
  await writeFile(join(folder, 'destinations.json'), JSON.stringify({ [tenant]: { event_export: { to: bucket, profiles: ['customer'], formats: ['ndjson'] } } }));
  // Before the service begins: two that export to one place are not what is tried here.
  const [page, away] = await Promise.all([
    eventExport(['person', '--telegram-user-id', '4503599627370495', '--integration', tenant, '--to', join(folder, 'person.html')]),
    eventExport(['run'], { CLICKHOUSE_URL: 'http://127.0.0.1:9' }),
  ]);
  const exporter = run(projectDir, ['services/event-export/main.ts'], { DESTINATIONS_FILE: join(folder, 'destinations.json'), EXPORT_GRACE_SECONDS: '10', EXPORT_EVERY_SECONDS: '1' });
  await eventually(async () => (/exported_events_total\{.*kind="day".*\} [1-9]/.test(await exporter.metrics()) && exporter.output().includes(`"through":"${dayText(1)}"`) ? true : null), 'all days in the bucket');
  expect(await exporter.ready()).toStrictEqual({ status: 'ready' });
  expect((await exporter.end('SIGTERM')).code).toBe(0);
  expect(exporter.output()).not.toContain('S3RVER');
  expect(page, page.output).toMatchObject({ code: 0 });
  const html = await readFile(join(folder, 'person.html'), 'utf8');
  expect(html).toContain('Where is my parcel? مرحبا 🎁\n&quot;quoted&quot;, \\ and &lt;b&gt;');
  expect(html).toContain('On its way');
  expect(html).not.toContain('PRIVATE-NOTE');
  expect(away, away.output).toMatchObject({ code: 3 });
  expect(await eventExport(['verify'])).toMatchObject({ code: 0, output: expect.stringContaining('customer is whole') as string });
});
