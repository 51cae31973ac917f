// The door on the running system: what is the same event, what limits apply to it, and what it
// says of itself while its integrations file is broken.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { eventsTopic } from '../../services/runtime/event-log.ts';
import { kidOf } from '../../services/runtime/integrations-file.ts';
import { readTail } from '../../services/runtime/kafka/consumer.ts';
import { connection } from '../system/quarantine-cli.ts';
import { fuzz } from '../fuzz/run.ts';
import { closeClients, eventually, ingressUrl, landed, newTicketId, query, send, sign, ticket, type SignedEvent } from '../system/support.ts';

afterAll(closeClients);

const projectDir = fileURLToPath(new URL('../..', import.meta.url));

const status = async (event: SignedEvent): Promise<string> => {
  const { body } = await send(event);
  return body.status ?? body.error?.code ?? '';
};

const now = (secondsAgo = 0): string => new Date(Date.now() - secondsAgo * 1_000).toISOString();

const inEnvironment = (event: SignedEvent, environment: string | undefined, secret: string): SignedEvent =>
  sign({ ...event, source: { ...event.source, environment } as SignedEvent['source'] }, secret);

test('an event of one integration in two environments is an event of each', async () => {
  const id = newTicketId();
  const event = ticket(id, 'twofold').created(now());
  expect(await status(inEnvironment(event, 'staging', 'twofold-secret'))).toBe('accepted');
  expect(await status(inEnvironment(event, 'production', 'twofold-secret'))).toBe('accepted');
  expect(await status(inEnvironment(event, 'staging', 'twofold-staging'))).toBe('duplicate');
  expect(await status(inEnvironment(event, undefined, 'twofold-secret')), 'production, as the first in the file').toBe('duplicate');
  expect(await status(inEnvironment(event, 'lab', 'twofold-secret')), 'of an environment that there is not').toBe('quarantined');
  await landed(id, 1);
  expect(await query('SELECT integration_id, event_id FROM log.events WHERE ticket_id = {id:String}', { id })).toStrictEqual([{ integration_id: 'twofold', event_id: event.event_id }]);
  let inStaging = 0;
  await readTail(connection, eventsTopic('staging'), 1_000, ({ headers }) => {
    if (headers['ce_id'] === event.event_id) inStaging += 1;
  });
  expect(inStaging).toBe(1);
});

test('a secret of one environment does not open the other', async () => {
  const event = ticket(newTicketId(), 'twofold').created(now());
  expect(await status(inEnvironment(event, 'production', 'twofold-staging'))).toBe('quarantined');
  expect(await status(inEnvironment(event, 'staging', 'twofold-staging'))).toBe('accepted');
  expect(await status(inEnvironment(event, 'production', 'twofold-staging')), 'the event of staging is none of production').toBe('quarantined');
});

test('the age limit is for new events: the retry of one that is kept is a duplicate', async () => {
  const event = ticket(newTicketId(), 'punctual').created(now(3));
  expect(await status(event)).toBe('accepted');
  await sleep(2_500);
  expect(await status(event)).toBe('duplicate');
  expect(await status(ticket(newTicketId(), 'punctual').created(now(6)))).toBe('too_old');
});

test('an age is told of the times that we know, and of nothing else', async () => {
  const at = (timestamp: string): Promise<string> => status(ticket(newTicketId(), 'punctual').created(timestamp));
  for (const old of ['1990-12-31T23:59:60Z', '2020-03-02 09:00:00z', '2020-03-02t09:00:00.123456789-23:59']) expect(await at(old), old).toBe('too_old');
  // Some would read a Date in these.
  for (const none of ['2020', '2 March 2020', '2020-03-02T24:00:00Z', '2020-02-30 09:00:00Z', 'soon']) expect(await at(none), none).toBe('quarantined');
});

test('retries of kept events use up nothing of the rate', async () => {
  const event = ticket(newTicketId(), 'limited').created(now());
  await eventually(async () => ((await status(event)) === 'rate_limited' ? null : true), 'the limit lets one in');
  await sleep(1_100);
  const retries = await Promise.all(Array.from({ length: 30 }, () => status(event)));
  expect([...new Set(retries)]).toStrictEqual(['duplicate']);
  const others = await Promise.all(Array.from({ length: 5 }, () => status(ticket(newTicketId(), 'limited').created(now()))));
  expect([...new Set(others)]).toStrictEqual(['accepted']);
});

test('what a sender makes up gets into no metric and into no header at full length', async () => {
  const event = ticket(newTicketId()).message(now(), 'customer');
  const long = (change: object): SignedEvent => sign({ ...event, event_id: randomUUID(), ...change });
  expect(await status(long({ version: `1.${'9'.repeat(900_000)}` }))).toBe('quarantined');
  expect(await status(long({ event_id: 'x'.repeat(900_000) }))).toBe('quarantined');
  expect(await status(long({ event_type: 'x'.repeat(900_000) }))).toBe('quarantined');
  for (let minor = 0; minor < 50; minor++) expect(await status(long({ version: `1.${1_000 + minor}` }))).toBe('accepted');
  const page = await (await fetch(`${ingressUrl}/metrics`)).text();
  expect(page.split('\n').filter((line) => line.startsWith('ticketstream_unlisted_versions_total{') && line.includes('version="unlisted"')).length).toBe(1);
  expect(page.length, `${page.length} characters`).toBeLessThan(100_000);
});

test('a broken integrations file shows in readiness and a metric, changes nothing, and is forgotten when it is mended', async () => {
  const file = process.env['INTEGRATIONS_FILE'] ?? expect.fail();
  const whole = await readFile(file, 'utf8');
  const state = async (): Promise<string> => {
    const ready = await fetch(`${ingressUrl}/health/ready`);
    const { warnings = [] } = await ready.json() as { warnings?: string[] };
    const [, gauge] = /^ticketstream_integrations_file_valid\{[^}]*\} (\d)/m.exec(await (await fetch(`${ingressUrl}/metrics`)).text()) ?? [];
    return `${ready.status} ${gauge ?? ''} ${warnings.join()}`.trim();
  };
  const reaches = (wanted: RegExp): Promise<unknown> => eventually(async () => (wanted.test(await state()) ? true : null), String(wanted), 10_000);
  try {
    await writeFile(file, whole.replace('globex-secret', 'acme-secret'));
    await reaches(/^200 0 .*acme and globex share a secret/);
    expect(await status(ticket(newTicketId(), 'globex').created(now()))).toBe('accepted');
    await writeFile(file, whole.replace('"environment":"staging"', '"environment":"lab"'));
    await reaches(/^200 0 .*is in lab.*INGRESS_ENVIRONMENTS/);
  } finally {
    await writeFile(file, whole);
  }
  await reaches(/^200 1$/);
});

test('made-up requests and malformed messages: no 5xx, no crash, no stuck connection, nothing private in the log (all of it: npm run fuzz)', async () => {
  const { answers, problems } = await fuzz({
    port: Number(new URL(ingressUrl).port), metricsUrl: `${ingressUrl}/metrics`, logFile: join(process.env['DATA_DIR'] ?? '', 'logs', 'ingress.log'), integrationId: 'fuzzed', secret: 'a secret that is in no log',
  }, { requests: 3_000, messages: 600, seed: 1 });
  expect(problems).toStrictEqual([]);
  for (const status of ['200', '400', '401', '404', '405', '413', '415', '431']) expect(answers[status], status).toBeGreaterThan(0);
});

test('a secret is rotated without a refused event, and the old one can’t be revoked while it is in use', async () => {
  const integrations = (...args: string[]): Promise<{ code: number; text: string }> => new Promise((resolve) => {
    execFile(process.execPath, ['infra/start/run.mjs', 'infra/integrations/integrations.ts', ...args], { cwd: projectDir }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), text: stdout + stderr }));
  });
  const shown = ({ code, text }: { code: number; text: string }): string => (code === 0 ? /secret of rotating: (\w+)/.exec(text)?.[1] : undefined) ?? expect.fail(text);
  const accepts = (secret: string): Promise<unknown> => eventually(async () => ((await status(sign(ticket(newTicketId(), 'rotating').created(now()), secret))) === 'accepted' ? true : null), 'the door takes the secret', 10_000);
  const first = shown(await integrations('add', 'rotating'));
  await accepts(first);
  const second = shown(await integrations('rotate', 'rotating'));
  expect(await status(sign(ticket(newTicketId(), 'rotating').created(now()), first))).toBe('accepted');
  const refused = await integrations('revoke', 'rotating', kidOf(first));
  expect([refused.code, /signed an event at 20.*--anyway/.test(refused.text), refused.text.includes(first)]).toStrictEqual([2, true, false]);
  await accepts(second);
  expect((await integrations('revoke', 'rotating', kidOf(first), '--anyway')).code).toBe(0);
  await eventually(async () => ((await status(sign(ticket(newTicketId(), 'rotating').created(now()), first))) === 'unauthorized' ? true : null), 'the old secret is refused', 10_000);
  await accepts(second);
});
