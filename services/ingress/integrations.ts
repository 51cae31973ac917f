// Who may send: integrations and their secrets, from one JSON file that is watched, so that a
// secret is rotated (added, then removed) without a restart and without a rejected event. A
// file that can't be used leaves the integrations as they were.
import { readFile } from 'node:fs/promises';
import { unwatchFile, watchFile } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { messageOf, RuntimeError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';

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
    },
  },
});

const RELOAD_INTERVAL_MS = 1_000;

export interface Integrations {
  /** Entries with this id: usually one, several when one id is used in several environments. */
  find(integrationId: string): readonly Integration[];
  environments(): string[];
  close(): void;
}

/** @throws RuntimeError `CONFIG_INVALID` that lists every problem of the file. */
export async function readIntegrations(path: string): Promise<Integration[]> {
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new RuntimeError('CONFIG_INVALID', `INTEGRATIONS_FILE: ${messageOf(error)}`);
  });
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch {
    throw new RuntimeError('CONFIG_INVALID', `INTEGRATIONS_FILE ${path} is not JSON`);
  }
  if (!isIntegrations(json)) {
    const problems = isIntegrations.errors?.map((error) => `${error.instancePath} ${error.message ?? ''}`) ?? [];
    throw new RuntimeError('CONFIG_INVALID', `INTEGRATIONS_FILE ${path}: ${problems.join('; ')}`);
  }
  return json;
}

export async function watchIntegrations(path: string, logger: Logger): Promise<Integrations> {
  let current = await readIntegrations(path);
  const known = new Set(current.map((integration) => integration.environment));
  const reload = async (): Promise<void> => {
    try {
      const next = await readIntegrations(path);
      const added = next.map((integration) => integration.environment).find((environment) => !known.has(environment));
      if (added !== undefined) throw new RuntimeError('CONFIG_INVALID', `environment ${added} is new: create its topics and restart`);
      current = next;
      logger.info({ integrations: current.length }, 'integrations reloaded');
    } catch (error) {
      logger.error({ error: messageOf(error) }, 'integrations not reloaded; the previous ones stay');
    }
  };
  watchFile(path, { interval: RELOAD_INTERVAL_MS }, () => void reload());
  return {
    find: (integrationId) => current.filter((integration) => integration.integration_id === integrationId),
    environments: () => [...known],
    close: () => unwatchFile(path),
  };
}
