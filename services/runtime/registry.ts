// Schemas and their ids. The registry is asked at deploy time and for ids nobody has seen;
// the lock file (id → schema, written by the deploy command) lets every service start and run
// while the registry is down. An unknown id is remembered for 30 s; a registry that does not
// answer is an outage, never "unknown".
import { readFile, rename, writeFile } from 'node:fs/promises';
import { messageOf, RuntimeError } from './errors.ts';

export interface RegisteredSchema {
  readonly id: number;
  /** The Avro schema's JSON text. */
  readonly schema: string;
}

export interface LockedSchema extends RegisteredSchema {
  readonly subject: string;
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

  /** The id of a subject's newest schema. */
  async latestId(subject: string): Promise<number> {
    return ((await this.#call('GET', `/subjects/${encodeURIComponent(subject)}/versions/latest`)) as { id: number }).id;
  }

  async setCompatibility(subject: string, compatibility: string): Promise<void> {
    await this.#call('PUT', `/config/${encodeURIComponent(subject)}`, { compatibility });
  }

  /** Messages of the registry about a schema that would be refused; empty when it would be taken. */
  async incompatibilities(subject: string, schema: string): Promise<string[]> {
    const path = `/compatibility/subjects/${encodeURIComponent(subject)}/versions?verbose=true`;
    const answer = (await this.#call('POST', path, { schema }, [404])) as { is_compatible?: boolean; messages?: string[] } | null;
    if (answer === null || answer.is_compatible === true) return [];
    return answer.messages ?? ['incompatible'];
  }

  /** @throws RuntimeError `SCHEMA_REFUSED` when it is incompatible with an earlier version. */
  async register(subject: string, schema: string): Promise<number> {
    const answer = (await this.#call('POST', `/subjects/${encodeURIComponent(subject)}/versions`, { schema })) as { id: number };
    return answer.id;
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
    const response = await fetch(this.#url + path, {
      method,
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw new RuntimeError('REGISTRY_UNAVAILABLE', `${method} ${path}: ${messageOf(error)}`, { cause: error });
    });
    const answer = await response.text();
    if (response.ok) return JSON.parse(answer) as unknown;
    if (absent.includes(response.status)) return null;
    const code = response.status === 409 || response.status === 422 ? 'SCHEMA_REFUSED' : 'REGISTRY_UNAVAILABLE';
    throw new RuntimeError(code, `${method} ${path}: ${response.status} ${answer.slice(0, 2_000)}`);
  }
}

export async function readLock(path: string): Promise<LockedSchema[]> {
  const file = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '[]';
    throw error;
  });
  return JSON.parse(file) as LockedSchema[];
}

export async function writeLock(path: string, schemas: readonly LockedSchema[]): Promise<void> {
  const sorted = schemas.toSorted((a, b) => a.id - b.id || a.subject.localeCompare(b.subject));
  await writeFile(`${path}.tmp`, `${JSON.stringify(sorted, null, 2)}\n`);
  await rename(`${path}.tmp`, path);
}

/** Looks schemas up by id: lock first, then the registry. */
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
    else this.#known.set(id, schema);
    return schema;
  }
}
