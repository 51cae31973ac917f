import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environmentsOf, unreadIntegrations } from './environments.ts';
import { startSystem } from '../start/start.ts';
import { freePorts } from '../../test/system/free-ports.ts';

let folder = '';
let file = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ticketstream-environments-'));
  file = join(folder, 'integrations.json');
  await writeFile(file, JSON.stringify([
    { integration_id: 'acme', environment: 'production', secrets: ['a'] },
    { integration_id: 'initech', environment: 'staging', secrets: ['b'] },
  ]));
});
afterAll(() => rm(folder, { recursive: true }));

test('a stack does not start with integrations whose events nothing of it reads, and says what to do', async () => {
  const [kafka = 0, kafkaController = 0, registry = 0, clickhouse = 0, ingress = 0, healthBase = 0] = await freePorts(6);
  const start = (env: Record<string, string>): Promise<unknown> => startSystem({ dataDir: join(folder, 'data'), env: { ...process.env, INTEGRATIONS_FILE: file, ...env }, ports: { kafka, kafkaController, registry, clickhouse, ingress, healthBase } });
  await expect(start({ INGRESS_ENVIRONMENTS: '' })).rejects.toThrow(/initech is in staging, which no service of this stack reads.*ENVIRONMENT=staging.*INGRESS_ENVIRONMENTS=production,staging/);
  await expect(start({ INGRESS_ENVIRONMENTS: '', ENVIRONMENT: 'staging' })).rejects.toThrow(/acme is in production/);
  expect(await unreadIntegrations(file, ['production', 'staging'])).toStrictEqual([]);
});

test('topics and schemas are for the configured environments and those of the integrations', async () => {
  await writeFile(file, JSON.stringify([{ integration_id: 'acme', environment: 'lab', secrets: ['a'] }]));
  expect(await environmentsOf({ ENVIRONMENTS: ['production'], INTEGRATIONS_FILE: file })).toStrictEqual(['production', 'lab']);
});

test('a file that can’t be read is named', async () => {
  await writeFile(file, '[{');
  await expect(unreadIntegrations(file, ['production'])).rejects.toThrow(/integrations\.json cannot be read: it is not JSON/);
  await writeFile(file, '[{"integration_id": "acme"}]');
  await expect(unreadIntegrations(file, ['production'])).rejects.toThrow(/each with an environment/);
});
