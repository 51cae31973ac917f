import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import S3rver from '@20minutes/s3rver';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBucket } from './bucket.ts';
import { digestOf } from './manifest.ts';
import { readSmall } from './target.ts';

let folder = '';
let store: S3rver;
let proxy: Server;
let endpoint = '';
let directly = '';
/** What the proxy does with a request: passes it on; answers 503; passes it on and drops the answer; answers as S3 where an object is already, or after another's was written. */
type Does = 'pass' | 'busy' | 'lose' | 'exists' | 'theirs first';
let fault: (method: string, url: string) => Does = () => 'pass';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'event-export-s3-'));
  store = new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory: folder, configureBuckets: [{ name: 'exports' }] });
  const { port } = await store.run();
  directly = `http://127.0.0.1:${port}`;
  proxy = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming;
    const does = fault(method, url);
    if (does === 'busy') {
      incoming.resume();
      outgoing.writeHead(503, { 'retry-after': '0' }).end('<Error><Code>SlowDown</Code></Error>');
      return;
    }
    const exists = (): void => void outgoing.writeHead(412).end('<Error><Code>PreconditionFailed</Code></Error>');
    if (does === 'exists' || does === 'theirs first') {
      incoming.resume();
      if (does === 'exists') exists();
      else void writeAsAnother(decodeURIComponent(url.split('?')[0] ?? '')).then(exists);
      return;
    }
    const onward = request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      if (does === 'lose') {
        answer.resume().on('end', () => outgoing.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
});
afterAll(async () => {
  proxy.close();
  proxy.closeAllConnections();
  await store.close();
  await rm(folder, { recursive: true });
});

/** Beside the proxy. */
async function writeAsAnother(path: string): Promise<void> {
  const other = openBucket({ bucket: 'exports', endpoint: directly, access_key_id: 'S3RVER', secret_access_key: 'S3RVER' });
  await other.create(path.replace(/^\/exports\//, ''), 'theirs');
  other.close();
}

const open = (secret = 'S3RVER') => openBucket({ bucket: 'exports', prefix: 'crm', endpoint, access_key_id: 'S3RVER', secret_access_key: secret });
const once = (does: 'busy' | 'lose', which: RegExp): void => {
  let done = false;
  fault = (method, url) => {
    if (done || !which.test(`${method} ${url}`)) return 'pass';
    done = true;
    return does;
  };
};

test('an object is there whole, after answers that were lost and a server that was busy', async () => {
  const target = open();
  const parts = Array.from({ length: 40 }, (_, index) => Buffer.alloc(500_000, index));
  const wanted = (await digestOf(Readable.from(parts))).sha256;
  for (const [index, [does, which]] of ([['busy', /^POST .*uploads/], ['lose', /^PUT .*partNumber=2/], ['busy', /^POST .*uploadId/], ['lose', /^POST .*uploadId/]] as const).entries()) {
    once(does, which);
    await target.write(`whole-${index}`, Readable.from(parts));
    const back = await target.open(`whole-${index}`);
    expect(back === null ? null : (await digestOf(back)).sha256).toBe(wanted);
  }
  fault = () => 'pass';
  target.close();
});

test('what is there is not written again; the same is taken for ours, since an answer may have been lost', async () => {
  const target = open();
  const write = (text: string): Promise<void> => target.write('small', Readable.from([Buffer.from(text)]));
  let puts = 0;
  fault = (method) => (method !== 'PUT' ? 'pass' : ++puts === 1 ? 'lose' : 'exists');
  await write('ours');
  await write('ours');
  await expect(write('other')).rejects.toMatchObject({ code: 'EXPORT_TARGET_UNAVAILABLE' });
  fault = () => 'pass';
  expect((await readSmall(target, 'small'))?.toString()).toBe('ours');
  target.close();
});

test('nothing is there of what broke off while it was written', async () => {
  const target = open();
  const broken = Readable.from((function* () {
    for (let index = 0; index < 40; index++) yield Buffer.alloc(500_000, index);
    throw new Error('ClickHouse went away');
  })());
  await expect(target.write('half', broken)).rejects.toThrow();
  expect(await target.open('half')).toBeNull();
  target.close();
});

test('the first of two creates a file, and it can be removed', async () => {
  const target = open();
  expect(await target.create('manifest.json', 'first')).toBe(true);
  expect(await target.create('manifest.json', 'second')).toBe(false);
  expect((await readSmall(target, 'manifest.json'))?.toString()).toBe('first');
  await target.remove('manifest.json');
  expect(await readSmall(target, 'manifest.json')).toBeNull();
  target.close();
});

test('a creation whose answer was lost is ours, whether the store knows If-None-Match or not; anything else there is somebody else’s', async () => {
  const target = open();
  for (const [index, knowsIt] of [true, false].entries()) {
    const path = `created-${index}.json`;
    let puts = 0;
    fault = (method) => (method !== 'PUT' ? 'pass' : ++puts === 1 ? 'lose' : knowsIt ? 'exists' : 'pass');
    expect(await target.create(path, 'ours')).toBe(true);
    expect(puts).toBe(2);
    fault = () => 'pass';
    expect(await target.create(path, 'ours')).toBe(true);
    expect(await target.create(path, 'theirs')).toBe(false);
    expect((await readSmall(target, path))?.toString()).toBe('ours');
  }
  // Somebody came between our look and our write.
  fault = (method) => (method === 'PUT' ? 'theirs first' : 'pass');
  expect(await target.create('raced.json', 'ours')).toBe(false);
  fault = () => 'pass';
  target.close();
});

test('a wrong key is told as one, without the key; a server that stays away is waited for by whoever asked', async () => {
  const refused = open('not-the-secret');
  await expect(refused.write('x', Readable.from([Buffer.from('x')]))).rejects.toMatchObject({ code: 'EXPORT_TARGET_REFUSED', retriable: false, message: expect.not.stringContaining('not-the-secret') as string });
  fault = () => 'busy';
  const target = open();
  await expect(target.create('x', 'x')).rejects.toMatchObject({ code: 'EXPORT_TARGET_UNAVAILABLE', retriable: true });
  fault = () => 'pass';
  refused.close();
  target.close();
});
