// Who is asking. `default` is the administrator whose password, or none, comes with the environment; everybody else is in
// the file that `npm run access` writes, which is read again when it has changed. A file that can't be used lets nobody in.
import { createHash, timingSafeEqual } from 'node:crypto';
import { statSync } from 'node:fs';
import type { User } from '../../access/users.ts';
import { UnusableUsers, hasPassword, readUsers } from '../../access/users.ts';
import { failure } from './errors.ts';

export interface Credentials { readonly user: string; readonly password: string }
export type Account = User | { readonly kind: 'administrator'; readonly name: string };

function same(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** Nobody's: so that an unknown name takes as long as a known one. */
const NOBODY = { name: '', sha256: '0'.repeat(64), salt: '0'.repeat(32) };

export class Accounts {
  readonly #file: string;
  readonly #administrator: Credentials;
  readonly #running = new Map<string, number>();
  #users: readonly User[] = [];
  #seen = '';

  constructor(file: string, administrator: Credentials) {
    this.#file = file;
    this.#administrator = administrator;
  }

  /** Nothing for a wrong password and for an unknown name alike. */
  find({ user, password }: Credentials): Account | undefined {
    if (same(user, this.#administrator.user)) {
      // JDBC's driver says "null" when it was given no password.
      const said = this.#administrator.password === '' && password === 'null' ? '' : password;
      return same(said, this.#administrator.password) ? { kind: 'administrator', name: user } : undefined;
    }
    const known = this.#now(user).find(({ name }) => name === user);
    return hasPassword(known ?? NOBODY, password) ? known : undefined;
  }

  /** Runs beside the same user's other queries, or not at all when there are too many. */
  async withTurn<T>(account: Account, work: () => Promise<T>): Promise<T> {
    const running = this.#running.get(account.name) ?? 0;
    if (account.kind === 'analyst' && running >= account.limits.queries) {
      throw failure(202, 'TOO_MANY_SIMULTANEOUS_QUERIES', `Too many simultaneous queries for user ${account.name}. Current: ${running}, maximum: ${account.limits.queries}.`);
    }
    this.#running.set(account.name, running + 1);
    try {
      return await work();
    } finally {
      const left = (this.#running.get(account.name) ?? 1) - 1;
      if (left === 0) this.#running.delete(account.name);
      else this.#running.set(account.name, left);
    }
  }

  #now(asking: string): readonly User[] {
    const found = statSync(this.#file, { throwIfNoEntry: false, bigint: true });
    const seen = found === undefined ? '' : `${found.ino} ${found.mtimeNs} ${found.size}`;
    if (seen === this.#seen) return this.#users;
    try {
      this.#users = readUsers(this.#file);
    } catch (error) {
      if (!(error instanceof UnusableUsers)) throw error;
      throw failure(516, 'AUTHENTICATION_FAILED', `${asking}: Authentication failed: the list of users can't be used. \`npm run access -- list\` says why.`);
    }
    this.#seen = seen;
    return this.#users;
  }
}
