// The registry goes away, comes back empty, comes back with other ids: services go on from the
// lock and say what is wrong, no event is quarantined, and one command puts the same ids back.
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { readLock, sameSchema, SchemaRegistry } from '../../services/runtime/registry/registry.ts';
import { closeClients, control, environment, eventually, landed, newTicketId, query, sendUntilAccepted, ticket } from '../system/support.ts';

afterAll(closeClients);

const root = fileURLToPath(new URL('../..', import.meta.url));
const registry = new SchemaRegistry(environment.registryUrl);
const lock = await readLock(process.env['SCHEMAS_LOCK'] ?? '');
const ids = [...new Set(lock.map(({ id }) => id))];
const services = ['ingress', 'queue-analytics', 'agent-analytics', 'event-archive'];

const restore = () => promisify(execFile)(process.execPath, ['--import', 'tsx', 'infra/schemas/schemas.ts', 'restore'], { cwd: root, env: process.env });

async function warningsAt(service: string): Promise<string[] | null> {
  const response = await fetch(`${environment.healthUrls[service] ?? ''}/health/ready`).catch(() => null);
  if (response?.status !== 200) return null;
  return ((await response.json()) as { warnings?: string[] }).warnings ?? [];
}

/** Every service is ready all the same, and has just this to say. */
const everyServiceWarns = (of: RegExp | null): Promise<unknown> => Promise.all(services.map((service) => eventually(async () => {
  const warnings = await warningsAt(service);
  if (warnings === null) return null;
  return (of === null ? warnings.length === 0 : warnings.some((warning) => of.test(warning))) ? true : null;
}, `${service} is ready with ${of === null ? 'no warning' : String(of)}`)));

async function wrongSchemas(service: string, finding: string): Promise<number> {
  const text = await (await fetch(`${environment.healthUrls[service] ?? ''}/metrics`)).text();
  return Number(new RegExp(`^ticketstream_registry_wrong_schemas\\{[^}]*finding="${finding}"[^}]*\\} (\\d+)`, 'm').exec(text)?.[1]);
}

async function anEventGoesThrough(): Promise<void> {
  const id = newTicketId();
  const event = ticket(id).created('2026-03-02T09:00:00.000Z', 'without a registry');
  await sendUntilAccepted(event);
  await landed(id, 1);
  expect(await query('SELECT reason FROM log.quarantine WHERE event_id = {e:String}', { e: event.event_id })).toStrictEqual([]);
}

async function replaceByEmpty(): Promise<void> {
  await control({ action: 'stop', name: 'registry' });
  await rm(join(process.env['DATA_DIR'] ?? '', 'registry'), { recursive: true });
  await control({ action: 'start', name: 'registry' });
}

async function registryAgrees(): Promise<void> {
  for (const { id, schema } of lock) expect(sameSchema((await registry.schemaById(id)) ?? '{}', schema), String(id)).toBe(true);
}

test('every service starts and works while the registry is down, and says so', async () => {
  await control({ action: 'stop', name: 'registry' });
  await Promise.all(services.map((service) => control({ action: 'restart', name: service })));
  await everyServiceWarns(/does not answer/);
  await anEventGoesThrough();
  await control({ action: 'start', name: 'registry' });
  await everyServiceWarns(null);
});

test('a registry that comes back empty is noticed by every service, which go on; restore puts the same ids back', async () => {
  await replaceByEmpty();
  await everyServiceWarns(/lacks the schema ids.*npm run schemas -- restore/);
  for (const service of services) expect(await wrongSchemas(service, 'missing'), service).toBe(ids.length);
  await anEventGoesThrough();
  await restore();
  await registryAgrees();
  await everyServiceWarns(null);
  for (const service of services) expect(await wrongSchemas(service, 'missing'), service).toBe(0);
});

test('restore puts the same ids back where somebody registered the same schemas under others', async () => {
  await replaceByEmpty();
  for (const { subject, schema } of lock) expect(ids).not.toContain(await registry.register(subject, schema));
  await everyServiceWarns(/lacks the schema ids/);
  await restore();
  await registryAgrees();
  await everyServiceWarns(null);
  await anEventGoesThrough();
});
