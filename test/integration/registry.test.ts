// The registry as the deploy command leaves it: the same ids as in the repository, and a refusal
// of its own for what the contract tests should have caught.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { RuntimeError } from '../../services/runtime/errors.ts';
import { readLock, readReleases, sameSchema, SchemaRegistry, writeLock } from '../../services/runtime/registry/registry.ts';
import { closeClients, environment } from '../system/support.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const registry = new SchemaRegistry(environment.registryUrl);
const folder = await mkdtemp(join(tmpdir(), 'ticketstream-registry-'));

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await closeClients();
});

const schemas = (args: readonly string[], env: Record<string, string> = {}) =>
  promisify(execFile)(process.execPath, ['infra/start/run.mjs', 'infra/schemas/schemas.ts', ...args], { cwd: root, env: { ...process.env, ...env } });

const refused = (error: unknown): boolean => error instanceof RuntimeError && error.code === 'SCHEMA_REFUSED' && error.message.includes('409');

const recordWith = (fields: readonly object[]): string => JSON.stringify({ type: 'record', name: 'Trial', namespace: 'trial', fields });

test('a fresh registry has every release under the id that the repository gives it', async () => {
  const lock = await readLock(process.env['SCHEMAS_LOCK'] ?? '');
  for (const { id, record, schema } of await readReleases()) {
    expect(sameSchema((await registry.schemaById(id)) ?? '{}', schema), record).toBe(true);
    const locked = lock.filter((entry) => entry.subject.endsWith(`-${record}`) && sameSchema(entry.schema, schema));
    expect(locked.length, `${record} is in the lock for every environment`).toBeGreaterThanOrEqual(2);
    expect(new Set(locked.map((entry) => entry.id))).toStrictEqual(new Set([id]));
  }
});

test('the registry refuses with 409 what old consumers could not read, and what new ones could not', async () => {
  const [subject = ''] = (await registry.subjects()).filter((name) => name.endsWith('StatusChanged'));
  const [first] = await registry.schemasOf(subject);
  const record = JSON.parse(first?.schema ?? '{}') as { fields: { name: string }[] };
  const without = { ...record, fields: record.fields.filter(({ name }) => name !== 'new_status') };
  const withRequired = { ...record, fields: [...record.fields, { name: 'reason', type: 'string' }] };
  for (const change of [without, withRequired]) {
    const schema = JSON.stringify(change);
    expect(await registry.incompatibilities(subject, schema)).not.toStrictEqual([]);
    await expect(registry.register(subject, schema)).rejects.toSatisfy(refused);
  }
});

test('of two incompatible schemas registered at once for a new subject, one is refused', async () => {
  const subject = `trial-${randomUUID()}`;
  await registry.setCompatibility(subject, 'FULL_TRANSITIVE');
  await registry.register(subject, recordWith([{ name: 'a', type: 'string' }]));
  const rivals = [recordWith([{ name: 'a', type: 'string' }, { name: 'b', type: 'string' }]), recordWith([{ name: 'a', type: 'long' }])];
  const results = await Promise.allSettled(rivals.map((schema) => registry.register(subject, schema)));
  expect(results.every((result) => result.status === 'rejected' && refused(result.reason))).toBe(true);
  expect((await registry.schemasOf(subject)).length).toBe(1);
});

test('two deployments at once, of another environment, end with the same ids', async () => {
  const locks = ['one.json', 'two.json'].map((name) => join(folder, name));
  await Promise.all(locks.map((SCHEMAS_LOCK) => schemas([], { SCHEMAS_LOCK, ENVIRONMENTS: 'race' })));
  const [one, two] = await Promise.all(locks.map(readLock));
  expect(one).toStrictEqual(two);
  const ids = new Set((await readReleases()).map(({ id }) => id));
  expect(one?.every(({ id }) => ids.has(id))).toBeTruthy();
});

test('a registry that contradicts the ids of the log is refused, and neither it nor the lock is touched', async () => {
  const [release] = await readReleases();
  expect.assert(release !== undefined);
  const other = `trial-${randomUUID()}`;
  const id = await registry.register(other, recordWith([{ name: 'other', type: 'string' }]));
  const lock = join(folder, 'contradicted.json');
  const contradicted = [{ id, subject: `crm.production.ticket-events-${release.record}`, schema: release.schema }];
  await writeLock(lock, contradicted);
  for (const args of [[], ['restore']]) {
    await expect(schemas(args, { SCHEMAS_LOCK: lock })).rejects.toSatisfy((error: { code?: number; stderr?: string }) => {
      expect(error.code).toBe(1);
      expect(error.stderr ?? '').toMatch(new RegExp(`id ${id} is .* and another schema in the registry[^]*go on from the lock`));
      return true;
    });
  }
  expect(await readLock(lock)).toStrictEqual(contradicted);
  expect((await registry.schemaById(id)) ?? '').toMatch(/"other"/);
});

test('a second deployment and a restore change nothing; the dry run says so', async () => {
  const before = await readLock(process.env['SCHEMAS_LOCK'] ?? '');
  await schemas([]);
  expect((await schemas(['restore'])).stdout).toMatch(/^the registry agrees with/);
  expect(await readLock(process.env['SCHEMAS_LOCK'] ?? '')).toStrictEqual(before);
  const { stdout } = await schemas(['--dry-run']);
  for (const line of stdout.trim().split('\n')) expect(line).toMatch(/: unchanged$/);
});
