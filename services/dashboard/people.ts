// Who looks, and what they may see. A person is a user of ClickHouse: what that user may read is what the pages show, and
// nothing here could show more. On loopback, without login, everybody is the user of CLICKHOUSE_URL; beyond loopback there is
// no page without a login.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { LRUCache } from 'lru-cache';
import pLimit, { type LimitFunction } from 'p-limit';
import type { StreamingClickHouse } from '../runtime/clickhouse.ts';
import { RuntimeError } from '../runtime/errors.ts';
import { Answers, type AnswersOptions } from './answers.ts';
import type { NamedQuery } from './catalogue.ts';
import { plainNames, Pseudonyms } from './names.ts';
import { AT_ONCE, inTurns, type Asking } from './turns.ts';

export interface Person {
  /** Of this session: what one asks with ends with it. */
  readonly id: string;
  readonly user: string;
  readonly seesNames: boolean;
  /** Sees the first lines of quarantined records, and what services do. */
  readonly isOperator: boolean;
  readonly answers: Answers;
}

export interface PeopleOptions {
  /** Whether everybody has to say who they are. */
  readonly login: boolean;
  /** As `url` says, or as the user with that password. */
  readonly connect: (credentials?: { readonly user: string; readonly password: string }) => StreamingClickHouse;
  /** Users who see the names of agents; without login everybody does. */
  readonly seeNames: readonly string[];
  /** Users who see the insides of the pipeline; without login everybody does. */
  readonly operators: readonly string[];
  /** Where browsers reach the pages; null on loopback only. */
  readonly publicUrl: URL | null;
  /** Signs cookies and makes pseudonyms. */
  readonly secret: string;
  readonly agentIds: NamedQuery;
  readonly now: () => number;
  readonly onRun: AnswersOptions['onRun'];
}

const SESSION_MS = 12 * 3_600_000;
const MOST_SESSIONS = 1_000;
const MOST_USERS = 1_000;
/** Of one user within the time below. */
const MOST_FAILURES = 10;
const FAILURES_MS = 60_000;

const isLoopbackName = (host: string): boolean => /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host);

export class People {
  readonly #options: PeopleOptions;
  readonly #everybody: Person | null;
  readonly #sessions = new LRUCache<string, { person: Person; close: () => void }>({ max: MOST_SESSIONS, ttl: SESSION_MS, dispose: ({ close }) => close() });
  /** However many sessions a user has, ClickHouse counts their questions together. */
  readonly #turns = new LRUCache<string, LimitFunction>({ max: MOST_USERS });
  readonly #failures = new LRUCache<string, number>({ max: 10_000, ttl: FAILURES_MS });

  constructor(options: PeopleOptions) {
    this.#options = options;
    this.#everybody = options.login ? null : this.#person({ id: '', user: '', seesNames: true, isOperator: true }, inTurns(options.connect()));
  }

  get login(): boolean {
    return this.#options.login;
  }

  /** Null for who has to log in first. */
  whoAsks(headers: IncomingHttpHeaders): Person | null {
    if (this.#everybody !== null) return this.#everybody;
    const id = this.#sessionOf(headers);
    return id === null ? null : this.#sessions.get(id)?.person ?? null;
  }

  /** A page of somewhere else may reach a loopback port by a name of its own: without login only our own names are answered. */
  isForeignHost({ host = '' }: IncomingHttpHeaders): boolean {
    return !this.#options.login && !isLoopbackName(host);
  }

  /** @returns the cookie; null when ClickHouse doesn't know them. @throws RuntimeError when it can't be asked. */
  async logIn(user: string, password: string): Promise<string | null> {
    const failed = this.#failures.get(user) ?? 0;
    // ClickHouse's own word on a user without a password is no login.
    if (user === '' || password === '' || failed >= MOST_FAILURES) return null;
    const clickhouse = this.#options.connect({ user, password });
    try {
      await clickhouse.query('SELECT 1');
    } catch (error) {
      await clickhouse.close();
      if (error instanceof RuntimeError && error.retriable) throw error;
      this.#failures.set(user, failed + 1);
      return null;
    }
    const id = randomBytes(32).toString('base64url');
    const { seeNames, operators } = this.#options;
    const person = this.#person({ id, user, seesNames: seeNames.includes(user), isOperator: operators.includes(user) }, inTurns(clickhouse, this.#turnsOf(user)));
    this.#sessions.set(id, { person, close: () => void clickhouse.close() });
    return this.#cookie(`${id}.${this.#signature(id)}`, SESSION_MS / 1_000);
  }

  /** Ends every session, and with it what it asks with. */
  close(): void {
    this.#sessions.clear();
  }

  logOut(headers: IncomingHttpHeaders): string {
    const id = this.#sessionOf(headers);
    if (id !== null) this.#sessions.delete(id);
    return this.#cookie('', 0);
  }

  /** Browsers say where a request comes from; a form or script of another site can't send JSON of its own with that. */
  isFromElsewhere(headers: IncomingHttpHeaders): boolean {
    const { origin, host = '' } = headers;
    if (headers['sec-fetch-site'] !== undefined && headers['sec-fetch-site'] !== 'same-origin') return true;
    if (origin === undefined) return false;
    return origin !== this.#options.publicUrl?.origin && origin.replace(/^https?:\/\//, '') !== host;
  }

  /** Whether browsers come by https only: then they are told to, and to send the cookie nowhere else. */
  get isSecure(): boolean {
    return this.#options.publicUrl?.protocol === 'https:';
  }

  #turnsOf(user: string): LimitFunction {
    const turn = this.#turns.get(user) ?? pLimit(AT_ONCE);
    this.#turns.set(user, turn);
    return turn;
  }

  #person(who: Omit<Person, 'answers'>, clickhouse: Asking): Person {
    const { secret, agentIds, now, onRun } = this.#options;
    const names = who.seesNames ? plainNames : new Pseudonyms(clickhouse, secret, agentIds);
    return { ...who, answers: new Answers({ clickhouse, names, now, onRun }) };
  }

  /** By its prefix browsers take it from https alone, and from no other host. */
  get #cookieName(): string {
    return this.isSecure ? '__Host-dashboard_session' : 'dashboard_session';
  }

  #cookie(value: string, seconds: number): string {
    return `${this.#cookieName}=${value}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${seconds}${this.isSecure ? '; Secure' : ''}`;
  }

  #signature(id: string): string {
    return createHmac('sha256', this.#options.secret).update(id).digest('base64url');
  }

  #sessionOf({ cookie = '' }: IncomingHttpHeaders): string | null {
    const value = cookie.split(/;\s*/).find((pair) => pair.startsWith(`${this.#cookieName}=`))?.slice(this.#cookieName.length + 1) ?? '';
    const [id = '', signature = ''] = value.split('.');
    const [given, expected] = [Buffer.from(signature), Buffer.from(this.#signature(id))];
    return given.length === expected.length && timingSafeEqual(given, expected) ? id : null;
  }
}
