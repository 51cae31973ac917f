// What the package @kafkajs/confluent-schema-registry cannot ask of a registry: the compatibility
// check, a rule before the first registration, modes, ids of our own, schemas without a name, lists of
// subjects and versions, and Apicurio's import. One method a call of the Confluent-compatible HTTP API.
import { RuntimeError } from '../errors.ts';
import { RegistryHttp, RegistryRefusal, type RegistryAccess } from './http.ts';

export interface RegisteredSchema {
  readonly id: number;
  /** The Avro schema's JSON text. */
  readonly schema: string;
}

const CONFLUENT_API_OF_APICURIO = /\/apis\/ccompat\/v\d+$/;

/** Null instead of a 404. */
async function ifThere(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RegistryRefusal && error.status === 404) return null;
    throw error;
  }
}

/** @throws RuntimeError `REGISTRY_UNAVAILABLE` for an answer that isn't the registry's. */
export function idIn(answer: unknown): number {
  const { id } = (answer ?? {}) as { id?: unknown };
  if (typeof id !== 'number') throw new RuntimeError('REGISTRY_UNAVAILABLE', 'the answer about a schema has no id in it');
  return id;
}

export class RegistryAdditions {
  protected readonly http: RegistryHttp;

  constructor(access: RegistryAccess) {
    this.http = new RegistryHttp(access);
  }

  async subjects(): Promise<string[]> {
    return (await this.http.call('GET', '/subjects')) as string[];
  }

  /** R3: also for a subject that has no schema yet, so that the rule is there before the first one. */
  async setCompatibility(subject: string, compatibility: string): Promise<void> {
    const set = (): Promise<unknown> => this.http.call('PUT', `/config/${encodeURIComponent(subject)}`, { compatibility });
    // Apicurio refuses the later one of two that come at once for a new subject, and takes it when it comes again.
    await set().catch((error: unknown) => {
      if (error instanceof RuntimeError && error.code === 'SCHEMA_REFUSED') return set();
      throw error;
    });
  }

  /** Messages of the registry about a schema that would be refused; empty when it would be taken. */
  async incompatibilities(subject: string, schema: string): Promise<string[]> {
    const path = `/compatibility/subjects/${encodeURIComponent(subject)}/versions?verbose=true`;
    const answer = (await ifThere(this.http.call('POST', path, { schema }))) as { is_compatible?: boolean; messages?: string[] } | null;
    if (answer === null || answer.is_compatible === true) return [];
    return answer.messages ?? ['incompatible'];
  }

  /** The subject's schemas, oldest first; empty when it has none. */
  async schemasOf(subject: string): Promise<RegisteredSchema[]> {
    const path = `/subjects/${encodeURIComponent(subject)}/versions`;
    const versions = ((await ifThere(this.http.call('GET', path))) as number[] | null) ?? [];
    return Promise.all(versions.map(async (version) => (await this.http.call('GET', `${path}/${version}`)) as RegisteredSchema));
  }

  /** In IMPORT mode a subject takes schemas with the ids they bring. Apicurio answers 200 and gives its own ids all the same. */
  async setMode(subject: string, mode: 'IMPORT' | 'READWRITE'): Promise<void> {
    await this.http.call('PUT', `/mode/${encodeURIComponent(subject)}${mode === 'IMPORT' ? '?force=true' : ''}`, { mode });
  }

  /** As it is: under an id of our own (in IMPORT mode), or without a name (the package refuses it). @returns the id it got. */
  async registerAsIs(subject: string, schema: string, id?: number): Promise<number> {
    const path = `/subjects/${encodeURIComponent(subject)}/versions`;
    return idIn(await this.http.call('POST', path, id === undefined ? { schema } : { schema, id }));
  }

  /** Whether it is Apicurio that speaks Confluent's API here. */
  get isApicurio(): boolean {
    return CONFLUENT_API_OF_APICURIO.test(this.http.url);
  }

  /** Apicurio's own import, of a zip archive. What came of it is not told, and a registry may forbid it. */
  async importArchive(archive: Uint8Array): Promise<void> {
    const url = `${this.http.url.replace(CONFLUENT_API_OF_APICURIO, '')}/apis/registry/v3/admin/import?requireEmptyRegistry=false`;
    await this.http.send('POST', url, { content: Buffer.from(archive), type: 'application/zip' });
  }
}
