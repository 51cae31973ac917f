// Who may send: integrations and their secrets, from one JSON file that is watched, and the files of secrets that it names, so
// that a secret is rotated (added, then removed) without a restart and without a rejected event. A
// file that can't be used leaves the integrations as they were, and is told until it is mended.
import { RuntimeError } from '../runtime/errors.ts';
import { groupBy } from '../runtime/group-by.ts';
import { kidOf, readIntegrationsFile, weakness, type Integration, type ReadIntegrations } from '../runtime/integrations-file.ts';
import type { Logger } from '../runtime/logger.ts';
import { WatchedFile } from '../runtime/watched-file.ts';
import { identifierProblem } from './event/text.ts';

const keysOf = (integrations: readonly Integration[]) =>
  integrations.map(({ integration_id, environment, secrets }) => ({ integration_id, environment, kids: secrets.map(kidOf) }));

export interface Integrations {
  /** Entries with this id: usually one, several when one id is used in several environments. */
  find(integrationId: string): readonly Integration[];
  environments(): string[];
  close(): void;
}

export interface WatchedIntegrations extends Integrations {
  /** Environments that have an integration whose personal data is sealed. */
  sealing(): string[];
  /** Why the file as it is now is not in force, for people; empty when it is. */
  warnings(): string[];
}

const invalid = (message: string): RuntimeError => new RuntimeError('CONFIG_INVALID', message);

/** @throws RuntimeError `CONFIG_INVALID` that says what is wrong with the file. */
export async function readIntegrations(path: string, env: NodeJS.ProcessEnv): Promise<ReadIntegrations> {
  const read = await readIntegrationsFile(path, env);
  const problems = unusableIds(read.integrations);
  if (problems.length > 0) throw invalid(`INTEGRATIONS_FILE ${path}: ${problems.join('; ')}`);
  return read;
}

/** All events of such an integration would be quarantined. */
const unusableIds = (integrations: readonly Integration[]): string[] =>
  integrations.flatMap(({ integration_id }, index) => {
    const problem = identifierProblem(integration_id);
    return problem === null ? [] : [`/${index}/integration_id ${problem}`];
  });

/** Secrets that can be guessed, by their kids. */
const weakSecrets = (integrations: readonly Integration[]): string[] => integrations.flatMap(({ integration_id, secrets }) => secrets.flatMap((secret) => {
  const why = weakness(secret);
  return why === null ? [] : [`${integration_id}: the secret ${kidOf(secret)} ${why}`];
}));

/** What this ingress may not take, since nothing that runs with it would read it. @param accepted all when empty */
export function foreignEnvironments(integrations: readonly Integration[], accepted: readonly string[]): string[] {
  return integrations.filter(({ environment }) => accepted.length > 0 && !accepted.includes(environment))
    .map(({ integration_id, environment }) => `${integration_id} is in ${environment}, whose events this ingress does not take (INGRESS_ENVIRONMENTS is ${accepted.join(',')}): run a stack with ENVIRONMENT=${environment} for it, or add ${environment} to INGRESS_ENVIRONMENTS if its consumers run elsewhere`);
}

export interface WatchOptions {
  /** Environments that are taken; all when empty. */
  readonly accepted: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Anybody may reach the door: a secret that can be guessed is refused then, not only told. */
  readonly isPublic: boolean;
}

async function readAccepted(path: string, { accepted, env, isPublic }: WatchOptions, logger: Logger): Promise<ReadIntegrations> {
  const read = await readIntegrations(path, env);
  const weak = weakSecrets(read.integrations);
  const problems = [...foreignEnvironments(read.integrations, accepted), ...(isPublic ? weak : [])];
  if (problems.length > 0) throw invalid(`INTEGRATIONS_FILE ${path}: ${problems.join('; ')}`);
  if (weak.length > 0) logger.warn({ weak }, 'secrets that can be guessed: a door beyond loopback would refuse them; npm run integrations -- rotate makes a new one');
  return read;
}

const environmentsOf = (integrations: readonly Integration[]): string[] => [...new Set(integrations.map(({ environment }) => environment))];
const sealingOf = (integrations: readonly Integration[]): string[] => environmentsOf(integrations.filter((integration) => integration.encrypt_personal_data === true));

const indexes = new WeakMap<readonly Integration[], ReadonlyMap<string, readonly Integration[]>>();

/** Made once a file: it is asked for each event. */
function byId(integrations: readonly Integration[]): ReadonlyMap<string, readonly Integration[]> {
  const known = indexes.get(integrations) ?? groupBy(integrations, ({ integration_id }) => integration_id);
  indexes.set(integrations, known);
  return known;
}

export async function watchIntegrations(path: string, options: WatchOptions, logger: Logger): Promise<WatchedIntegrations> {
  let known: readonly string[] | null = null;
  let sealing: readonly string[] = [];
  const file = await WatchedFile.open<readonly Integration[]>({
    what: 'integrations', path, logger,
    shown: (integrations) => ({ integrations: integrations.length, keys: keysOf(integrations) }),
    read: async () => {
      const { integrations: value, files } = await readAccepted(path, options, logger);
      if (known === null) sealing = sealingOf(value);
      known ??= environmentsOf(value);
      const added = environmentsOf(value).find((environment) => known?.includes(environment) === false);
      if (added !== undefined) throw invalid(`environment ${added} is new: create its topics and restart`);
      const sealed = sealingOf(value).find((environment) => !sealing.includes(environment));
      if (sealed !== undefined) throw invalid(`encrypt_personal_data is new in environment ${sealed}: create its topics and restart`);
      return { value, files };
    },
  });
  return {
    find: (integrationId) => byId(file.current).get(integrationId) ?? [],
    environments: () => [...known ?? []],
    sealing: () => [...sealing],
    warnings: () => file.warnings(),
    close: () => file.close(),
  };
}
