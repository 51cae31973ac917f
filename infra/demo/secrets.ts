// The demo's own integrations and their secrets: generated once per data folder, kept beside what
// the user configured, so that an own sender works while the demo runs.
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SetupError } from '../local/settings.ts';
import { readState, writeWhole } from '../local/supervisor/state-file.ts';

interface IntegrationEntry {
  readonly integration_id: string;
  readonly environment: string;
  readonly secrets: readonly string[];
  readonly [setting: string]: unknown;
}

const isList = (value: unknown): value is IntegrationEntry[] => Array.isArray(value);

async function readEntries(file: string): Promise<IntegrationEntry[]> {
  const entries = await readState(file, isList);
  if (entries === 'damaged') throw new SetupError([`${file} is not a JSON list of integrations (is it empty or cut?): mend it, or delete it if npm start made it`], 2);
  return entries === 'missing' ? [] : entries;
}

/** Writes `demo-integrations.json` into the data folder: the demo's integrations and those of `besides`. */
export async function writeDemoIntegrations(
  where: { dataDir: string; environment: string; besides: readonly string[] }, integrations: readonly string[],
): Promise<string> {
  const file = join(where.dataDir, 'demo-integrations.json');
  await mkdir(where.dataDir, { recursive: true });
  const known = await readEntries(file);
  const configured = (await Promise.all(where.besides.map(readEntries))).flat();
  const of = (list: readonly IntegrationEntry[], id: string): IntegrationEntry | undefined =>
    list.find((entry) => entry.integration_id === id && entry.environment === where.environment);
  // What the user configured wins, also for the secrets of an integration that the demo uses.
  const own = integrations.filter((id) => of(configured, id) === undefined).map((id) => of(known, id) ?? {
    integration_id: id, environment: where.environment, secrets: [randomBytes(32).toString('hex')],
  });
  await writeWhole(file, `${JSON.stringify([...own, ...configured], null, 2)}\n`);
  return file;
}

/** @throws SetupError that names the integrations that the file lacks. */
export async function readSecrets(file: string, environment: string, integrations: readonly string[]): Promise<(integrationId: string) => string> {
  const entries = (await readEntries(file)).filter((entry) => entry.environment === environment);
  const secrets = new Map(entries.map((entry) => [entry.integration_id, entry.secrets[0] ?? '']));
  const missing = integrations.filter((id) => !secrets.has(id));
  if (missing.length > 0) {
    throw new SetupError([`${file} has no secret for ${missing.join(', ')} (${environment}): add them (the ingress reads its file again), or name the file by INTEGRATIONS_FILE`]);
  }
  return (id) => secrets.get(id) ?? '';
}
