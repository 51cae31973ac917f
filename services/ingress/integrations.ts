// Who may send: integrations and their secrets, from one JSON file that is watched, so that a
// secret is rotated (added, then removed) without a restart and without a rejected event. A
// file that can't be used leaves the integrations as they were, and is told until it is mended.
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { messageOf, RuntimeError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';
import { WatchedFile } from '../runtime/watched-file.ts';
import { identifierProblem } from './event/text.ts';

export interface Integration {
  readonly integration_id: string;
  /** Decides the topic; an event that names another environment is quarantined. */
  readonly environment: string;
  /** Any of them verifies; new ones first. */
  readonly secrets: readonly string[];
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

const isIntegrations = new Ajv2020({ allErrors: true }).compile<Integration[]>({
  type: 'array',
  items: {
    type: 'object',
    required: ['integration_id', 'environment', 'secrets'],
    additionalProperties: false,
    properties: {
      integration_id: { type: 'string', minLength: 1 },
      environment: { type: 'string', pattern: '^[a-zA-Z0-9_-]+$' },
      secrets: { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 } },
      require_body_signature: { type: 'boolean' },
      max_age_seconds: { type: 'number', exclusiveMinimum: 0 },
      max_events_per_second: { type: 'integer', minimum: 1 },
      encrypt_personal_data: { type: 'boolean' },
      clear_metadata: { type: 'array', items: { type: 'string' } },
    },
  },
});

/** Names a secret where the secret itself must not be: in metrics, in logs. Short, so that it confirms nobody's guess for certain. */
export const kidOf = (secret: string): string => createHmac('sha256', secret).update('kid').digest('hex').slice(0, 6);

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

/** @throws RuntimeError `CONFIG_INVALID` that lists every problem of the file. */
export async function readIntegrations(path: string): Promise<Integration[]> {
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    throw invalid(`INTEGRATIONS_FILE: ${messageOf(error)}`);
  });
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch {
    throw invalid(`INTEGRATIONS_FILE ${path} is not JSON`);
  }
  if (!isIntegrations(json)) {
    const problems = isIntegrations.errors?.map((error) => `${error.instancePath} ${error.message ?? ''}`) ?? [];
    throw invalid(`INTEGRATIONS_FILE ${path}: ${problems.join('; ')}`);
  }
  const problems = [...unusableIds(json), ...listedTwice(json), ...sharedSecrets(json)];
  if (problems.length > 0) throw invalid(`INTEGRATIONS_FILE ${path}: ${problems.join('; ')}`);
  return json;
}

/** All events of such an integration would be quarantined. */
const unusableIds = (integrations: readonly Integration[]): string[] =>
  integrations.flatMap(({ integration_id }, index) => {
    const problem = identifierProblem(integration_id);
    return problem === null ? [] : [`/${index}/integration_id ${problem}`];
  });

function listedTwice(integrations: readonly Integration[]): string[] {
  const places = integrations.map(({ integration_id, environment }) => `${integration_id} is listed twice for ${environment}`);
  return [...new Set(places.filter((place, index) => places.indexOf(place) !== index))];
}

/**
 * Whoever holds a secret can sign as any integration that has it, so two integrations have none in
 * common. One integration may have the same in several environments: it is one sender.
 */
function sharedSecrets(integrations: readonly Integration[]): string[] {
  const owners = new Map<string, string>();
  return integrations.flatMap(({ integration_id, secrets }) => secrets.flatMap((secret) => {
    // Compared by what it signs: zeros behind a secret, for one, make no other key.
    const key = createHmac('sha256', secret).update('whose?').digest('base64');
    const owner = owners.get(key) ?? integration_id;
    owners.set(key, owner);
    return owner === integration_id ? [] : [`${owner} and ${integration_id} share a secret, so each could sign as the other: give one of them a new secret`];
  }));
}

/** What this ingress may not take, since nothing that runs with it would read it. @param accepted all when empty */
export function foreignEnvironments(integrations: readonly Integration[], accepted: readonly string[]): string[] {
  return integrations.filter(({ environment }) => accepted.length > 0 && !accepted.includes(environment))
    .map(({ integration_id, environment }) => `${integration_id} is in ${environment}, whose events this ingress does not take (INGRESS_ENVIRONMENTS is ${accepted.join(',')}): run a stack with ENVIRONMENT=${environment} for it, or add ${environment} to INGRESS_ENVIRONMENTS if its consumers run elsewhere`);
}

async function readAccepted(path: string, accepted: readonly string[]): Promise<Integration[]> {
  const integrations = await readIntegrations(path);
  const foreign = foreignEnvironments(integrations, accepted);
  if (foreign.length > 0) throw invalid(`INTEGRATIONS_FILE ${path}: ${foreign.join('; ')}`);
  return integrations;
}

export async function watchIntegrations(path: string, accepted: readonly string[], logger: Logger): Promise<WatchedIntegrations> {
  const environmentsOf = (integrations: readonly Integration[]): string[] => [...new Set(integrations.map(({ environment }) => environment))];
  const sealingOf = (integrations: readonly Integration[]): string[] => environmentsOf(integrations.filter((integration) => integration.encrypt_personal_data === true));
  let known: readonly string[] | null = null;
  let sealing: readonly string[] = [];
  const file = await WatchedFile.open<readonly Integration[]>({
    what: 'integrations', path, logger,
    shown: (integrations) => ({ integrations: integrations.length, keys: keysOf(integrations) }),
    read: async () => {
      const value = await readAccepted(path, accepted);
      if (known === null) sealing = sealingOf(value);
      known ??= environmentsOf(value);
      const added = environmentsOf(value).find((environment) => known?.includes(environment) === false);
      if (added !== undefined) throw invalid(`environment ${added} is new: create its topics and restart`);
      const sealed = sealingOf(value).find((environment) => !sealing.includes(environment));
      if (sealed !== undefined) throw invalid(`encrypt_personal_data is new in environment ${sealed}: create its topics and restart`);
      return { value };
    },
  });
  return {
    find: (integrationId) => file.current.filter((integration) => integration.integration_id === integrationId),
    environments: () => [...known ?? []],
    sealing: () => [...sealing],
    warnings: () => file.warnings(),
    close: () => file.close(),
  };
}
