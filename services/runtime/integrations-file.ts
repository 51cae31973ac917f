// The file of integrations: who may send, and by which secrets. A secret may stand there, or in the environment, in a file or in a
// folder of files, of which each is one. What the door makes of it is in ingress/integrations.ts; `npm run integrations` writes it.
import { createHmac } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { messageOf, RuntimeError } from './errors.ts';

/** `folder`: every file in it whose name does not begin with a dot. Paths are relative to the integrations file. */
export type SecretSource = string | { readonly env: string } | { readonly file: string } | { readonly folder: string };

/** As it is written. */
export interface IntegrationEntry {
  readonly integration_id: string;
  /** Decides the topic; an event that names another environment is quarantined. */
  readonly environment: string;
  /** Any of them verifies; new ones first. */
  readonly secrets: readonly SecretSource[];
  /** Demand Standard Webhooks headers over the raw body besides the envelope's signature. */
  readonly require_body_signature?: boolean;
  /** Refuse events whose timestamp is older; by default any age is welcome. */
  readonly max_age_seconds?: number;
  /** Answer 429 above this rate. */
  readonly max_events_per_second?: number;
  /** Seal what is personal, so that a customer can be forgotten. */
  readonly encrypt_personal_data?: boolean;
  /** Members of a ticket's metadata that stay readable for all; campaign_id and source_url when nothing is said. */
  readonly clear_metadata?: readonly string[];
}

/** With its secrets. */
export interface Integration extends IntegrationEntry {
  readonly secrets: readonly string[];
}

const sourceOf = (name: string) => ({ type: 'object', required: [name], additionalProperties: false, properties: { [name]: { type: 'string', minLength: 1 } } });

const isEntries = new Ajv2020({ allErrors: true }).compile<IntegrationEntry[]>({
  type: 'array',
  items: {
    type: 'object',
    required: ['integration_id', 'environment', 'secrets'],
    additionalProperties: false,
    properties: {
      integration_id: { type: 'string', minLength: 1 },
      environment: { type: 'string', pattern: '^[a-zA-Z0-9_-]+$' },
      secrets: { type: 'array', minItems: 1, items: { anyOf: [{ type: 'string', minLength: 1 }, sourceOf('env'), sourceOf('file'), sourceOf('folder')] } },
      require_body_signature: { type: 'boolean' },
      max_age_seconds: { type: 'number', exclusiveMinimum: 0 },
      max_events_per_second: { type: 'integer', minimum: 1 },
      encrypt_personal_data: { type: 'boolean' },
      clear_metadata: { type: 'array', items: { type: 'string' } },
    },
  },
});

const invalid = (path: string, problem: string): RuntimeError => new RuntimeError('CONFIG_INVALID', `INTEGRATIONS_FILE ${path}${problem}`);

/** Names a secret where the secret itself must not be: in metrics, in logs. Short, so that it confirms nobody's guess for certain. */
export const kidOf = (secret: string): string => createHmac('sha256', secret).update('kid').digest('hex').slice(0, 6);

const MIN_SECRET_BYTES = 24;
const MIN_DIFFERENT_BYTES = 10;

/** Why a secret can be guessed, if so. */
export function weakness(secret: string): string | null {
  const bytes = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret);
  if (bytes.length < MIN_SECRET_BYTES) return `has ${bytes.length} bytes, and ${MIN_SECRET_BYTES} are the least`;
  return new Set(bytes).size < MIN_DIFFERENT_BYTES ? 'repeats itself' : null;
}

/** @throws RuntimeError `CONFIG_INVALID` that lists every problem of the form. */
export async function readEntries(path: string): Promise<IntegrationEntry[]> {
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    throw invalid('', `: ${messageOf(error)}`);
  });
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch {
    throw invalid(path, ' is not JSON');
  }
  if (isEntries(json)) return json;
  // One of four forms: that it is none of them says enough.
  const problems = (isEntries.errors ?? []).filter(({ schemaPath }) => !schemaPath.includes('/anyOf/')).map((error) => `${error.instancePath} ${error.message ?? ''}`);
  throw invalid(path, `: ${problems.join('; ')}`);
}

export interface ReadIntegrations {
  readonly integrations: Integration[];
  /** Where secrets were read, besides the file. */
  readonly files: readonly string[];
}

/** With all secrets. @throws RuntimeError `CONFIG_INVALID` that lists every problem of the file, and holds no secret. */
export async function readIntegrationsFile(path: string, env: NodeJS.ProcessEnv): Promise<ReadIntegrations> {
  const entries = await readEntries(path);
  const problems = listedTwice(entries);
  const files: string[] = [];
  const integrations: Integration[] = [];
  for (const [index, entry] of entries.entries()) {
    const secrets: string[] = [];
    for (const [place, source] of entry.secrets.entries()) {
      try {
        if (typeof source !== 'string' && 'folder' in source) files.push(resolve(dirname(path), source.folder));
        for (const { secret, file } of await secretsFrom(source, path, env)) {
          secrets.push(secret);
          if (file !== null) files.push(file);
        }
      } catch (error) {
        problems.push(`/${index}/secrets/${place}: ${messageOf(error)}`);
      }
    }
    integrations.push({ ...entry, secrets });
  }
  problems.push(...sharedSecrets(integrations));
  if (problems.length > 0) throw invalid(path, `: ${problems.join('; ')}`);
  return { integrations, files };
}

/** A secret, and the file that holds it and nothing else. */
export interface FoundSecret {
  readonly secret: string;
  readonly file: string | null;
}

/** What is behind a source of the integrations file at `path`. @throws Error that names what is missing */
export async function secretsFrom(source: SecretSource, path: string, env: NodeJS.ProcessEnv): Promise<FoundSecret[]> {
  if (typeof source === 'string') return [{ secret: source, file: null }];
  if ('env' in source) return [{ secret: filled(env[source.env] ?? '', `the variable ${source.env}`), file: null }];
  if ('file' in source) return [await secretIn(resolve(dirname(path), source.file))];
  const folder = resolve(dirname(path), source.folder);
  // Mounted secrets have hidden folders beside them, of which the files are links.
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
  if (names.length === 0) throw new Error(`${folder} holds no file`);
  return Promise.all(names.map((name) => secretIn(join(folder, name))));
}

const secretIn = async (file: string): Promise<FoundSecret> => ({ secret: filled((await readFile(file, 'utf8')).trimEnd(), file), file });

function filled(secret: string, where: string): string {
  if (secret === '') throw new Error(`${where} is empty`);
  return secret;
}

function listedTwice(entries: readonly IntegrationEntry[]): string[] {
  const places = entries.map(({ integration_id, environment }) => `${integration_id} is listed twice for ${environment}`);
  return [...new Set(places.filter((place, index) => places.indexOf(place) !== index))];
}

/**
 * Whoever holds a secret can sign as any integration that has it, so two integrations have none in
 * common. One integration may have the same in several environments: it is one sender.
 */
export function sharedSecrets(integrations: readonly Integration[]): string[] {
  const owners = new Map<string, string>();
  return integrations.flatMap(({ integration_id, secrets }) => secrets.flatMap((secret) => {
    // Compared by what it signs: zeros behind a secret, for one, make no other key.
    const key = createHmac('sha256', secret).update('whose?').digest('base64');
    const owner = owners.get(key) ?? integration_id;
    owners.set(key, owner);
    return owner === integration_id ? [] : [`${owner} and ${integration_id} share a secret, so each could sign as the other: give one of them a new secret`];
  }));
}
