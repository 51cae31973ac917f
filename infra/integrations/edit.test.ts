import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogRecord } from '../../services/runtime/event-log.ts';
import { kidOf, readIntegrationsFile, type IntegrationEntry } from '../../services/runtime/integrations-file.ts';
import { Refused } from '../target/refused.ts';
import { addIntegration, addSecret, newSecret, pick, readKnown, removeSecret, type IntegrationsFile, type Known } from './edit.ts';
import { isSignedBy, signedIn, signedInBody } from './last-use.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ticketstream-edit-'));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
async function fileOf(entries?: readonly IntegrationEntry[], env: NodeJS.ProcessEnv = {}): Promise<IntegrationsFile> {
  const path = join(folder, `${files++}.json`);
  if (entries !== undefined) await writeFile(path, JSON.stringify(entries));
  return { path, env };
}

const acme = { integration_id: 'acme', environment: 'production' };
const secretsOf = async ({ path, env }: IntegrationsFile): Promise<(readonly string[])[]> => (await readIntegrationsFile(path, env)).integrations.map(({ secrets }) => secrets);
async function known(file: IntegrationsFile, id = 'acme', environment?: string): Promise<readonly [readonly Known[], Known]> {
  const all = await readKnown(file);
  return [all, pick(all, id, environment)];
}

test('a rotation: the new secret stands before the old one, which goes when it is revoked, and the last one stays', async () => {
  const file = await fileOf();
  const [first, second] = [newSecret(), newSecret()];
  await addIntegration(file, acme, first);
  expect((await stat(file.path)).mode & 0o777).toBe(0o600);
  await addSecret(file, ...await known(file), second);
  expect(await secretsOf(file)).toStrictEqual([[second, first]]);
  const [all, entry] = await known(file);
  const old = entry.secrets.find(({ kid }) => kid === kidOf(first)) ?? expect.fail();
  await removeSecret(file, all, entry, old);
  expect(await secretsOf(file)).toStrictEqual([[second]]);
  const [rest, last] = await known(file);
  await expect(removeSecret(file, rest, last, last.secrets[0] ?? expect.fail())).rejects.toThrow(/only secret of acme: rotate first/);
  expect(await secretsOf(file)).toStrictEqual([[second]]);
});

test('what is refused changes nothing', async () => {
  const secret = newSecret();
  const file = await fileOf([{ ...acme, secrets: [secret], max_age_seconds: 5 }, { integration_id: 'globex', environment: 'production', secrets: [{ env: 'GLOBEX' }] }], { GLOBEX: newSecret() });
  const before = await readFile(file.path, 'utf8');
  const [all, entry] = await known(file);
  const refused: readonly (readonly [() => Promise<void>, RegExp])[] = [
    [() => addIntegration(file, acme, newSecret()), /already for production/],
    [() => addIntegration(file, { integration_id: 'initech', environment: 'production' }, secret), /acme and initech share/],
    [() => addIntegration(file, { integration_id: 'initech', environment: 'production' }, file.env['GLOBEX'] ?? ''), /globex and initech share/],
    [() => addIntegration(file, { integration_id: 'initech', environment: 'production' }, 'hunter2'), /has 7 bytes/],
    [() => addSecret(file, all, entry, 'abc'.repeat(20)), /repeats itself/],
    [() => addSecret(file, all, entry, secret), /already/],
  ];
  for (const [attempt, why] of refused) {
    const error: unknown = await attempt().then(() => null, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(Refused);
    expect((error as Refused).message).toMatch(why);
    expect((error as Refused).message).not.toContain(secret);
  }
  expect(await readFile(file.path, 'utf8')).toBe(before);
});

test('where secrets are files of a folder, a new one is a file and a revoked one is deleted', async () => {
  const secrets = join(folder, 'secrets');
  await mkdir(secrets);
  const [old, another] = [newSecret(), newSecret()];
  await writeFile(join(secrets, 'old'), `${old}\n`);
  const file = await fileOf([{ ...acme, secrets: [{ folder: 'secrets' }, { env: 'MORE' }] }], { MORE: another });
  const before = await readFile(file.path, 'utf8');
  const secret = newSecret();
  await addSecret(file, ...await known(file), secret);
  expect((await readdir(secrets)).sort()).toStrictEqual([kidOf(secret), 'old'].sort());
  const [all, entry] = await known(file);
  await removeSecret(file, all, entry, entry.secrets.find((one) => one.secret === old) ?? expect.fail());
  expect([existsSync(join(secrets, 'old')), await readFile(file.path, 'utf8')]).toStrictEqual([false, before]);
  const [later, same] = await known(file);
  await removeSecret(file, later, same, same.secrets.find((one) => one.secret === another) ?? expect.fail());
  expect(await secretsOf(file)).toStrictEqual([[secret]]);
});

test('an integration of several environments is named with one', async () => {
  const file = await fileOf([{ ...acme, secrets: [newSecret()] }, { ...acme, environment: 'staging', secrets: [newSecret()] }]);
  const all = await readKnown(file);
  expect(() => pick(all, 'acme', undefined)).toThrow(/in production and staging/);
  expect(pick(all, 'acme', 'staging').entry.environment).toBe('staging');
  expect(() => pick(all, 'globex', undefined)).toThrow(/no integration globex; there are acme \(production\), acme \(staging\)/);
});

test('a record of the log says which secret signed it, and so does a body in quarantine', () => {
  const signature = createHmac('sha256', 'ours').update('e1ticket.creatednow').digest('hex');
  const signed = signedIn({ headers: { signature, ce_id: 'e1', ce_type: 'ticket.created', ce_time: 'now' } } as unknown as LogRecord);
  expect([isSignedBy(signed, 'ours'), isSignedBy(signed, 'theirs'), isSignedBy({ ...signed, signature: '' }, 'ours')]).toStrictEqual([true, false, false]);
  const body = signedInBody(Buffer.from(JSON.stringify({ event_id: 'e1', event_type: 'ticket.created', timestamp: 'now', signature })));
  expect(body).toStrictEqual(signed);
  for (const unreadable of [null, Buffer.from('enc:v1:…'), Buffer.from('{}'), Buffer.from('null')]) expect(signedInBody(unreadable)).toBeNull();
});
