// Schemas and their ids. The registry is asked at deploy time and for ids nobody has seen;
// two files let every service start and run while the registry is down: the lock (id → schema,
// as the deploy command found or put them in the registry) and the releases (every schema the
// contract ever had, in the repository). An unknown id is remembered for 30 s; a registry that
// does not answer is an outage, never "unknown".
//
// The client is @kafkajs/confluent-schema-registry, and this the only file that imports it. What
// is known to go wrong with it and with avsc, and where it can't here:
//   R1  decode() under a reader's schema compiles it for every record     consumer/events.ts keeps resolvers
//   R2  avsc believes any array count: six bytes abort the process        avro-skim.ts looks at every body first
//   R3  register() sets the compatibility rule after the first schema     register() sets it before
//   R4  register() expects BACKWARD, and throws where another rule holds  register() says ours
//   R5  register() makes up a subject of the record's name                register() and idOf() name theirs
//   R6  an unknown id is asked for anew each time, with three retries     SchemaLookup remembers it for 30 s; no retries here
//   R7  nothing is known before the registry has answered                 SchemaLookup and idToWrite know the lock and the releases
//   R8  4.x needs Node 22                                                 3.9.0 is pinned
//   and its HTTP layer hangs, retries and misreports                      registry-http.ts is used instead
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { LRUCache } from 'lru-cache';
import { COMPATIBILITY as RULES, SchemaRegistry as PackageRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { compileSkim } from '../avro/skim.ts';
import { unframe } from '../avro/avro.ts';
import type { Config, registrySettings } from '../config.ts';
import { messageOf, RuntimeError } from '../errors.ts';
import { idIn, RegistryAdditions, type RegisteredSchema } from './additions.ts';
import { RegistryRefusal, type RegistryAccess } from './http.ts';

/** Each version reads what every other one wrote. */
export const COMPATIBILITY = RULES.FULL_TRANSITIVE;

export interface LockedSchema extends RegisteredSchema {
  readonly subject: string;
}

/** A schema that the contract has or had. Its id is made of its text, so it is the same on every machine. */
export interface ReleasedSchema extends RegisteredSchema {
  /** Full name of the record, the last part of its subjects. */
  readonly record: string;
  /** SHA-256 of its golden samples, which are never made anew. */
  readonly corpus_sha256: string;
}

/** Below lie the ids that registries count up by themselves; above is room for them to go on. */
const FIRST_ID = 2 ** 20;
const LAST_ID = 2 ** 30;

/**
 * The id under which a schema is to be known. A counter would give one id to two schemas as soon
 * as two registries, or two branches, count on their own; the hash of the text can't.
 */
export const idOfText = (schema: string): number =>
  FIRST_ID + (createHash('sha256').update(schema).digest().readUInt32BE(0) % (LAST_ID - FIRST_ID));

/** A property of a schema that was put back under its id beside its own text, which had another by then. */
export const RESTORED = 'ticketstream_id';

/** Whether both texts decode the same bytes to the same values; docs and the order of keys don't matter. */
export function sameSchema(a: string, b: string): boolean {
  try {
    return a === b || canonical(JSON.parse(a)) === canonical(JSON.parse(b));
  } catch {
    // Registries keep other kinds of schemas too, which are not JSON.
    return false;
  }
}

function canonical(node: unknown): string {
  if (Array.isArray(node)) return `[${node.map(canonical).join()}]`;
  if (typeof node !== 'object' || node === null) return JSON.stringify(node);
  const entries = Object.entries(node).filter(([key, value]) => key !== RESTORED && !(key === 'doc' && typeof value === 'string'));
  return `{${entries.sort(([x], [y]) => (x < y ? -1 : 1)).map(([key, value]) => `${JSON.stringify(key)}:${canonical(value)}`).join()}}`;
}

const NEGATIVE_CACHE_MS = 30_000;

type Registry = ConstructorParameters<typeof PackageRegistry>[0];
type Middleware = NonNullable<Registry['middlewares']>[number];

const asAvro = (schema: string): { type: SchemaType.AVRO; schema: string } => ({ type: SchemaType.AVRO, schema });

const pathOf = (id: number): string => `/schemas/ids/${id}`;

/** What the package throws of its own: a schema or a rule that isn't right. Else it stumbled over an odd answer, maybe by a TypeError. */
function fromPackage(error: unknown, doing: string): RuntimeError {
  if (error instanceof RuntimeError) return error;
  const refused = error instanceof Error && error.name.startsWith('ConfluentSchemaRegistry');
  return new RuntimeError(refused ? 'SCHEMA_REFUSED' : 'REGISTRY_UNAVAILABLE', `${doing}: ${messageOf(error)}`, { cause: error });
}

/** Schemas by id, ids by schema, registering, plain encoding and decoding; what else we ask of a registry is in registry-additions.ts. */
export class SchemaRegistry extends RegistryAdditions {
  /** As the registry gave them: the package keeps compiled types only, without docs and properties of ours. */
  readonly #texts = new Map<string, string>();
  readonly #package: PackageRegistry;

  constructor(url: string, access: Omit<RegistryAccess, 'url'> = {}) {
    super({ ...access, url });
    this.#package = new PackageRegistry({ host: url, middlewares: [this.#throughOurHttp()] }, { [SchemaType.AVRO]: { wrapUnions: false } });
  }

  /** @throws RuntimeError `CONFIG_INVALID`. */
  static of(config: Config<typeof registrySettings>): SchemaRegistry {
    const { SCHEMA_REGISTRY_URL: url, SCHEMA_REGISTRY_USER: user, SCHEMA_REGISTRY_PASSWORD: password, SCHEMA_REGISTRY_CA_FILE: caFile } = config;
    if ((user === '') !== (password === '')) throw new RuntimeError('CONFIG_INVALID', 'SCHEMA_REGISTRY_USER and SCHEMA_REGISTRY_PASSWORD: one is of no use without the other');
    return new SchemaRegistry(url, { ...(user === '' ? {} : { user, password }), ...(caFile === '' ? {} : { ca: readFileSync(caFile, 'utf8') }) });
  }

  /** Outermost, so that the package's retries (R6) and its HTTP layer are not reached. */
  #throughOurHttp(): Middleware {
    return () => ({
      response: async (_next, _renew, request) => {
        const { method, path, body } = { method: request.method().toUpperCase(), path: request.path(), body: request.body() as unknown };
        const data = await this.http.call(method, path, typeof body === 'string' ? JSON.parse(body) : undefined);
        if (path.startsWith(pathOf(0).slice(0, -1))) this.#texts.set(path, textIn(data));
        // All that the package takes from an answer.
        const answer: unknown = { data: () => data };
        return answer as Awaited<ReturnType<typeof _next>>;
      },
    });
  }

  /**
   * The schema with this id, or null when the registry has none.
   * @param cached takes the package's memory for it. That one never forgets, so that a registry which lost its schemas goes unnoticed.
   */
  async schemaById(id: number, { cached = false } = {}): Promise<string | null> {
    const path = pathOf(id);
    if (!cached) this.#package.cache.clear();
    try {
      await this.#package.getSchema(id);
    } catch (error) {
      if (error instanceof RegistryRefusal && error.path === path && error.status === 404) return null;
      if (error instanceof RuntimeError && !(error instanceof RegistryRefusal && error.path !== path)) throw error;
      // It answered with what the package can't compile: a schema of another kind, and nobody's event.
    }
    return this.#texts.get(path) ?? null;
  }

  /** The id of this very schema under the subject, or null when it isn't registered there. */
  async idOf(subject: string, schema: string): Promise<number | null> {
    try {
      return idIn({ id: await this.#package.getRegistryIdBySchema(subject, asAvro(schema)) });
    } catch (error) {
      // Its name for a 404.
      if (error instanceof Error && error.name === 'ConfluentSchemaRegistryError') return null;
      throw fromPackage(error, `the id of a schema of ${subject}`);
    }
  }

  /** @throws RuntimeError `SCHEMA_REFUSED` when it is incompatible with an earlier version. */
  async register(subject: string, schema: string): Promise<number> {
    await this.setCompatibility(subject, COMPATIBILITY); // R3
    try {
      if (isUnnamed(schema)) return await this.registerAsIs(subject, schema);
      return idIn(await this.#package.register(asAvro(schema), { subject, compatibility: COMPATIBILITY })); // R4, R5
    } catch (error) {
      throw fromPackage(error, `registering a schema of ${subject}`);
    }
  }

  /** A record as the log has it. For tools and tests: who writes many compiles an encoder once (avro.ts). */
  encode(schemaId: number, record: unknown): Promise<Buffer> {
    return this.#package.encode(schemaId, record);
  }

  /** What the writer wrote. For tools and tests: consumers get the contract's current record (R1: consumer/events.ts). */
  async decode(value: Buffer): Promise<unknown> {
    const framed = unframe(value);
    const schema = framed.ok ? await this.schemaById(framed.schemaId, { cached: true }) : null;
    if (!framed.ok || schema === null) throw new Error(framed.ok ? `the registry has no schema ${framed.schemaId}` : framed.reason);
    const whole = compileSkim(JSON.parse(schema))(framed.body); // R2
    if (!whole.ok) throw new Error(whole.reason);
    return this.#package.decode(value);
  }
}

/** Such as `"string"`, or no Avro at all: the registry's to judge. */
function isUnnamed(schema: string): boolean {
  try {
    return typeof (JSON.parse(schema) as { name?: unknown } | null)?.name !== 'string';
  } catch {
    return true;
  }
}

/** @throws RuntimeError `REGISTRY_UNAVAILABLE` for an answer that isn't the registry's. */
function textIn(answer: unknown): string {
  const { schema } = (answer ?? {}) as { schema?: unknown };
  if (typeof schema !== 'string') throw new RuntimeError('REGISTRY_UNAVAILABLE', 'the answer about a schema has no schema in it');
  return schema;
}

export async function readLock(path: string): Promise<LockedSchema[]> {
  const file = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '[]';
    throw error;
  });
  try {
    return JSON.parse(file) as LockedSchema[];
  } catch (error) {
    throw new RuntimeError('CONFIG_INVALID', `SCHEMAS_LOCK ${path} is not JSON (is it empty or cut?): bring back a copy, or delete it and run \`npm run schemas\`, which writes it anew from the registry`, { cause: error });
  }
}

export async function writeLock(path: string, schemas: readonly LockedSchema[]): Promise<void> {
  const sorted = schemas.toSorted((a, b) => a.id - b.id || a.subject.localeCompare(b.subject));
  await writeFile(`${path}.tmp`, `${JSON.stringify(sorted, null, 2)}\n`);
  await rename(`${path}.tmp`, path);
}

const releasesFile = fileURLToPath(new URL('../../../schemas/schemas.lock.json', import.meta.url));

/** Every schema of the contract, by release. */
export async function readReleases(path = releasesFile): Promise<ReleasedSchema[]> {
  return JSON.parse(await readFile(path, 'utf8')) as ReleasedSchema[];
}

/** What a reader knows without asking: the releases, and the lock, which wins. */
export async function readKnown(lockPath: string): Promise<LockedSchema[]> {
  const released = (await readReleases()).map(({ id, record, schema }) => ({ id, subject: record, schema }));
  return [...released, ...(await readLock(lockPath))];
}

/**
 * The id under which a subject's schema is written: the lock's, else the registry's. Only while the
 * registry is down a release's own id will do: a registry that answers would have told of it.
 * @throws RuntimeError `SCHEMA_MISSING` when it was never deployed.
 */
export async function idToWrite(registry: SchemaRegistry, locked: readonly LockedSchema[], subject: string, schema: string): Promise<number> {
  const found = locked.find((entry) => entry.subject === subject && sameSchema(entry.schema, schema));
  if (found !== undefined) return found.id;
  const released = (await readReleases()).find((entry) => subject.endsWith(`-${entry.record}`) && sameSchema(entry.schema, schema));
  try {
    const registered = await registry.idOf(subject, released?.schema ?? schema);
    if (registered !== null) return registered;
  } catch (error) {
    if (locked.length > 0 || released === undefined) throw error;
    return released.id;
  }
  throw new RuntimeError('SCHEMA_MISSING', `${subject} is not registered; run: npm run schemas`);
}

/** Registries keep Protobuf and other kinds too; such a text becomes a schema that is nobody's event. */
function jsonOnly(schema: string): string {
  try {
    JSON.parse(schema);
    return schema;
  } catch {
    return '{}';
  }
}

const UNKNOWN_IDS = 10_000;

/** Looks schemas up by id: what is known first, then the registry. */
export class SchemaLookup {
  readonly #registry: SchemaRegistry;
  readonly #known: Map<number, string>;
  /** Ids that nobody knows are whatever somebody wrote: only so many are kept. */
  readonly #unknownUntil = new LRUCache<number, number>({ max: UNKNOWN_IDS });
  readonly #now: () => number;

  constructor(registry: SchemaRegistry, locked: readonly LockedSchema[], now: () => number = Date.now) {
    this.#registry = registry;
    this.#known = new Map(locked.map(({ id, schema }) => [id, schema]));
    this.#now = now;
  }

  /** The schema's JSON text, or null when the registry says that there is none. @throws RuntimeError `REGISTRY_UNAVAILABLE`. */
  async find(id: number): Promise<string | null> {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    if ((this.#unknownUntil.get(id) ?? 0) > this.#now()) return null;
    const schema = await this.#registry.schemaById(id, { cached: true });
    if (schema === null) this.#unknownUntil.set(id, this.#now() + NEGATIVE_CACHE_MS);
    else this.#known.set(id, jsonOnly(schema));
    return schema === null ? null : jsonOnly(schema);
  }
}
