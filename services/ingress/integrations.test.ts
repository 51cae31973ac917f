import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger } from '../runtime/logger.ts';
import { readIntegrations, watchIntegrations, type Integration } from './integrations.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ticketstream-integrations-'));
});
afterAll(() => rm(folder, { recursive: true }));

const logger = createLogger('ingress', 'fatal');
const acme: Integration = { integration_id: 'acme', environment: 'production', secrets: ['acme-1', 'acme-2'] };
const globex: Integration = { integration_id: 'globex', environment: 'production', secrets: ['globex-1'] };

let files = 0;
async function file(content: unknown): Promise<string> {
  files += 1;
  const path = join(folder, `${files}.json`);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

test('two integrations that share a secret are refused, with both names and without the secret', async () => {
  for (const secret of ['acme-2', 'acme-2\u0000']) {
    await expect(readIntegrations(await file([acme, { ...globex, secrets: ['globex-1', secret] }]))).rejects.toSatisfy((error: Error) => {
      expect(error.message).toMatch(/acme and globex share a secret/);
      expect(error.message).not.toMatch(/acme-2/);
      return true;
    });
  }
});

test('an integration whose id no event can have is refused', async () => {
  for (const [id, problem] of [['\ud800', 'unpaired surrogate'], [' \u200b', 'blanks or invisible'], ['x'.repeat(513), 'more than 512 characters']] as const) {
    await expect(readIntegrations(await file([acme, { ...globex, integration_id: id }]))).rejects.toThrow(new RegExp(`/1/integration_id has .*${problem}`));
  }
});

test('one integration may have one secret in two environments, and an environment once', async () => {
  expect((await readIntegrations(await file([acme, { ...acme, environment: 'staging' }, globex]))).length).toBe(3);
  await expect(readIntegrations(await file([acme, globex, { ...acme, secrets: ['another'] }]))).rejects.toThrow(/acme is listed twice for production/);
});

test('an integration in an environment that is not taken is refused with what to do', async () => {
  const path = await file([acme, { ...globex, environment: 'staging' }]);
  await expect(watchIntegrations(path, ['production'], logger)).rejects.toThrow(/globex is in staging.*ENVIRONMENT=staging.*INGRESS_ENVIRONMENTS/);
  const watched = await watchIntegrations(path, [], logger);
  expect(watched.environments()).toStrictEqual(['production', 'staging']);
  watched.close();
});

test('a file that can’t be used on reload is told until it is mended, and the one before stays', async () => {
  const path = await file([acme]);
  const watched = await watchIntegrations(path, ['production'], logger);
  const warned = async (wanted: RegExp | null): Promise<void> => {
    for (let attempt = 0; attempt < 100; attempt++) {
      const [warning] = watched.warnings();
      if (wanted === null ? warning === undefined : wanted.test(warning ?? '')) return;
      await sleep(50);
    }
    expect.fail(`${String(wanted)}: ${watched.warnings().join()}`);
  };
  try {
    const bad: readonly (readonly [unknown, RegExp])[] = [
      ['[{"integration_id": ', /is not JSON/],
      [[{ integration_id: 'acme' }], /must have required property/],
      [[{ ...acme, environment: 'staging' }], /acme is in staging/],
    ];
    for (const [content, wanted] of bad) {
      await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
      await warned(wanted);
      expect(watched.find('acme')).toStrictEqual([acme]);
    }
    await rm(path);
    await warned(/no such file/);
    await writeFile(path, JSON.stringify([acme, globex]));
    await warned(null);
    expect(watched.find('globex')).toStrictEqual([globex]);
  } finally {
    watched.close();
  }
});
