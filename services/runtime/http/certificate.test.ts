import { execFileSync } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createLogger } from '../logger.ts';
import { renewCertificate, watchCertificate } from './certificate.ts';
import { createHttpServer } from './server.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ticketstream-certificate-'));
});
afterAll(() => rm(folder, { recursive: true }));

const logger = createLogger('door', 'silent');

/** A key and a certificate that it signs itself. */
function make(name: string, days: number): { cert: string; key: string } {
  const files = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', String(days), '-subj', `/CN=${name}`, '-keyout', files.key, '-out', files.cert], { stdio: 'ignore' });
  return files;
}

/** The status of an answer, and who the server says it is. */
async function shown(port: number): Promise<readonly [number | undefined, string | string[] | undefined]> {
  const asking = request({ port, host: '127.0.0.1', path: '/', rejectUnauthorized: false, agent: false }).end();
  const [answer] = await once(asking, 'response') as [{ statusCode?: number; socket: TLSSocket; resume: () => void }];
  const name = answer.socket.getPeerCertificate().subject.CN;
  answer.resume();
  return [answer.statusCode, name];
}

test('a renewed certificate is shown without a restart, and one that does not fit its key changes nothing', async () => {
  const [files, renewed] = [make('first', 100), make('second', 3)];
  let onRenewed: Parameters<typeof watchCertificate>[2] = () => undefined;
  const certificate = await watchCertificate(files, logger, (next) => onRenewed(next));
  const { app } = createHttpServer({ paths: [], toRefusal: (error) => ({ status: 500, code: 'internal', message: String(error) }), certificate: certificate.current });
  onRenewed = (next) => renewCertificate(app.server, next);
  app.get('/', () => 'there');
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  try {
    expect(await shown(port)).toStrictEqual([200, 'first']);
    expect(certificate.warnings()).toStrictEqual([]);
    await rename(renewed.cert, files.cert);
    await vi.waitUntil(() => certificate.warnings().some((warning) => warning.includes('can\'t be used')), { timeout: 10_000 });
    expect(await shown(port)).toStrictEqual([200, 'first']);
    await rename(renewed.key, files.key);
    await vi.waitUntil(async () => (await shown(port))[1] === 'second', { timeout: 10_000, interval: 100 });
    expect(certificate.warnings().join()).toMatch(/^the certificate .*first\.pem is valid until \d{4}-/);
  } finally {
    certificate.close();
    await app.close();
  }
});

test('who speaks no TLS, or begins and says no more, is cut off', async () => {
  const certificate = await watchCertificate(make('patient', 100), logger, () => undefined);
  const { app } = createHttpServer({ paths: [], toRefusal: (error) => ({ status: 500, code: 'internal', message: String(error) }), certificate: certificate.current, requestTimeoutMs: 300 });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  try {
    for (const said of ['GET / HTTP/1.1\r\nhost: x\r\n\r\n', '\x16\x03\x01']) {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.on('error', () => undefined).resume();
      socket.write(said);
      await Promise.race([once(socket, 'close'), sleep(10_000).then(() => expect.fail(`${JSON.stringify(said)} is still connected`))]);
    }
    expect((await shown(port))[0]).toBe(404);
  } finally {
    certificate.close();
    await app.close();
  }
});

test('files that can\'t be used are refused at the start, with their names', async () => {
  const [one, other] = [make('one', 10), make('other', 10)];
  await writeFile(join(folder, 'text'), 'hello');
  for (const files of [{ cert: one.cert, key: other.key }, { cert: join(folder, 'text'), key: one.key }, { cert: one.cert, key: join(folder, 'absent') }]) {
    await expect(watchCertificate(files, logger, () => undefined)).rejects.toThrow(files.key);
  }
});
