// The ingress's own steps for bodies from the quarantine, as a process: a ReplayRequest a line
// comes in, a ReplayAnswer a line goes out. It appends nothing but keys to seal with; `npm run quarantine -- replay`
// starts it and decides. An argument names a module whose default export corrects a body.
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { loadContracts } from '../../../schemas/contract.ts';
import { commonSettings, kafkaSettings, readConfig, registrySettings, text, type Settings } from '../../runtime/config.ts';
import { messageOf, RuntimeError } from '../../runtime/errors.ts';
import { readEntries, type Integration } from '../../runtime/integrations-file.ts';
import { toLine, type ReplayRequest } from '../../runtime/quarantine/replay.ts';
import { readLock, SchemaRegistry } from '../../runtime/registry/registry.ts';
import { createLogger } from '../../runtime/logger.ts';
import { keysWithProducer } from './keys.ts';
import { createEncode } from '../event/encoders.ts';
import { createPrepare } from '../event/prepare.ts';
import { createSealer } from '../event/seal.ts';
import { createAgain, type Fix } from './again.ts';
import { kafkaConnection } from '../../runtime/kafka/connection.ts';

const settings = {
  ...registrySettings,
  ...kafkaSettings,
  SCHEMAS_LOCK: commonSettings.SCHEMAS_LOCK,
  INTEGRATIONS_FILE: { parse: text, doc: 'JSON file of integrations; an event comes in again as its integration is configured now' },
} satisfies Settings;

async function readFix(path: string | undefined): Promise<Fix | null> {
  if (path === undefined) return null;
  const module = (await import(pathToFileURL(resolve(path)).href)) as { default?: unknown };
  if (typeof module.default !== 'function') throw new RuntimeError('CONFIG_INVALID', `${path} has no default export that is a function`);
  return module.default as Fix;
}

async function main(): Promise<void> {
  const config = readConfig(settings, process.env);
  // Their secrets may be where this machine can't read them, and are not needed: what comes again was verified when it came first.
  const integrations = (await readEntries(config.INTEGRATIONS_FILE)).map((entry): Integration => ({ ...entry, secrets: [] }));
  const contracts = await loadContracts();
  const keys = await keysWithProducer(kafkaConnection(config, 'quarantine', createLogger('quarantine', 'error')), integrations);
  try {
    const again = createAgain({
      integrations,
      prepare: createPrepare(contracts),
      sealer: createSealer(keys.source),
      encode: await createEncode({
        contracts: contracts.values(),
        environments: [...new Set(integrations.map(({ environment }) => environment))],
        registry: SchemaRegistry.of(config),
        locked: await readLock(config.SCHEMAS_LOCK),
      }),
      fix: await readFix(process.argv[2]),
    });
    for await (const line of createInterface({ input: process.stdin })) {
      process.stdout.write(toLine(await again(JSON.parse(line) as ReplayRequest)));
    }
  } finally {
    // What holds a connection open would outlive the message that says what is wrong.
    await keys.stop();
  }
}

/** As the quarantine command's own: 2 for a person to set right, 3 for what may pass. */
await main().catch((error: unknown) => {
  console.error(messageOf(error));
  process.exitCode = error instanceof RuntimeError && error.retriable ? 3 : 2;
});
