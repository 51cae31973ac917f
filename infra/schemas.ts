// Registers the Avro records of the contract, one subject per topic and record (the
// TopicRecordName strategy), and writes the lock file that lets services run without the
// registry. `npm run schemas [-- --dry-run]`. The compatibility rule is set before the first
// registration: the other way round, an incompatible schema can slip in.
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { program } from 'commander';
import { loadContracts } from '../schemas/contract.ts';
import { commonSettings, readConfig, type Settings } from '../services/runtime/config.ts';
import { environmentSettings, environmentsOf } from './environments.ts';
import { eventsTopic } from '../services/runtime/event-log.ts';
import { SchemaRegistry, writeLock, type LockedSchema } from '../services/runtime/registry.ts';

const settings = {
  ...commonSettings,
  ...environmentSettings,
} satisfies Settings;

const COMPATIBILITY = 'FULL_TRANSITIVE';

async function deploy(dryRun: boolean): Promise<void> {
  const config = readConfig(settings, process.env);
  const environments = await environmentsOf(config);
  const registry = new SchemaRegistry(config.SCHEMA_REGISTRY_URL);
  const contracts = [...(await loadContracts()).values()];
  const locked: LockedSchema[] = [];
  let refused = 0;
  for (const environment of environments) {
    for (const { recordName, record } of contracts) {
      const subject = `${eventsTopic(environment)}-${recordName}`;
      const schema = JSON.stringify(record);
      if (!dryRun) await registry.setCompatibility(subject, COMPATIBILITY);
      const problems = await registry.incompatibilities(subject, schema);
      if (problems.length > 0) {
        refused += 1;
        console.error(`schema ${subject}: REFUSED as not ${COMPATIBILITY}: ${problems.join('; ')}`);
      } else if (dryRun) {
        console.log(`schema ${subject}: would be accepted`);
      } else {
        const id = await registry.register(subject, schema);
        locked.push({ id, subject, schema });
        console.log(`schema ${subject}: id ${id}`);
      }
    }
  }
  if (refused > 0) process.exit(1);
  if (dryRun) return;
  await mkdir(dirname(config.SCHEMAS_LOCK), { recursive: true });
  await writeLock(config.SCHEMAS_LOCK, locked);
}

program
  .description('Register the contract’s Avro schemas')
  .option('--dry-run', 'only ask the registry what it would say', false)
  .action(({ dryRun }: { dryRun: boolean }) => deploy(dryRun));
await program.parseAsync();
