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
import pLimit, { type LimitFunction } from 'p-limit';
import type { Analyst } from '../../access/users.ts';
import type { Account } from './accounts.ts';
import { CatalogWatch } from './confinement/catalog-watch.ts';
import { OWNER_ROLE, roleOf, writeEngineConfig, type EngineMeans } from './confinement/engine-config.ts';
import { checkSetting, isSuspicious, needsOf, refusal } from './confinement/rules.ts';
import { Tenants } from './confinement/tenant.ts';
import { checkPaths } from './confinement/user-files.ts';
import { failure } from './errors.ts';
import type { Progress } from './progress.ts';
import { Session, spelt, type Native } from './session.ts';
import { bindParameters, changedSettings, currentDatabase, prepare } from './session-state.ts';
import type { Statement } from './sql.ts';
import { engineText, quote, quoteIdentifier } from './text.ts';

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

interface Pinned { readonly session: Session; busy: boolean; database: string; changed: boolean; timer: NodeJS.Timeout | undefined }

export interface EngineOptions extends EngineMeans {
  readonly chdbHome: string;
  readonly dataDir: string;
  readonly places: number;
}

/** This process itself. */
const OWN: Account = { kind: 'administrator', name: 'default' };

/** Nobody goes on with another user's session. */
const ownId = ({ id }: Pin, { name }: Account): string => `${name} ${id}`;

export class Engine {
  readonly transit: string;
  readonly userFiles: string;
  /** Where tables are. */
  readonly path: string;
  version = '';
  readonly #externalAccess: boolean;
  readonly #native: Native;
  readonly #places: number;
  readonly #pipes: string[];
  readonly #waiting: ((pipe: string) => void)[] = [];
  readonly #idle: Session[] = [];
  readonly #pinned = new Map<string, Pinned>();
  readonly #control: Session;
  /** Half of the places: however long analysts ask, services go on. Of these one tenant has all but one: others are answered meanwhile. */
  readonly #tenantTurn: LimitFunction;
  readonly #turnsOfTenants = new Map<string, LimitFunction>();
  readonly catalogWatch = new CatalogWatch();
  readonly #tenants = new Tenants({ own: async (sql) => Buffer.from((await this.#control.query(sql, 'JSONEachRow')).bytes), watch: this.catalogWatch });
  #running = 0;
  #sequence = 0;

  constructor(options: EngineOptions) {
    this.path = resolve(options.dataDir, 'chdb');
    this.transit = resolve(options.dataDir, 'transit');
    if (/[*?{}[\]]/.test(this.transit)) throw new Error(`${this.transit}: *, ?, {, }, [ and ] are wildcards to ClickHouse and can't be in the data folder's path`);
    this.userFiles = resolve(options.dataDir, 'user_files');
    for (const folder of [this.path, this.userFiles]) mkdirSync(folder, { recursive: true });
    this.#places = options.places;
    this.#tenantTurn = pLimit(Math.max(1, Math.floor(options.places / 2)));
    this.#externalAccess = options.externalAccess;
    const chdb = createRequire(join(resolve(options.chdbHome), 'package.json')).resolve('chdb');
    const loader = createRequire(chdb)(join(dirname(chdb), 'dist', 'loader.js')) as { loadNative(): Native };
    this.#native = loader.loadNative();
    // This takes the engine's lock on the folder; until then the files in transit may be another process's.
    const config = writeEngineConfig(resolve(options.dataDir), options);
    this.#control = new Session(this.#native, this.path, { version: '', role: OWNER_ROLE, options: [`--config-file=${config}`] });
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
    const { paths, queries } = needsOf(await spelt(this.#control, sql));
    for (const query of queries) {
      if ((await this.admit(query)).usesFiles) throw refusal('A file in the query of a dictionary');
    }
    checkPaths(this.userFiles, paths);
    if (account.kind === 'service' && paths.length > 0) throw refusal('file() for the user of a service');
    return { usesFiles: paths.length > 0 };
  }

  get running(): number {
    return this.#running;
  }

  /** A path for a body on its way in or a result on its way out; the caller removes it. */
  transitFile(): string {
    return join(this.transit, `body-${++this.#sequence}`);
  }

  /** For one statement of an analyst, whose session is thrown away after it; the work is given the statement that it may run. */
  async withTenant<T>(profile: Profile & { readonly account: Analyst }, statement: Statement, work: (lease: Lease, meant: Statement) => Promise<T>): Promise<T> {
    return await this.#turnOf(profile.account)(() => this.#tenantTurn(async () => {
      const pipe = await this.#place();
      const session = await this.#open(profile.account);
      try {
        const meant = await this.#tenants.confine(session, profile.account, { profile, statement });
        return await work({ session, pipe }, meant);
      } finally {
        session.close();
        this.#leave(pipe);
      }
    }));
  }

  #turnOf({ integrations }: Analyst): LimitFunction {
    const tenant = JSON.stringify([...integrations].sort());
    const turn = this.#turnsOfTenants.get(tenant) ?? pLimit(Math.max(1, this.#tenantTurn.concurrency - 1));
    this.#turnsOfTenants.set(tenant, turn);
    return turn;
  }

  async withSession<T>(profile: Profile, pin: Pin | undefined, work: (lease: Lease) => Promise<T>): Promise<T> {
    const pinned = pin === undefined ? undefined : this.#claim(pin, profile.account);
    const pipe = await this.#place();
    try {
      return pinned === undefined ? await this.#inPool(profile, pipe, work) : await this.#inPinned(pinned, profile, pipe, work);
    } finally {
      if (pin !== undefined && pinned !== undefined) this.#unclaim(pin, pinned, profile.account);
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
    await this.catalogWatch.changing(() => this.#control.query(create));
    if (file !== undefined) await this.#control.write(`INSERT INTO ${table} FROM INFILE ${quote(file)} COMPRESSION 'none' FORMAT JSONEachRow`);
  }

  /** How far the query is whose text holds this path. */
  async progressOf(path: string): Promise<Progress | undefined> {
    const { bytes } = await this.#control.query(`SELECT toString(p.read_rows) AS read_rows, toString(p.read_bytes) AS read_bytes, toString(p.total_rows_approx) AS total_rows_to_read, toString(toUInt64(p.elapsed * 1e9)) AS elapsed_ns
      FROM system.processes AS p WHERE position(p.query, ${quote(quote(path))}) > 0 AND p.query NOT LIKE '%system.processes%' AND p.read_rows > 0`, 'JSONEachRow');
    const line = Buffer.from(bytes).toString().split('\n')[0] ?? '';
    return line === '' ? undefined : JSON.parse(line) as Progress;
  }

  /** Cancels the query whose text holds this path, quoted: body-1 is not body-12. One that has not begun, or has ended, is no error. */
  async cancel(path: string): Promise<void> {
    await this.#control.query(`KILL QUERY WHERE position(query, ${quote(quote(path))}) > 0 AND query NOT LIKE 'KILL%' ASYNC`).catch(() => undefined);
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
    return new Session(this.#native, this.path, { version: this.version, role: roleOf(account) });
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
    const known = this.#pinned.get(ownId(pin, account));
    if (known === undefined && pin.mustExist) throw failure(372, 'SESSION_NOT_FOUND', `Session ${pin.id} not found.`);
    if (known?.busy === true) throw failure(373, 'SESSION_IS_LOCKED', `Session ${pin.id} is locked by a concurrent client.`);
    const pinned = known ?? { session: this.#new(account), busy: true, database: 'default', changed: false, timer: undefined };
    pinned.busy = true;
    clearTimeout(pinned.timer);
    this.#pinned.set(ownId(pin, account), pinned);
    return pinned;
  }

  #unclaim(pin: Pin, pinned: Pinned, account: Account): void {
    pinned.busy = false;
    pinned.timer = setTimeout(() => {
      this.#pinned.delete(ownId(pin, account));
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
