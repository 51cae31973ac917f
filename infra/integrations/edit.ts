// Changes of the integrations file: added, rotated, revoked. It is written whole, and only what the door would read.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { kidOf, readEntries, secretsFrom, sharedSecrets, weakness, type FoundSecret, type Integration, type IntegrationEntry, type SecretSource } from '../../services/runtime/integrations-file.ts';
import { writeWhole } from '../local/supervisor/state-file.ts';
import { Refused } from '../target/refused.ts';

export interface IntegrationsFile {
  readonly path: string;
  /** For secrets that are in variables. */
  readonly env: NodeJS.ProcessEnv;
}

export interface KnownSecret extends FoundSecret {
  readonly kid: string;
  /** As it is written in the file. */
  readonly source: SecretSource;
}

export interface Known {
  readonly entry: IntegrationEntry;
  readonly secrets: readonly KnownSecret[];
}

export const newSecret = (): string => randomBytes(32).toString('hex');

/** Of a file that isn't there, none. */
export async function readKnown({ path, env }: IntegrationsFile): Promise<Known[]> {
  const entries = existsSync(path) ? await readEntries(path) : [];
  return Promise.all(entries.map(async (entry) => {
    const found = await Promise.all(entry.secrets.map(async (source) => (await secretsFrom(source, path, env)).map((secret) => ({ ...secret, source, kid: kidOf(secret.secret) }))));
    return { entry, secrets: found.flat() };
  }));
}

/** @throws Refused when there is none, or one in several environments */
export function pick(all: readonly Known[], id: string, environment: string | undefined): Known {
  const found = all.filter(({ entry }) => entry.integration_id === id && (environment === undefined || entry.environment === environment));
  const [first, ...others] = found;
  if (first === undefined) throw new Refused(`there is no integration ${id}${environment === undefined ? '' : ` in ${environment}`}; there are ${all.map(({ entry }) => `${entry.integration_id} (${entry.environment})`).join(', ') || 'none'}`);
  if (others.length > 0) throw new Refused(`${id} is in ${found.map(({ entry }) => entry.environment).join(' and ')}: say which with --environment`);
  return first;
}

/** @throws Refused for what can be guessed, or is somebody's */
function checkSecret(all: readonly Known[], id: string, secret: string): void {
  const why = weakness(secret);
  if (why !== null) throw new Refused(`the secret ${why}; without --secret-file a good one is made`);
  const kid = kidOf(secret);
  const [twin] = all.flatMap(({ entry, secrets }) => secrets.filter((other) => other.kid === kid).map(() => entry));
  if (twin?.integration_id === id) throw new Refused(`${id} has a secret that is, or is called, ${kid} already`);
  const others = all.map(({ entry, secrets }): Integration => ({ ...entry, secrets: secrets.map((other) => other.secret) }));
  const [shared] = sharedSecrets([...others, { integration_id: id, environment: '', secrets: [secret] }]);
  if (shared !== undefined) throw new Refused(shared);
}

const write = (path: string, entries: readonly IntegrationEntry[]): Promise<void> => writeWhole(path, `${JSON.stringify(entries, null, 2)}\n`);

/** @throws Refused when it is there */
export async function addIntegration(file: IntegrationsFile, entry: Omit<IntegrationEntry, 'secrets'>, secret: string): Promise<void> {
  const all = await readKnown(file);
  if (all.some((other) => other.entry.integration_id === entry.integration_id && other.entry.environment === entry.environment)) {
    throw new Refused(`${entry.integration_id} is there already for ${entry.environment}: rotate gives it another secret`);
  }
  checkSecret(all, entry.integration_id, secret);
  await write(file.path, [...all.map((other) => other.entry), { ...entry, secrets: [secret] }]);
}

/** Beside the ones that there are, which stay valid. Where secrets are files of a folder, it becomes one. */
export async function addSecret(file: IntegrationsFile, all: readonly Known[], { entry }: Known, secret: string): Promise<void> {
  checkSecret(all, entry.integration_id, secret);
  const folder = entry.secrets.flatMap((source) => (typeof source !== 'string' && 'folder' in source ? [source.folder] : []))[0];
  if (folder !== undefined) await writeWhole(join(resolve(dirname(file.path), folder), kidOf(secret)), `${secret}\n`);
  else await write(file.path, all.map((other) => (other.entry === entry ? { ...entry, secrets: [secret, ...entry.secrets] } : other.entry)));
}

/** @throws Refused for the last one, which would leave the integration closed without saying so */
export async function removeSecret(file: IntegrationsFile, all: readonly Known[], { entry, secrets }: Known, secret: KnownSecret): Promise<void> {
  if (secrets.length === 1) throw new Refused(`${secret.kid} is the only secret of ${entry.integration_id}: rotate first`);
  if (typeof secret.source !== 'string' && 'folder' in secret.source && secret.file !== null) await rm(secret.file);
  else await write(file.path, all.map((other) => (other.entry === entry ? { ...entry, secrets: entry.secrets.filter((source) => source !== secret.source) } : other.entry)));
}
