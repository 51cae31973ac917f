// Schemas and their ids. The registry is asked at deploy time and for ids nobody has seen;
// two files let every service start and run while the registry is down: the lock (id → schema,
// as the deploy command found or put them in the registry) and the releases (every schema the
// contract ever had, in the repository). An unknown id is remembered for 30 s; a registry that
// does not answer is an outage, never "unknown".
import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { messageOf, RuntimeError } from './errors.ts';

export interface RegisteredSchema {
  readonly id: number;
  /** The Avro schema's JSON text. */
  readonly schema: string;
}

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
const TIMEOUT_MS = 5_000;

/** The Confluent-compatible HTTP API, one method a call. */
export class SchemaRegistry {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async subjects(): Promise<string[]> {
    return (await this.#call('GET', '/subjects')) as string[];
  }

  async setCompatibility(subject: string, compatibility: string): Promise<void> {
    const set = (): Promise<unknown> => this.#call('PUT', `/config/${encodeURIComponent(subject)}`, { compatibility });
    // Apicurio refuses the later one of two that come at once for a new subject, and takes it when it comes again.
    await set().catch((error: unknown) => (error instanceof RuntimeError && error.code === 'SCHEMA_REFUSED' ? set() : Promise.reject(error instanceof Error ? error : new Error(String(error)))));
  }

  /** Messages of the registry about a schema that would be refused; empty when it would be taken. */
  async incompatibilities(subject: string, schema: string): Promise<string[]> {
    const path = `/compatibility/subjects/${encodeURIComponent(subject)}/versions?verbose=true`;
    const answer = (await this.#call('POST', path, { schema }, [404])) as { is_compatible?: boolean; messages?: string[] } | null;
    if (answer === null || answer.is_compatible === true) return [];
    return answer.messages ?? ['incompatible'];
  }

  /** @throws RuntimeError `SCHEMA_REFUSED` when it is incompatible with an earlier version. */
  async register(subject: string, schema: string, id?: number): Promise<number> {
    const answer = (await this.#call('POST', `/subjects/${encodeURIComponent(subject)}/versions`, id === undefined ? { schema } : { schema, id })) as { id: number };
    return answer.id;
  }

  /** In IMPORT mode a subject takes schemas with the ids they bring. Apicurio answers 200 and gives its own ids all the same. */
  async setMode(subject: string, mode: 'IMPORT' | 'READWRITE'): Promise<void> {
    await this.#call('PUT', `/mode/${encodeURIComponent(subject)}${mode === 'IMPORT' ? '?force=true' : ''}`, { mode });
  }

  /** The subject's schemas, oldest first; empty when it has none. */
  async schemasOf(subject: string): Promise<RegisteredSchema[]> {
    const path = `/subjects/${encodeURIComponent(subject)}/versions`;
    const versions = ((await this.#call('GET', path, undefined, [404])) as number[] | null) ?? [];
    return Promise.all(versions.map(async (version) => (await this.#call('GET', `${path}/${version}`)) as RegisteredSchema));
  }

  /** The id of this very schema under the subject, or null when it isn't registered there. */
  async idOf(subject: string, schema: string): Promise<number | null> {
    const answer = (await this.#call('POST', `/subjects/${encodeURIComponent(subject)}`, { schema }, [404])) as { id: number } | null;
    return answer?.id ?? null;
  }

  /** The schema with this id, or null when the registry has none. */
  async schemaById(id: number): Promise<string | null> {
    const answer = (await this.#call('GET', `/schemas/ids/${id}`, undefined, [404])) as { schema: string } | null;
    return answer?.schema ?? null;
  }

  async #call(method: string, path: string, body?: unknown, absent: readonly number[] = []): Promise<unknown> {
    const { status, answer } = await this.#send(method, path, body);
    if (absent.includes(status)) return null;
    const refused = status === 409 || status === 422;
    if (status < 200 || status > 299) throw new RuntimeError(refused ? 'SCHEMA_REFUSED' : 'REGISTRY_UNAVAILABLE', `${method} ${path}: ${status} ${answer.slice(0, 2_000)}`);
    try {
      return JSON.parse(answer) as unknown;
    } catch (error) {
      // A proxy's page instead of the registry: a raw SyntaxError would end a consumer for good.
      throw new RuntimeError('REGISTRY_UNAVAILABLE', `${method} ${path}: the answer is not JSON`, { cause: error });
    }
  }

  async #send(method: string, path: string, body: unknown): Promise<{ status: number; answer: string }> {
    try {
      const response = await fetch(this.#url + path, {
        method,
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, answer: await response.text() };
    } catch (error) {
      throw new RuntimeError('REGISTRY_UNAVAILABLE', `${method} ${path}: ${messageOf(error)}`, { cause: error });
    }
  }
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

const releasesFile = fileURLToPath(new URL('../../schemas/schemas.lock.json', import.meta.url));

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

/** Looks schemas up by id: what is known first, then the registry. */
export class SchemaLookup {
  readonly #registry: SchemaRegistry;
  readonly #known: Map<number, string>;
  readonly #unknownUntil = new Map<number, number>();
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
    const schema = await this.#registry.schemaById(id);
    if (schema === null) this.#unknownUntil.set(id, this.#now() + NEGATIVE_CACHE_MS);
    else this.#known.set(id, jsonOnly(schema));
    return schema === null ? null : jsonOnly(schema);
  }
}
