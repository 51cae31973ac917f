// A registry that wants a user, a password and TLS of its own authority: both put before the real
// one by a small proxy here.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as plainRequest } from 'node:http';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { registerWithId } from '../../infra/schemas/ids.ts';
import { readConfig, registrySettings } from '../../services/runtime/config.ts';
import { idOfText, readLock, readReleases, SchemaRegistry } from '../../services/runtime/registry/registry.ts';
import { environment } from '../system/support.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const USER = 'ticketstream';
const PASSWORD = 'pässword: with "marks" %41';

let folder: string;
let server: Server;
let env: Record<string, string>;
const paths = new Set<string>();

/** An authority of our own, and a certificate for 127.0.0.1 that it signed. */
async function certificate(): Promise<{ key: string; cert: string; caFile: string }> {
  const file = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): Promise<unknown> => run('openssl', args);
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl('req', '-x509', ...fresh, '-days', '2', '-subj', '/CN=Test authority', '-keyout', file('ca.key'), '-out', file('ca.pem'));
  await openssl('req', ...fresh, '-subj', '/CN=registry', '-keyout', file('key.pem'), '-out', file('request.pem'));
  await writeFile(file('names'), 'subjectAltName=IP:127.0.0.1\n');
  await openssl('x509', '-req', '-in', file('request.pem'), '-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-set_serial', '1', '-days', '2', '-extfile', file('names'), '-out', file('cert.pem'));
  return { key: await readFile(file('key.pem'), 'utf8'), cert: await readFile(file('cert.pem'), 'utf8'), caFile: file('ca.pem') };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ticketstream-access-'));
  const { key, cert, caFile } = await certificate();
  const expected = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
  const behind = new URL(environment.registryUrl);
  server = createServer({ key, cert }, (request, response) => {
    if (request.headers.authorization !== expected) {
      response.writeHead(401).end('{"error_code": 401, "message": "who are you?"}');
      return;
    }
    paths.add(new URL(request.url ?? '', behind).pathname.split('/').slice(1, 4).join('/'));
    const passed = plainRequest(new URL(request.url ?? '', behind), { method: request.method, headers: { ...request.headers, host: behind.host } }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await writeFile(join(folder, 'password'), `${PASSWORD}\n`);
  env = {
    SCHEMA_REGISTRY_URL: `https://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}${behind.pathname}`,
    SCHEMA_REGISTRY_USER: USER,
    SCHEMA_REGISTRY_PASSWORD_FILE: join(folder, 'password'),
    SCHEMA_REGISTRY_CA_FILE: caFile,
  };
});

afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const registryWith = (changed: Readonly<Record<string, string>>): SchemaRegistry => SchemaRegistry.of(readConfig(registrySettings, { ...env, ...changed }));
const recordWith = (mark: string): string => JSON.stringify({ type: 'record', name: 'Trial', namespace: 'trial', doc: mark, fields: [{ name: 'a', type: 'string' }] });

test('user, password and authority are those of the configuration, for what the package asks and for what we add', async () => {
  const registry = registryWith({});
  const subject = `trial-${randomUUID()}`;
  const schema = recordWith(subject);
  const id = idOfText(schema);
  expect(await registerWithId(registry, subject, schema, id), 'Apicurio’s import, which is no part of Confluent’s API, is asked the same way').toBe(id);
  expect(await registry.idOf(subject, schema)).toBe(id);
  expect((await registry.schemaById(id)) ?? '').toMatch(/Trial/);
  expect(await registry.incompatibilities(subject, schema)).toStrictEqual([]);
  expect((await registry.schemasOf(subject)).length).toBe(1);
  expect((await registry.subjects())).toContain(subject);
  expect({ ...((await registry.decode(await registry.encode(id, { a: 'ä' }))) as object) }).toStrictEqual({ a: 'ä' });
  expect(paths).toStrictEqual(new Set(['apis/ccompat/v7', 'apis/registry/v3']));
});

test('the deploy command works behind them too', async () => {
  const lock = join(folder, 'lock.json');
  const { stdout, stderr } = await run(process.execPath, ['infra/start/run.mjs', 'infra/schemas/schemas.ts'], { cwd: root, env: { ...process.env, ...env, SCHEMAS_LOCK: lock, ENVIRONMENTS: 'guarded', INTEGRATIONS_FILE: '' } });
  const ids = new Set((await readReleases()).map(({ id }) => id));
  const locked = await readLock(lock);
  expect(locked.length > 0 && locked.every(({ id }) => ids.has(id)), stdout).toBe(true);
  expect(`${stdout}${stderr}`).not.toContain('pässword');
});

test('without them the error names the variable to set, and no password', async () => {
  await expect(registryWith({ SCHEMA_REGISTRY_CA_FILE: '' }).subjects()).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE', message: /SCHEMA_REGISTRY_CA_FILE/ });
  for (const wrong of [{ SCHEMA_REGISTRY_USER: 'somebody' }, { SCHEMA_REGISTRY_PASSWORD_FILE: '', SCHEMA_REGISTRY_PASSWORD: 'wrong-secret' }]) {
    for (const ask of [(registry: SchemaRegistry) => registry.subjects(), (registry: SchemaRegistry) => registry.schemaById(1), (registry: SchemaRegistry) => registry.register('trial', recordWith('x'))]) {
      await expect(ask(registryWith(wrong))).rejects.toSatisfy((error: Error & { code?: string }) => {
        expect(error.code).toBe('REGISTRY_UNAVAILABLE');
        expect(error.message).toMatch(/401.*SCHEMA_REGISTRY_USER and SCHEMA_REGISTRY_PASSWORD/);
        expect(error.message).not.toMatch(/wrong-secret|pässword/);
        return true;
      });
    }
  }
});
