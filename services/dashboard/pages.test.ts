import { expect, test } from 'vitest';
import { loadPages } from './pages.ts';

const MOST_BYTES = 250 * 1_024;

test('the pages weigh little and ask no other host for anything', async () => {
  const pages = await loadPages();
  expect([...pages.keys()].filter((path) => path.endsWith('.js')).length).toBeGreaterThan(0);
  expect([...pages.values()].reduce((sum, { gzipped }) => sum + gzipped.length, 0)).toBeLessThan(MOST_BYTES);
  const index = pages.get('/index.html')?.body.toString() ?? '';
  // The policy forbids scripts and styles in the page itself.
  expect(index).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/);
  for (const [path, { body }] of pages) {
    const hosts = [...body.toString().matchAll(/(?:https?:)?\/\/([a-z0-9-]+\.[a-z0-9.-]+)/gi)].map(([, host = '']) => host);
    expect(hosts.filter((host) => host !== 'www.w3.org'), path).toStrictEqual([]);
  }
}, 60_000);
