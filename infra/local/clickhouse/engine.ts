// Owns chDB: which connection runs a request, and what state that connection is in.
// A connection runs one query at a time and keeps SET, USE and temporary tables, so it is
// reused only for requests that ask for the same state, and thrown away after a request
// that changed it. Opening one costs about 1 ms. It deliberately goes below chDB's Session
// class: that one accepts no binary data, hides written rows, and starts its streams on the
// event loop, where one slow subquery would stop every other request (measured: 4.5 s).
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type { Analyst } from '../../access/users.ts';
import type { Account } from './accounts.ts';
import { NO_ROLE, OWNER_ROLE, writeEngineConfig, writingRole } from './confinement/engine-config.ts';
import { checkSetting, isSuspicious, needsOf, refusal } from './confinement/rules.ts';
import { Tenants } from './confinement/tenant.ts';
import { checkPaths } from './confinement/user-files.ts';
import { ClickHouseError, failure } from './errors.ts';
import type { Progress } from './progress.ts';
import { Session } from './session.ts';
import type { Native } from './session.ts';
import type { Statement } from './sql.ts';
import { bytesOf, engineText, quote, quoteIdentifier } from './text.ts';

/** What a request wants its connection to look like; all values are bytes. */
export interface Profile {
  readonly database: string | undefined;
  readonly settings: ReadonlyMap<string, string>;
  readonly parameters: ReadonlyMap<string, string>;
  readonly account: Account;
}

export interface Pin { readonly id: string; readonly timeoutSeconds: number; readonly mustExist: boolean }

export interface Lease {
  readonly session: Session;
  /** A named pipe of this running place: the engine writes rows into it, we read them with back pressure. */
  readonly pipe: string;
}

/** As the client named it. */
const shownId = ({ id }: Pin): string => id.slice(id.indexOf(' ') + 1);

/** A quarter of max_query_size, since a character may take four bytes. */
const LONG_SET = 65_536;

interface Pinned { readonly session: Session; busy: boolean; database: string; changed: boolean; timer: NodeJS.Timeout | undefined }

export interface EngineOptions {
  readonly chdbHome: string;
  readonly dataDir: string;
  readonly places: number;
  /** True if statements may reach the machine's files, programs and network. */
  readonly externalAccess: boolean;
  /** Databases that a service may be let write. */
  readonly writable: readonly string[];
}

/** This process itself. */
const OWN: Account = { kind: 'administrator', name: 'default' };

const roleOf = (account: Account): string => {
  if (account.kind === 'administrator') return OWNER_ROLE;
  return account.kind === 'service' ? writingRole(account.databases) : NO_ROLE;
};

export class Engine {
  readonly transit: string;
  readonly userFiles: string;
  version = '';
  readonly #externalAccess: boolean;
  readonly #native: Native;
  readonly #path: string;
  readonly #places: number;
  readonly #pipes: string[];
  readonly #waiting: ((pipe: string) => void)[] = [];
  readonly #idle: Session[] = [];
  readonly #pinned = new Map<string, Pinned>();
  readonly #control: Session;
  readonly #tenants = new Tenants((sql) => this.#spelt(sql));
  #running = 0;
  #sequence = 0;

  constructor(options: EngineOptions) {
    this.#path = resolve(options.dataDir, 'chdb');
    this.transit = resolve(options.dataDir, 'transit');
    if (/[*?{}[\]]/.test(this.transit)) throw new Error(`${this.transit}: *, ?, {, }, [ and ] are wildcards to ClickHouse and can't be in the data folder's path`);
    this.userFiles = resolve(options.dataDir, 'user_files');
    for (const folder of [this.#path, this.userFiles]) mkdirSync(folder, { recursive: true });
    this.#places = options.places;
    this.#externalAccess = options.externalAccess;
    const chdb = createRequire(join(resolve(options.chdbHome), 'package.json')).resolve('chdb');
    const loader = createRequire(chdb)(join(dirname(chdb), 'dist', 'loader.js')) as { loadNative(): Native };
    this.#native = loader.loadNative();
    // This takes the engine's lock on the folder; until then the files in transit may be another process's.
    const config = writeEngineConfig(resolve(options.dataDir), options.externalAccess, options.writable);
    this.#control = new Session(this.#native, this.#path, { version: '', role: OWNER_ROLE, options: [`--config-file=${config}`] });
    rmSync(this.transit, { recursive: true, force: true });
    mkdirSync(this.transit, { recursive: true });
    this.#pipes = Array.from({ length: options.places }, (_, index) => join(this.transit, `rows-${index}`));
    execFileSync('mkfifo', this.#pipes);
  }

  async start(): Promise<void> {
    const { bytes } = await this.#control.query('SELECT version()');
    this.version = Buffer.from(bytes).toString().trim();
    await this.#control.takeRole();
    await this.#control.query('SET implicit_select = 0, max_query_size = 0');
  }

  /** Throws if the statement, or a setting that comes with it, reaches what it may not; otherwise says whether it names files of user_files. */
  async admit(sql: string, { settings, account }: Pick<Profile, 'settings' | 'account'> = { settings: new Map(), account: OWN }): Promise<{ readonly usesFiles: boolean }> {
    // An analyst's statement is looked at in its session, and never gets the role; a service's may name no files.
    if (account.kind === 'analyst') return { usesFiles: false };
    // Its user may do all of it as it is; taking the role and giving it back would cost each statement two others.
    if (this.#externalAccess) return { usesFiles: false };
    for (const [name, value] of settings) checkSetting(name, value);
    if (!isSuspicious(sql)) return { usesFiles: false };
    const { paths, queries } = needsOf(await this.#spelt(sql));
    for (const query of queries) {
      if ((await this.admit(query)).usesFiles) throw refusal('A file in the query of a dictionary');
    }
    checkPaths(this.userFiles, paths);
    if (account.kind === 'service' && paths.length > 0) throw refusal('file() for the user of a service');
    return { usesFiles: paths.length > 0 };
  }

  /** The statement as the engine reads it. */
  async #spelt(sql: string): Promise<string> {
    try {
      const { bytes } = await this.#control.query(engineText(`SELECT formatQuerySingleLine(${quote(sql)})`), 'RawBLOB');
      return Buffer.from(bytes).toString('latin1');
    } catch (error) {
      if (!(error instanceof ClickHouseError)) throw error;
      throw new ClickHouseError(error.code, error.message.replace(/:? In scope SELECT formatQuerySingleLine\([\s\S]*(?=\. \([A-Z_]+\))/, ''));
    }
  }

  get running(): number {
    return this.#running;
  }

  /** A path for a body on its way in or a result on its way out; the caller removes it. */
  transitFile(): string {
    return join(this.transit, `body-${++this.#sequence}`);
  }

  /** For one statement of an analyst, whose session is thrown away after it. */
  async withTenant<T>(profile: Profile & { readonly account: Analyst }, statement: Statement, work: (lease: Lease) => Promise<T>): Promise<T> {
    const pipe = await this.#place();
    try {
      const session = await this.#open(profile.account);
      try {
        await this.#tenants.confine(session, profile.account, { profile, statement });
        return await work({ session, pipe });
      } finally {
        session.close();
      }
    } finally {
      this.#leave(pipe);
    }
  }

  async withSession<T>(profile: Profile, asked: Pin | undefined, work: (lease: Lease) => Promise<T>): Promise<T> {
    // Nobody goes on with another user's session.
    const pin = asked === undefined ? undefined : { ...asked, id: `${profile.account.name} ${asked.id}` };
    const pinned = pin === undefined ? undefined : this.#claim(pin, profile.account);
    const pipe = await this.#place();
    try {
      return pinned === undefined ? await this.#inPool(profile, pipe, work) : await this.#inPinned(pinned, profile, pipe, work);
    } finally {
      if (pin !== undefined && pinned !== undefined) this.#unclaim(pin, pinned);
      this.#leave(pipe);
    }
  }

  /** Unpacks what Node can't: the engine knows more codecs. */
  async unpack(packed: string, compression: string): Promise<string> {
    const file = this.transitFile();
    await this.withSession({ database: undefined, settings: new Map(), parameters: new Map(), account: OWN }, undefined, async ({ session }) => {
      const sql = `SELECT body FROM file(${quote(packed)}, 'RawBLOB', 'body String', ${quote(compression)}) INTO OUTFILE ${quote(file)} COMPRESSION 'none' FORMAT RawBLOB`;
      await session.withFiles(() => session.query(sql));
    });
    return file;
  }

  /** Makes a table of this process's own, and puts the lines of a JSONEachRow file into it. */
  async fill(table: string, create: string, file: string | undefined): Promise<void> {
    await this.#control.query(create);
    if (file !== undefined) await this.#control.write(`INSERT INTO ${table} FROM INFILE ${quote(file)} COMPRESSION 'none' FORMAT JSONEachRow`);
  }

  /** How far the query is whose text holds this path. */
  async progressOf(path: string): Promise<Progress | undefined> {
    const { bytes } = await this.#control.query(`SELECT toString(p.read_rows) AS read_rows, toString(p.read_bytes) AS read_bytes, toString(p.total_rows_approx) AS total_rows_to_read, toString(toUInt64(p.elapsed * 1e9)) AS elapsed_ns
      FROM system.processes AS p WHERE position(p.query, ${quote(path)}) > 0 AND p.query NOT LIKE '%system.processes%' AND p.read_rows > 0`, 'JSONEachRow');
    const line = Buffer.from(bytes).toString().split('\n')[0] ?? '';
    return line === '' ? undefined : JSON.parse(line) as Progress;
  }

  /** Cancels the query whose text holds this path; one that has not begun, or has ended, is no error. */
  async cancel(path: string): Promise<void> {
    await this.#control.query(`KILL QUERY WHERE position(query, ${quote(path)}) > 0 AND query NOT LIKE 'KILL%' ASYNC`).catch(() => undefined);
  }

  async cancelAll(): Promise<void> {
    await this.#control.query("KILL QUERY WHERE query NOT LIKE 'KILL%' ASYNC").catch(() => undefined);
  }

  close(): void {
    for (const session of this.#idle.splice(0)) session.close();
    for (const pinned of this.#pinned.values()) if (!pinned.busy) pinned.session.close();
    this.#control.close();
    for (const name of readdirSync(this.transit)) rmSync(join(this.transit, name), { force: true });
  }

  async #place(): Promise<string> {
    this.#running++;
    const pipe = this.#pipes.pop();
    return pipe ?? await new Promise((grant) => this.#waiting.push(grant));
  }

  #leave(pipe: string): void {
    this.#running--;
    const next = this.#waiting.shift();
    if (next === undefined) this.#pipes.push(pipe);
    else next(pipe);
  }

  #new(account: Account): Session {
    return new Session(this.#native, this.#path, { version: this.version, role: roleOf(account) });
  }

  async #open(account: Account): Promise<Session> {
    const session = this.#new(account);
    await session.takeRole();
    return session;
  }

  async #inPool<T>(profile: Profile, pipe: string, work: (lease: Lease) => Promise<T>): Promise<T> {
    const key = JSON.stringify([profile.account.name, profile.database, [...profile.settings].sort(), [...profile.parameters.keys()].sort()]);
    const session = this.#takeIdle(key) ?? (await this.#open(profile.account));
    try {
      await bindParameters(session, profile);
      if (session.key === '') await prepare(session, profile);
      session.key = key;
      return await work({ session, pipe });
    } catch (error) {
      session.spent ||= session.key === '';
      throw error;
    } finally {
      if (session.spent) session.close();
      else this.#keep(session);
    }
  }

  #takeIdle(key: string): Session | undefined {
    const at = this.#idle.findLastIndex((session) => session.key === key);
    return at < 0 ? undefined : this.#idle.splice(at, 1)[0];
  }

  #keep(session: Session): void {
    this.#idle.push(session);
    if (this.#idle.length > this.#places) this.#idle.shift()?.close();
  }

  #claim(pin: Pin, account: Account): Pinned {
    const known = this.#pinned.get(pin.id);
    if (known === undefined && pin.mustExist) throw failure(372, 'SESSION_NOT_FOUND', `Session ${shownId(pin)} not found.`);
    if (known?.busy === true) throw failure(373, 'SESSION_IS_LOCKED', `Session ${shownId(pin)} is locked by a concurrent client.`);
    const pinned = known ?? { session: this.#new(account), busy: true, database: 'default', changed: false, timer: undefined };
    pinned.busy = true;
    clearTimeout(pinned.timer);
    this.#pinned.set(pin.id, pinned);
    return pinned;
  }

  #unclaim(pin: Pin, pinned: Pinned): void {
    pinned.busy = false;
    pinned.timer = setTimeout(() => {
      this.#pinned.delete(pin.id);
      pinned.session.close();
    }, pin.timeoutSeconds * 1000).unref();
  }

  /** A named session outlives the request, so what the request's URL asked for is undone after it. */
  async #inPinned<T>(pinned: Pinned, profile: Profile, pipe: string, work: (lease: Lease) => Promise<T>): Promise<T> {
    const { session } = pinned;
    if (session.key === '') await session.takeRole();
    const before = profile.settings.size > 0 && pinned.changed ? await changedSettings(session, [...profile.settings.keys()]) : new Map<string, string>();
    try {
      await bindParameters(session, profile);
      await prepare(session, profile);
      session.key = 'pinned';
      return await work({ session, pipe });
    } finally {
      for (const name of profile.settings.keys()) {
        const value = before.get(name);
        await session.query(engineText(`SET ${name} = ${value === undefined ? 'DEFAULT' : quote(value)}`)).catch(() => undefined);
      }
      if (session.spent) {
        pinned.changed = true;
        if (profile.database === undefined) pinned.database = await currentDatabase(session);
      }
      if (profile.database !== undefined && profile.database !== pinned.database) await session.query(engineText(`USE ${quoteIdentifier(pinned.database)}`));
      session.spent = false;
    }
  }
}

async function currentDatabase(session: Session): Promise<string> {
  const { bytes } = await session.query('SELECT currentDatabase()', 'TabSeparatedRaw');
  return Buffer.from(bytes).toString('latin1').replace(/\n$/, '');
}

async function changedSettings(session: Session, names: readonly string[]): Promise<Map<string, string>> {
  const { bytes } = await session.query(`SELECT name, value FROM system.settings WHERE changed AND name IN (${names.map(quote).join(', ')})`, 'JSONCompactEachRow');
  const lines = Buffer.from(bytes).toString().split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => JSON.parse(line) as [string, string]).map(([name, value]) => [name, bytesOf(value)]));
}

/** Values come in by SET, whose text the engine limits like a query's; a server's limit spares parameters. */
async function bindParameters(session: Session, { parameters, settings }: Profile): Promise<void> {
  if (parameters.size === 0) return;
  const sql = engineText(`SET ${[...parameters].map(([name, value]) => `param_${name} = ${quote(value)}`).join(', ')}`);
  const isLong = sql.length > LONG_SET;
  if (isLong) await session.query(`SET max_query_size = ${sql.length * 4}`);
  await session.query(sql);
  if (isLong) await session.query(`SET max_query_size = ${Number(settings.get('max_query_size')) || 'DEFAULT'}`);
}

/** The engine in process lets `SELECT` be left out; the server does not. `readonly` goes last: it locks the rest. */
async function prepare(session: Session, profile: Profile): Promise<void> {
  if (profile.database !== undefined) await session.query(engineText(`USE ${quoteIdentifier(profile.database)}`));
  const settings = [...profile.settings].sort(([a], [b]) => Number(a === 'readonly') - Number(b === 'readonly'));
  if (session.key === '') settings.unshift(['implicit_select', '0']);
  if (settings.length > 0) await session.query(engineText(`SET ${settings.map(([name, value]) => `${name} = ${quote(value)}`).join(', ')}`));
}
