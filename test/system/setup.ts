// Whole systems for the files that need one: each file has a stack to itself while it runs, on free
// ports and with a data folder of the run, started when the first file asks for it. So two files can
// run side by side, one breaking its stack while the other measures its own. All are stopped
// at the end; a run that is killed leaves that to the stack's watchdog,
// and its data folder to data-folder.ts.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { progressPrinter } from '../../infra/local/progress.ts';
import { startSystem, type System } from '../../infra/start/start.ts';
import { foreignClients } from './clients.ts';
import { openControlDoor } from './control.ts';
import { newDataFolder } from './data-folder.ts';
import { freePorts } from './free-ports.ts';
import { shortLived } from './short-lived.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly controlUrl: string;
  }
}

const integrations = [
  { integration_id: 'twofold', environment: 'production', secrets: ['twofold-secret', 'twofold-production'] },
  { integration_id: 'twofold', environment: 'staging', secrets: ['twofold-secret', 'twofold-staging'] },
  { integration_id: 'punctual', environment: 'production', secrets: ['punctual-secret'], max_age_seconds: 5 },
  { integration_id: 'acme', environment: 'production', secrets: ['acme-secret', 'acme-previous-secret'] },
  { integration_id: 'globex', environment: 'production', secrets: ['globex-secret'] },
  { integration_id: 'initech', environment: 'staging', secrets: ['initech-secret'] },
  { integration_id: 'umbrella', environment: 'production', secrets: ['umbrella-secret'] },
  { integration_id: 'hooli', environment: 'production', secrets: ['hooli-secret'] },
  { integration_id: 'sealed', environment: 'production', secrets: ['sealed-secret'], encrypt_personal_data: true, clear_metadata: ['tier'] },
  { integration_id: 'fuzzed', environment: 'production', secrets: ['a secret that is in no log'] },
  { integration_id: 'limited', environment: 'production', secrets: ['limited-secret'], max_events_per_second: 5 },
];

/** One for each worker but the one that runs the faults first, on a stack of their own; after them one waits. */
const STACKS = 3;

/** Whatever points elsewhere in the caller's environment must not get test data. */
const elsewhere = new Set(['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'CLICKHOUSE_URL', 'SCHEMAS_LOCK']);

async function start(stack: number): Promise<System> {
  const dataDir = await newDataFolder();
  const integrationsFile = join(dataDir, 'integrations.json');
  await writeFile(integrationsFile, JSON.stringify(integrations), { mode: 0o600 });
  const [kafka = 0, kafkaController = 0, registry = 0, clickhouse = 0, ingress = 0] = await freePorts(5);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !elsewhere.has(name)));
  return startSystem({
    dataDir,
    // Staging's events are kept though nothing here reads them: so they can be told from production's.
    env: { ...env, ...shortLived, INTEGRATIONS_FILE: integrationsFile, INGRESS_ENVIRONMENTS: 'production,staging', INGRESS_DRAIN_MS: '0' },
    ports: { kafka, kafkaController, registry, clickhouse, ingress, healthBase: 10_000 + (process.pid % 190) * 30 + stack * 10 },
    onProgress: progressPrinter(process.stderr),
  });
}

async function end(system: System): Promise<void> {
  await system.stop();
  if (process.env['KEEP_TEST_DATA'] === undefined) await rm(system.dataDir, { recursive: true, force: true });
  else console.log(`kept ${system.dataDir}`);
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const systems = new Map<number, Promise<System>>();
  const control = await openControlDoor({
    stacks: STACKS,
    systemOf: (stack) => {
      const system = systems.get(stack) ?? start(stack);
      systems.set(stack, system);
      // The next file tries again.
      system.catch(() => systems.delete(stack));
      return system;
    },
    variables: await foreignClients(),
  });
  project.provide('controlUrl', control.url);
  return async () => {
    control.close();
    for (const started of await Promise.allSettled(systems.values())) if (started.status === 'fulfilled') await end(started.value);
  };
}
