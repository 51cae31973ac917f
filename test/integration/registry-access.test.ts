// A registry that wants a user, a password and TLS of its own authority, and a ClickHouse with TLS: put before the real
// ones by a small proxy here.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as plainRequest, type IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { registerWithId } from '../../infra/schemas/ids.ts';
import { readConfig, registrySettings } from '../../services/runtime/config.ts';
import { idOfText, readLock, readReleases, SchemaRegistry } from '../../services/runtime/registry/registry.ts';
import { Authority } from '../system/certificates.ts';
import { environment } from '../system/support.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const USER = 'ticketstream';
const PASSWORD = 'pässword: with "marks" %41';

let folder: string;
let authority: Authority;
const servers: Server[] = [];
let env: Record<string, string>;
let clickhouseUrl = '';
const paths = new Set<string>();

/** TLS before one of the parts. @returns its address */
async function guarded(behind: URL, isKnown: (request: IncomingMessage) => boolean): Promise<string> {
  const { certFile, keyFile } = await authority.certificate(`guard${servers.length}`);
  const [key, cert] = await Promise.all([readFile(keyFile), readFile(certFile)]);
  const server = createServer({ key, cert }, (request, response) => {
    if (!isKnown(request)) {
      response.writeHead(401).end('{"error_code": 401, "message": "who are you?"}');
      return;
    }
    const passed = plainRequest(new URL(request.url ?? '', behind), { method: request.method, headers: { ...request.headers, host: behind.host } }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `https://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ticketstream-access-'));
  authority = await Authority.make(folder);
  const expected = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
  const behind = new URL(environment.registryUrl);
  const registryUrl = await guarded(behind, ({ headers, url }) => {
    if (headers.authorization === expected) paths.add(new URL(url ?? '', behind).pathname.split('/').slice(1, 4).join('/'));
    return headers.authorization === expected;
  });
  clickhouseUrl = await guarded(new URL(environment.clickhouseUrl), () => true);
  await writeFile(join(folder, 'password'), `${PASSWORD}\n`);
  env = {
    SCHEMA_REGISTRY_URL: `${registryUrl}${behind.pathname}`,
    SCHEMA_REGISTRY_USER: USER,
    SCHEMA_REGISTRY_PASSWORD_FILE: join(folder, 'password'),
    SCHEMA_REGISTRY_CA_FILE: authority.caFile,
  };
});

afterAll(async () => {
  for (const server of servers) server.close();
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

test('ClickHouse is asked over TLS, by Node\'s own variable for an authority of one\'s own', async () => {
  const ask = (more: Readonly<Record<string, string>>): Promise<{ stdout: string }> =>
    run(process.execPath, ['infra/start/run.mjs', 'infra/config/config.ts', 'show'], { cwd: root, env: { ...process.env, CLICKHOUSE_URL: clickhouseUrl, ...more }, maxBuffer: 2 ** 26 });
  const [{ stdout }, refused] = await Promise.all([ask({ NODE_EXTRA_CA_CERTS: authority.caFile }), ask({}).catch((error: unknown) => error)]);
  expect(stdout).toMatch(/calendar|desk|nothing/i);
  expect(refused).toMatchObject({ code: 3, stderr: expect.stringMatching(/CLICKHOUSE_UNAVAILABLE.*certificate/) as string });
});
