// Each part loses its disk in turn, and everything is there again: from the backup, from the log, or from the archive.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readUsers, usersFile, writeUsers } from '../../infra/access/users.ts';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { alertsTopic, eventsTopic } from '../../services/runtime/event-log.ts';
import { readTail } from '../../services/runtime/kafka/consumer.ts';
import { connectProducer } from '../../services/runtime/kafka/producer.ts';
import { consumers, emptyStack, start, stop } from '../system/empty-stack.ts';
import { connection } from '../system/quarantine-cli.ts';
import { closeClients, control, environment, eventually, landed, newTicketId, query, send, sendUntilAccepted, ticket } from '../system/support.ts';

const dataDir = process.env['DATA_DIR'] ?? '';
const accessFile = usersFile(join(dataDir, 'clickhouse'));
let folder = '';
beforeAll(async () => {
  await emptyStack();
  folder = await mkdtemp(join(tmpdir(), 'ticketstream-backup-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await closeClients();
});

function run(file: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ['infra/start/run.mjs', file, ...args], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout + stderr);
      else reject(new Error(`${file} ${args.join(' ')}: code ${String(error.code)}\n${stdout}${stderr}`));
    });
  });
}
const backup = (...args: string[]): Promise<string> => run('infra/backup/backup.ts', ...args);
const reconcile = (): Promise<string> => run('infra/reconcile/reconcile.ts', '--facts', 'full');

const at = (minute: number): string => new Date(Date.UTC(2026, 2, 2, 9, minute)).toISOString();
async function story(integration = 'acme'): Promise<string> {
  const id = newTicketId();
  const { created, message, status } = ticket(id, integration);
  for (const event of [created(at(0), 'hello'), message(at(5), { agent: 'lea' }), status(at(9), 'open', 'solved')]) await sendUntilAccepted(event);
  return id;
}
const checksum = (): Promise<unknown> => query(`
  SELECT * FROM
  (
      SELECT 'events' AS what, count() AS n, toString(sum(cityHash64(tuple(* EXCEPT late_seconds)))) AS checksum FROM log.events
      UNION ALL SELECT 'facts', count(), toString(sum(cityHash64(tuple(*)))) FROM queue.ticket_facts FINAL
      UNION ALL SELECT 'quarantine', count(), toString(sum(cityHash64(event_id, reason, payload, status))) FROM log.quarantine
  )
  ORDER BY what`);

/** A message whose is_private is a text, a record that nobody can read, and a ticket: what there is to lose. */
async function somethingToLose(): Promise<string> {
  const broken = ticket(newTicketId()).message(at(0), 'customer');
  broken.payload['is_private'] = 'yes';
  expect((await send(broken)).body.status).toBe('quarantined');
  const unreadable = randomUUID();
  const producer = await connectProducer(connection, [eventsTopic('production')]);
  await producer.append(eventsTopic('production'), { key: newTicketId(), value: Buffer.from('no Avro at all'), headers: { ce_id: unreadable } });
  await producer.close();
  const id = await story();
  await landed(id, 3);
  const ids = [broken.event_id, unreadable];
  await eventually(async () => ((await query('SELECT 1 FROM log.quarantine WHERE event_id IN {ids:Array(String)}', { ids })).length === ids.length ? true : null), 'what is in quarantine');
  return id;
}

/** What no event says: an alert that was told of, and a reply that a rule sent. */
async function rememberedToo(key: string, state: string): Promise<void> {
  const producer = await connectProducer(connection, [alertsTopic('production')]);
  await producer.append(alertsTopic('production'), { key, value: Buffer.from(`{"state":"${state}"}`), headers: {} });
  await producer.close();
  const clickhouse = connectClickHouse(environment.clickhouseUrl);
  await clickhouse.command(`INSERT INTO log.rule_action_store SELECT 'acme', '${key}', 'e', 'r', 0, 'reply', '${state}', now64(6)`);
  await clickhouse.close();
}
const alerts = async (): Promise<Record<string, string>> => {
  const found: Record<string, string> = {};
  await readTail(connection, alertsTopic('production'), 1_000, ({ key, value }) => {
    if (key?.startsWith('test/of-') === true) found[key] = value?.toString() ?? '';
  });
  return found;
};
const ruleActions = (): Promise<unknown> => query('SELECT ticket_id, state FROM log.rule_actions WHERE startsWith(ticket_id, \'test/of-\') ORDER BY ticket_id');

/** Stops what depends on a part, and starts the part on an empty disk. */
async function loseDisk(part: string, dependants: readonly string[]): Promise<void> {
  await stop(dependants);
  await stop([part]);
  await rm(join(dataDir, part), { recursive: true });
  await start([part]);
}

test('a backup is made, brought up to date, for its owner’s eyes only, and tells damage', async () => {
  await somethingToLose();
  await rememberedToo('test/of-1', 'old');
  await backup('create', folder);
  await somethingToLose();
  await rememberedToo('test/of-1', 'done');
  await rememberedToo('test/of-2', 'done');
  writeUsers(accessFile, [{ kind: 'administrator', name: 'boss', sha256: '0'.repeat(64), salt: '0'.repeat(32) }]);
  expect(await backup('create', folder)).toMatch(/records, .*integrations\.json/);
  expect(await backup('verify', folder)).toMatch(/is whole/);
  expect(await backup('list', folder)).toContain('production');
  expect((await stat(folder)).mode & 0o077).toBe(0);
  expect((await stat(join(folder, 'integrations.json'))).mode & 0o077).toBe(0);
  const lock = await readFile(join(folder, 'schemas.lock.json'), 'utf8');
  await writeFile(join(folder, 'schemas.lock.json'), `${lock} `);
  await expect(backup('verify', folder)).rejects.toThrow(/schemas\.lock\.json is not what was written/);
  await expect(backup('restore', folder, 'schemas')).rejects.toThrow(/is damaged, and nothing has changed/);
  await writeFile(join(folder, 'schemas.lock.json'), lock);
});

test('the registry and the integrations lose their disks: nothing is lost', async () => {
  const before = await checksum();
  const integrations = await readFile(process.env['INTEGRATIONS_FILE'] ?? '', 'utf8');
  await loseDisk('registry', []);
  await rm(process.env['SCHEMAS_LOCK'] ?? '');
  await rm(process.env['INTEGRATIONS_FILE'] ?? '');
  await backup('restore', folder, 'schemas');
  await backup('restore', folder, 'integrations');
  await rm(accessFile);
  await backup('restore', folder, 'users');
  expect(readUsers(accessFile).map(({ name }) => name)).toStrictEqual(['boss']);
  await rm(accessFile);
  expect(await readFile(process.env['INTEGRATIONS_FILE'] ?? '', 'utf8')).toBe(integrations);
  await control({ action: 'restart', name: 'ingress' });
  await landed(await story('globex'), 3);
  expect(await checksum()).not.toStrictEqual(before);
});

test('Kafka loses its disk: what the backup has comes from there, what came after it from the archive', async () => {
  await somethingToLose();
  await stop(['ingress']);
  const before = await checksum();
  await loseDisk('kafka', consumers);
  await run('infra/topics/topics.ts');
  await backup('restore', folder, 'log');
  expect(await backup('log-from-archive')).toMatch(/written again from the archive/);
  expect(await backup('log-from-archive')).toMatch(/the log has all that the archive has/);
  const told = { 'test/of-1': '{"state":"done"}', 'test/of-2': '{"state":"done"}' };
  expect(await alerts()).toStrictEqual(told);
  await start(consumers);
  await reconcile();
  expect(await checksum()).toStrictEqual(before);
  await start(['ingress']);
  await landed(await story(), 3);
});

test('ClickHouse loses its disk: it is made of the log again', async () => {
  await stop(['ingress']);
  const before = await checksum();
  const effects = await ruleActions();
  await loseDisk('clickhouse', consumers);
  await run('infra/migrate/migrate.ts');
  expect(await backup('restore', folder, 'tables')).toMatch(/will read .* records of the log from its start/);
  await start(consumers);
  expect(await ruleActions()).toStrictEqual(effects);
  await eventually(async () => (JSON.stringify(await checksum()) === JSON.stringify(before) ? true : null), 'every table as it was');
  await reconcile();
  await start(['ingress']);
});
