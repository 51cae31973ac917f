import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger } from '../runtime/logger.ts';
import { weakness, type Integration } from '../runtime/integrations-file.ts';
import { readIntegrations as readWith, watchIntegrations as watchWith } from './integrations.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ticketstream-integrations-'));
});
afterAll(() => rm(folder, { recursive: true }));

const logger = createLogger('ingress', 'fatal');
const readIntegrations = async (path: string): Promise<Integration[]> => (await readWith(path, {})).integrations;
const watchIntegrations = (path: string, accepted: readonly string[], { env = {}, isPublic = false }: { env?: NodeJS.ProcessEnv; isPublic?: boolean } = {}) => watchWith(path, { accepted, env, isPublic }, logger);
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
  await expect(watchIntegrations(path, ['production'])).rejects.toThrow(/globex is in staging.*ENVIRONMENT=staging.*INGRESS_ENVIRONMENTS/);
  const watched = await watchIntegrations(path, []);
  expect(watched.environments()).toStrictEqual(['production', 'staging']);
  watched.close();
});

test('a file that can’t be used on reload is told until it is mended, and the one before stays', async () => {
  const path = await file([acme]);
  const watched = await watchIntegrations(path, ['production']);
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

test('a secret may be in the environment, in a file, or be one of a folder\'s', async () => {
  const secrets = join(folder, 'mounted');
  await mkdir(secrets);
  await writeFile(join(secrets, 'b'), 'of-the-folder-b\n');
  await writeFile(join(secrets, 'a'), 'of-the-folder-a');
  await writeFile(join(secrets, '.hidden'), 'not this');
  await writeFile(join(folder, 'one'), 'of a file\n');
  const path = await file([{ ...acme, secrets: [{ env: 'ACME' }, { file: 'one' }, { folder: 'mounted' }, 'plain'] }]);
  const watched = await watchIntegrations(path, [], { env: { ACME: 'of-env' } });
  try {
    expect(watched.find('acme')[0]?.secrets).toStrictEqual(['of-env', 'of a file', 'of-the-folder-a', 'of-the-folder-b', 'plain']);
    await writeFile(join(secrets, 'c'), 'of-the-folder-c');
    await expect.poll(() => watched.find('acme')[0]?.secrets.includes('of-the-folder-c'), { timeout: 10_000 }).toBe(true);
    await writeFile(join(folder, 'one'), 'rotated');
    await expect.poll(() => watched.find('acme')[0]?.secrets[1], { timeout: 10_000 }).toBe('rotated');
    await rm(join(folder, 'one'));
    await expect.poll(() => watched.warnings().join(), { timeout: 10_000 }).toMatch(/\/0\/secrets\/1: ENOENT/);
    expect(watched.find('acme')[0]?.secrets[1]).toBe('rotated');
  } finally {
    watched.close();
  }
});

test('a secret that is nowhere is told with its place, and no other secret', async () => {
  await mkdir(join(folder, 'empty'));
  await writeFile(join(folder, 'blank'), '\n');
  const path = await file([{ ...acme, secrets: ['hush-hush', { env: 'ABSENT' }, { file: 'absent' }, { folder: 'empty' }, { file: 'blank' }] }]);
  await expect(readIntegrations(path)).rejects.toSatisfy(({ message }: Error) => {
    for (const [place, why] of [[1, 'the variable ABSENT is empty'], [2, 'ENOENT'], [3, 'holds no file'], [4, 'blank is empty']] as const) expect(message).toMatch(new RegExp(`/0/secrets/${place}: .*${why}`));
    return !message.includes('hush');
  });
  await expect(readIntegrations(await file([{ ...acme, secrets: [{ vault: 'x' }] }]))).rejects.toThrow(/\/0\/secrets\/0 must match/);
});

test('a door that anybody may reach takes no secret that can be guessed, and names it by its kid', async () => {
  const strong = { ...acme, secrets: ['f3a9c1d27b6e5048a1b2c3d4e5f60718'] };
  (await watchIntegrations(await file([strong]), [], { isPublic: true })).close();
  const path = await file([strong, { ...globex, secrets: ['globex-secret'] }]);
  await expect(watchIntegrations(path, [], { isPublic: true })).rejects.toSatisfy(({ message }: Error) => /globex: the secret [0-9a-f]{6} has 13 bytes/.test(message) && !message.includes('globex-secret'));
  (await watchIntegrations(path, [])).close();
  for (const [secret, isWeak] of [['a'.repeat(64), true], ['abc'.repeat(20), true], ['whsec_c2VjcmV0', true], [`whsec_${Buffer.from('0123456789abcdefghijklmn').toString('base64')}`, false], ['short', true]] as const) {
    expect(weakness(secret) !== null, secret).toBe(isWeak);
  }
});
