import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Accounts } from '../local/clickhouse/accounts.ts';
import { hasPassword, LIMITS, newPassword, readUsers, UnusableUsers, usersFile, writeUsers, type User } from './users.ts';

const folder = mkdtempSync(join(tmpdir(), 'users-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = usersFile(folder);

const { password, ...login } = newPassword();
const mira: User = { kind: 'analyst', name: 'mira', ...login, integrations: ['acme'], limits: LIMITS };

describe('the list of users', () => {
  it('is kept for its owner alone, and holds no password', () => {
    expect(readUsers(file)).toStrictEqual([]);
    writeUsers(file, [mira]);
    expect(readUsers(file)).toStrictEqual([mira]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toContain(password);
    expect([hasPassword(mira, password), hasPassword(mira, `${password} `), hasPassword(mira, '')]).toStrictEqual([true, false, false]);
  });

  it.each([
    ['no list', '{}'], ['no JSON', '[{'], ['an unknown kind', [{ ...mira, kind: 'owner' }]], ['an analyst of no tenant', [{ ...mira, integrations: [] }]], ['an analyst without limits', [{ ...mira, limits: {} }]],
    ['a limit of nothing', [{ ...mira, limits: { ...LIMITS, seconds: 0 } }]], ['a field too many', [{ ...mira, databases: ['queue'] }]], ['a name like that of the environment', [{ ...mira, name: 'default' }]],
    ['a name that is SQL', [{ ...mira, name: 'a` TO b' }]], ['a line break in a tenant', [{ ...mira, integrations: ['a\nb'] }]], ['a hash of another kind', [{ ...mira, sha256: 'x' }]], ['one user twice', [mira, mira]],
  ])('lets nobody in with %s', (_, content) => {
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    expect(() => readUsers(file)).toThrow(UnusableUsers);
    expect(() => new Accounts(file, { user: 'default', password: '' }).find({ user: 'mira', password })).toThrow(/^Code: 516\./);
  });
});

describe('who asks', () => {
  it('is known by the list as it is now, and the administrator by the environment', () => {
    const accounts = new Accounts(file, { user: 'default', password: 'of the environment' });
    writeUsers(file, [mira]);
    expect(accounts.find({ user: 'mira', password })).toStrictEqual(mira);
    expect(accounts.find({ user: 'mira', password: '' })).toBeUndefined();
    expect(accounts.find({ user: 'nobody', password: '' })).toBeUndefined();
    expect(accounts.find({ user: 'default', password: '' })).toBeUndefined();
    expect(accounts.find({ user: 'default', password: 'of the environment' })?.kind).toBe('administrator');
    writeUsers(file, []);
    expect(accounts.find({ user: 'mira', password })).toBeUndefined();
  });

  it('runs so many queries at once, and no more', async () => {
    const accounts = new Accounts(file, { user: 'default', password: '' });
    let end = (): void => undefined;
    const first = Array.from({ length: LIMITS.queries }, () => accounts.withTurn(mira, () => new Promise<void>((done) => { const before = end; end = () => { before(); done(); }; })));
    await expect(accounts.withTurn(mira, () => Promise.resolve())).rejects.toThrow(/^Code: 202\./);
    await expect(accounts.withTurn({ kind: 'administrator', name: 'default' }, () => Promise.resolve(1))).resolves.toBe(1);
    end();
    await Promise.all(first);
    await expect(accounts.withTurn(mira, () => Promise.resolve(2))).resolves.toBe(2);
  });
});
