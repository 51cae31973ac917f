// The contract's Avro records and the schema registry: one subject per topic and record (the
// TopicRecordName strategy), FULL_TRANSITIVE set before the first registration (the other way
// round, an incompatible schema can slip in), the same id everywhere.
//   npm run schemas                  registers what is new and writes the lock (SCHEMAS_LOCK)
//   npm run schemas -- --dry-run     shows the differences and what the registry would say
//   npm run schemas -- restore       puts the lock's ids back into a registry that lost them
//   npm run schemas -- release       takes changed records into schemas/schemas.lock.json and the corpus
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { program } from 'commander';
import { loadContracts } from '../../schemas/contract.ts';
import { commonSettings, readConfig, type Settings } from '../../services/runtime/config.ts';
import { messageOf } from '../../services/runtime/errors.ts';
import { eventsTopic } from '../../services/runtime/event-log.ts';
import { COMPATIBILITY, idOfText, readLock, readReleases, sameSchema, SchemaRegistry, writeLock, type LockedSchema, type ReleasedSchema } from '../../services/runtime/registry/registry.ts';
import { corpusText, samplesOf, sha256 } from './corpus.ts';
import { endWithMessage } from '../local/supervisor/signals.ts';
import { environmentSettings, environmentsOf } from '../target/environments.ts';
import { locate } from '../target/which-stack.ts';
import { diffSchemas, incompatibility } from './diff.ts';
import { putBack, registerWithId } from './ids.ts';

const settings = {
  ...commonSettings,
  ...environmentSettings,
} satisfies Settings;

const schemasFolder = fileURLToPath(new URL('../../schemas', import.meta.url));

type Config = Awaited<ReturnType<typeof configuration>>;
const configuration = async (command: string, changes: boolean) =>
  readConfig(settings, await locate({ command, parts: ['registry'], files: ['SCHEMAS_LOCK'], changes }));

/** Ends the command with a message for people. */
class Refusal extends Error {}

/** Every subject with every schema it ever had, oldest first. */
async function wanted(config: Config): Promise<{ subject: string; release: ReleasedSchema }[]> {
  const releases = await readReleases();
  await refuseUnreleased(releases);
  return (await environmentsOf(config)).flatMap((environment) =>
    releases.map((release) => ({ subject: `${eventsTopic(environment)}-${release.record}`, release })));
}

async function refuseUnreleased(releases: readonly ReleasedSchema[]): Promise<void> {
  const unreleased = [...(await loadContracts()).values()].filter(({ record }) => !releases.some(({ schema }) => sameSchema(schema, JSON.stringify(record))));
  if (unreleased.length > 0) throw new Refusal(`${unreleased.map(({ folder }) => `schemas/${folder}/record.avsc`).join(', ')} changed since the last release; run: npm run schemas -- release`);
}

/**
 * The lock is what the log was written with: it is put back before anything else, and a registry
 * that contradicts it is refused, since new ids would make the log unreadable.
 */
async function restore(config: Config): Promise<LockedSchema[]> {
  const registry = SchemaRegistry.of(config);
  const lock = await readLock(config.SCHEMAS_LOCK);
  const contradicted: string[] = [];
  for (const { id, subject, schema } of lock) {
    const found = await registry.schemaById(id);
    if (found !== null && sameSchema(found, schema)) continue;
    if (found === null) {
      await registry.setCompatibility(subject, COMPATIBILITY);
      if ((await putBack(registry, subject, schema, id)) === id) {
        console.log(`schema ${subject}: put back under id ${id}`);
        continue;
      }
    }
    contradicted.push(`  id ${id} is ${subject} in ${config.SCHEMAS_LOCK}, ${found === null ? 'and the registry gives another id' : 'and another schema in the registry'}`);
  }
  if (contradicted.length > 0) {
    throw new Refusal(`The registry contradicts the ids that the log was written with:
${contradicted.join('\n')}
Services go on from the lock; nothing was lost. Start the registry with empty storage (or restore its backup) and run this again.
If the lock belongs to another log, set SCHEMAS_LOCK to a file of this one.`);
  }
  // A subject of another environment may share a schema that is there already.
  for (const { subject, schema } of lock) {
    if ((await registry.idOf(subject, schema)) !== null || (await registry.schemasOf(subject)).some((known) => sameSchema(known.schema, schema))) continue;
    await registry.register(subject, schema);
  }
  return lock;
}

async function deploy(config: Config): Promise<void> {
  const lock = new Map((await restore(config)).map((entry) => [`${entry.subject} ${entry.schema}`, entry]));
  const registry = SchemaRegistry.of(config);
  let refused = 0;
  for (const { subject, release } of await wanted(config)) {
    const { schema } = release;
    if (lock.has(`${subject} ${schema}`)) continue;
    await registry.setCompatibility(subject, COMPATIBILITY);
    const problems = await registry.incompatibilities(subject, schema);
    if (problems.length > 0) {
      refused += 1;
      console.error(`schema ${subject}: REFUSED as not ${COMPATIBILITY}: ${problems.join('; ')}`);
      continue;
    }
    const there = await registry.schemaById(release.id);
    const known = there !== null && sameSchema(there, schema) ? null : await registry.idOf(subject, schema);
    const id = known ?? (await registerWithId(registry, subject, schema, release.id));
    lock.set(`${subject} ${schema}`, { id, subject, schema });
    console.log(`schema ${subject}: id ${id}${id === release.id ? '' : ' (the registry’s own; the lock has it)'}`);
  }
  if (refused > 0) throw new Refusal(`${refused} refused; nothing was written to the lock`);
  await mkdir(dirname(config.SCHEMAS_LOCK), { recursive: true });
  await writeLock(config.SCHEMAS_LOCK, [...lock.values()]);
}

/** What would happen to one record under one subject, and whether the registry would refuse it. */
async function preview(registry: SchemaRegistry, subject: string, record: object): Promise<{ refused: boolean; lines: string[] }> {
  const schema = JSON.stringify(record);
  const registered = await registry.schemasOf(subject);
  const newest = registered.at(-1);
  if (newest === undefined) return { refused: false, lines: [`schema ${subject}: would be accepted`, '  new subject'] };
  const same = registered.find((known) => sameSchema(known.schema, schema));
  const differences = diffSchemas(JSON.parse((same ?? newest).schema) as object, record).map((line) => `  ${line}`);
  if (same !== undefined) return { refused: false, lines: [`schema ${subject}: unchanged`, ...differences] };
  const problems = await registry.incompatibilities(subject, schema);
  const verdict = problems.length === 0 ? 'would be accepted' : `would be REFUSED as not ${COMPATIBILITY}: ${problems.join('; ')}`;
  return { refused: problems.length > 0, lines: [`schema ${subject}: ${verdict}`, ...differences] };
}

async function dryRun(config: Config): Promise<void> {
  const registry = SchemaRegistry.of(config);
  let refused = 0;
  for (const environment of await environmentsOf(config)) {
    for (const { recordName, record } of (await loadContracts()).values()) {
      const found = await preview(registry, `${eventsTopic(environment)}-${recordName}`, record);
      if (found.refused) refused += 1;
      console.log(found.lines.join('\n'));
    }
  }
  if (refused > 0) throw new Refusal(`${refused} would be refused`);
  await refuseUnreleased(await readReleases());
}

/** Takes changed records (docs aside) into the list of releases, each with its golden samples. Nothing released is ever changed. */
async function release(): Promise<void> {
  const path = join(schemasFolder, 'schemas.lock.json');
  const releases = await readReleases(path);
  for (const { folder, recordName, record } of (await loadContracts()).values()) {
    const schema = JSON.stringify(record);
    const earlier = releases.filter((entry) => entry.record === recordName);
    if (earlier.some((entry) => sameSchema(entry.schema, schema))) continue;
    const id = idOfText(schema);
    if (releases.some((entry) => entry.id === id)) throw new Refusal(`schemas/${folder}/record.avsc hashes to an id that is taken (${id}): change a word of its doc`);
    const problem = earlier.map((entry) => incompatibility(JSON.parse(entry.schema) as object, record)).find((found) => found !== null);
    if (problem !== undefined) throw new Refusal(`schemas/${folder}/record.avsc cannot follow an earlier release.\n${problem}`);
    const corpus = corpusText(samplesOf(record));
    await mkdir(join(schemasFolder, 'corpus', folder), { recursive: true });
    await writeFile(join(schemasFolder, 'corpus', folder, `${id}.json`), corpus);
    releases.push({ id, record: recordName, schema, corpus_sha256: sha256(corpus) });
    console.log([`released schemas/${folder}/record.avsc as ${id}`, ...diffSchemas(JSON.parse(earlier.at(-1)?.schema ?? '{}') as object, record).map((line) => `  ${line}`)].join('\n'));
  }
  const before = await readFile(path, 'utf8');
  const text = `${JSON.stringify(releases, null, 2)}\n`;
  if (text !== before) await writeFile(path, text);
}

const ending = (action: () => Promise<unknown>) => async (): Promise<void> => {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof Refusal)) {
      endWithMessage(error);
      return;
    }
    console.error(messageOf(error));
    process.exit(1);
  }
};

program
  .description('Register the contract’s Avro schemas')
  .option('--dry-run', 'only show the differences and what the registry would say', false)
  .action(ending(async () => {
    const isDryRun = program.opts<{ dryRun: boolean }>().dryRun;
    const config = await configuration('schemas', !isDryRun);
    await (isDryRun ? dryRun(config) : deploy(config));
  }));
program.command('restore').description('put the ids of the lock back into a registry that lost them').action(ending(async () => {
  const config = await configuration('schemas restore', true);
  const lock = await restore(config);
  // Without a lock nothing is known but the releases, and these get their own ids.
  if (lock.length === 0) await deploy(config);
  else console.log(`the registry agrees with ${config.SCHEMAS_LOCK}`);
}));
program.command('release').description('take changed records into schemas/schemas.lock.json, with golden samples').action(ending(release));
await program.parseAsync();
