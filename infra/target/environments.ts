// Which environments get topics and subjects: the configured ones and those that the
// integrations file names, so that the ingress never meets one without topics.
import { readFile } from 'node:fs/promises';
import { list, text, type Config, type Settings } from '../../services/runtime/config.ts';
import { messageOf, RuntimeError } from '../../services/runtime/errors.ts';

export const environmentSettings = {
  ENVIRONMENTS: { parse: list, default: ['production', 'staging'], doc: 'Environments that get topics and subjects, besides those of INTEGRATIONS_FILE' },
  INTEGRATIONS_FILE: { parse: text, default: '', doc: 'JSON file of integrations; the environments it names get topics and subjects too' },
} satisfies Settings;

interface Place {
  readonly integration_id: string;
  readonly environment: string;
}

const isPlace = (value: unknown): value is Place =>
  typeof value === 'object' && value !== null && 'environment' in value && typeof value.environment === 'string';

/** What of an integrations file matters here; the ingress checks the rest. @throws RuntimeError `CONFIG_INVALID`. */
async function readPlaces(file: string): Promise<Place[]> {
  try {
    const entries: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (Array.isArray(entries) && entries.every(isPlace)) return entries;
  } catch (error) {
    throw new RuntimeError('CONFIG_INVALID', `INTEGRATIONS_FILE ${file} cannot be read: ${error instanceof SyntaxError ? 'it is not JSON' : messageOf(error)}`);
  }
  throw new RuntimeError('CONFIG_INVALID', `INTEGRATIONS_FILE ${file} is no list of integrations, each with an environment`);
}

export async function environmentsOf(config: Config<typeof environmentSettings>): Promise<string[]> {
  const places = config.INTEGRATIONS_FILE === '' ? [] : await readPlaces(config.INTEGRATIONS_FILE);
  return [...new Set([...config.ENVIRONMENTS, ...places.map(({ environment }) => environment)])];
}

/**
 * Integrations whose events would be taken and then read by nobody: the consumers of a stack read one
 * environment, since its tables have one.
 */
export async function unreadIntegrations(file: string, accepted: readonly string[]): Promise<string[]> {
  return (await readPlaces(file)).filter(({ environment }) => !accepted.includes(environment)).map(({ integration_id, environment }) =>
    `${file}: ${integration_id} is in ${environment}, which no service of this stack reads. Run a stack of its own for it (ENVIRONMENT=${environment}, another DATA_DIR and other ports), take it out of the file, or set INGRESS_ENVIRONMENTS=${[...accepted, environment].join(',')} if its consumers run elsewhere`);
}
