import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import type { Answer } from './answers.ts';
import { Live, type Watch } from './live.ts';

const answerOf = (n: number, at = n): Answer => ({ query: 'now/cells', title: '', about: '', sql: '', columns: [], rows: [{ n }], at: new Date(at).toISOString(), took_ms: 1, read_rows: 1 });

const open: (() => void)[] = [];
const loggedOut = new Set<string>();
afterEach(() => {
  for (const close of open.splice(0)) close();
});

const EVERY_MS = 60;

/** A server whose pages all watch the same, or what their path says. */
async function served(ask: (path: string) => Promise<Answer>) {
  const live = new Live(EVERY_MS);
  const server = createServer((request, response) => {
    const watch: Watch = { key: request.url ?? '', ask: () => ask(request.url ?? ''), mayLook: () => !loggedOut.has(request.url ?? ''), explain: (error) => ({ status: 500, code: 'failed', message: String(error) }) };
    live.join(watch, response, {});
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(() => {
    live.stop();
    server.close();
    server.closeAllConnections();
  });
  const page = async (path = '/'): Promise<{ heard: () => string; close: () => void }> => {
    const request = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', path, agent: false });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    response.on('error', () => undefined);
    return { heard: () => text, close: () => request.destroy() };
  };
  return { live, page };
}

test('two hundred pages that look at the same share each query, and each page hears the same answers', async () => {
  let [asked, last] = [0, 10_000];
  const { live, page } = await served(() => Promise.resolve(answerOf(Math.min(asked += 1, last))));
  const pages = await Promise.all(Array.from({ length: 200 }, () => page()));
  expect(live.pages).toBe(200);
  last = asked + 2;
  await vi.waitUntil(() => pages.every(({ heard }) => heard().includes(`"n":${last}}`)), { timeout: 20_000 });
  const numbersOf = (text: string): string[] => [...text.matchAll(/"n":(\d+)/g)].map(([, n = '']) => n);
  // Asked once for each: two pages never hear different answers, whenever they joined.
  for (const { heard } of pages) expect(numbersOf(heard()).slice(-2)).toStrictEqual([String(last - 1), String(last)]);
});

test('what has not changed is said in a line, and a page that joins later gets the whole at once', async () => {
  let at = 0;
  const { page } = await served(() => Promise.resolve(answerOf(7, at += 1)));
  const first = await page();
  await vi.waitUntil(() => first.heard().includes('event: same'), { timeout: 10_000 });
  expect(first.heard().match(/event: answer/g)?.length).toBe(1);
  const later = await page();
  await vi.waitUntil(() => later.heard().includes('"n":7'));
});

test('a question that fails is told as a failure, to those who asked it only; after the last page nothing is asked', async () => {
  const asked: string[] = [];
  const { live, page } = await served((path) => {
    asked.push(path);
    return path === '/bad' ? Promise.reject(new Error('no answer')) : Promise.resolve(answerOf(1));
  });
  const [good, bad] = await Promise.all([page('/good'), page('/bad')]);
  await vi.waitUntil(() => bad.heard().includes('event: failed') && good.heard().includes('event: answer'));
  expect(good.heard()).not.toContain('failed');
  good.close();
  bad.close();
  await vi.waitUntil(() => live.pages === 0);
  await new Promise((resolve) => setTimeout(resolve, 3 * EVERY_MS));
  const before = asked.length;
  await new Promise((resolve) => setTimeout(resolve, 3 * EVERY_MS));
  expect(asked.length).toBe(before);
});

test('who logs out has no page left that goes on showing', async () => {
  let asked = 0;
  const { live, page } = await served(() => Promise.resolve(answerOf(asked += 1)));
  const own = await page('/logged-in');
  await vi.waitUntil(() => own.heard().includes('event: answer'));
  loggedOut.add('/logged-in');
  await vi.waitUntil(() => live.pages === 0);
});
