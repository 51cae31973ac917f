// npm run backup -- create | verify | list | restore | log-from-archive: what is needed to have everything again when a disk is lost.
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Argument, program } from 'commander';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { consumerSettings, readConfig, text } from '../../services/runtime/config.ts';
import { createLogger } from '../../services/runtime/logger.ts';
import { readKnown, SchemaRegistry } from '../../services/runtime/registry/registry.ts';
import { usersFile } from '../access/users.ts';
import { count, duration, Progress } from '../facts/progress.ts';
import { setting, type PartName } from '../local/settings.ts';
import { exitCodeOf, Refused } from '../target/refused.ts';
import { locate } from '../target/which-stack.ts';
import { writeLogFromArchive } from './archive.ts';
import { createBackup } from './create.ts';
import { writeKeysFromArchive } from './keys.ts';
import { damages, existingManifest, readManifest, type Manifest } from './manifest.ts';
import { rebuildTables, restoreIntegrations, restoreLog, restoreSchemas, restoreUsers, type Backup } from './restore.ts';
import { kafkaConnection } from '../../services/runtime/kafka/connection.ts';

const DAMAGED = 1;
const restorable = ['log', 'tables', 'schemas', 'integrations', 'users'] as const;
type Restorable = (typeof restorable)[number];

const settings = { ...consumerSettings, INTEGRATIONS_FILE: { parse: text, default: '', doc: 'JSON file of integrations; the one that npm start made when unset' } };

async function reach(command: string, needed: readonly PartName[], changes: boolean) {
  const env = await locate({ command: `backup ${command}`, parts: needed, files: ['SCHEMAS_LOCK', 'INTEGRATIONS_FILE'], changes });
  const own = join(env['DATA_DIR'] ?? '', 'integrations.json');
  const integrationsFile = setting(env, 'INTEGRATIONS_FILE') ?? own;
  const config = readConfig(settings, { ...env, INTEGRATIONS_FILE: integrationsFile });
  return { env, config, clickhouse: connectClickHouse(config.CLICKHOUSE_URL), connection: kafkaConnection(config, 'backup', createLogger('backup', 'error')), environment: config.ENVIRONMENT, schemasLock: config.SCHEMAS_LOCK, integrationsFile, usersFile: usersFile(join(env['DATA_DIR'] ?? '', 'clickhouse')) };
}

const sizeOf = ({ segments }: Manifest): string => {
  const [records, bytes] = [segments.reduce((sum, { from, to }) => sum + to - from, 0), segments.reduce((sum, segment) => sum + segment.bytes, 0)];
  return `${count(records)} records, ${(bytes / 1_048_576).toFixed(1)} MiB`;
};

async function create(folder: string): Promise<void> {
  const begun = Date.now();
  const source = await reach('create', ['kafka', 'clickhouse'], false);
  try {
    const manifest = await createBackup(source, resolve(folder));
    console.log(`${folder}: ${manifest.environment}, ${sizeOf(manifest)}, ${manifest.files.map(({ path }) => path).join(', ')} (${duration((Date.now() - begun) / 1_000)}). It holds secrets and all that customers wrote: only its owner can read it`);
  } finally {
    await source.clickhouse.close();
  }
}

async function verify(folder: string): Promise<void> {
  const manifest = await existingManifest(resolve(folder));
  const progress = new Progress('verified', { total: [...manifest.segments, ...manifest.files].reduce((sum, { bytes }) => sum + bytes, 0), unit: 'bytes' });
  const problems = await damages(resolve(folder), manifest, (bytes) => progress.step(bytes));
  progress.end();
  for (const problem of problems) console.log(problem);
  console.log(problems.length === 0 ? `${folder} is whole: ${sizeOf(manifest)} up to ${manifest.created_at}` : `${folder} is damaged`);
  if (problems.length > 0) process.exitCode = DAMAGED;
}

async function list(folder: string): Promise<void> {
  const root = resolve(folder);
  if (!existsSync(root)) throw new Refused(`there is no folder ${folder}`);
  const folders = [root, ...readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => join(root, name))];
  for (const place of folders) {
    const manifest = await readManifest(place);
    if (manifest !== null) console.log(`${place}  ${manifest.created_at}  ${manifest.environment}  ${sizeOf(manifest)}`);
  }
}

async function wholeBackup(folder: string): Promise<Backup> {
  const manifest = await existingManifest(resolve(folder));
  const problems = await damages(resolve(folder), manifest);
  if (problems.length > 0) throw new Refused(`${folder} is damaged, and nothing has changed:\n${problems.join('\n')}`);
  return { folder: resolve(folder), manifest };
}

async function restorePart(part: Restorable, backup: Backup): Promise<string> {
  const needed: Readonly<Record<Restorable, readonly PartName[]>> = { log: ['kafka'], tables: ['kafka', 'clickhouse'], schemas: ['registry'], integrations: [], users: [] };
  const target = await reach(`restore ${part}`, needed[part], needed[part].length > 0);
  if (backup.manifest.environment !== target.environment) throw new Refused(`the backup is of ${backup.manifest.environment}, and ENVIRONMENT is ${target.environment}`);
  try {
    switch (part) {
      case 'log': return await restoreLog(target.connection, backup);
      case 'tables': return await rebuildTables(target, backup);
      case 'schemas': return await restoreSchemas(backup, target.schemasLock, target.env);
      case 'integrations': return await restoreIntegrations(backup, target.integrationsFile);
      case 'users': return await restoreUsers(backup, target.usersFile);
    }
  } finally {
    await target.clickhouse.close();
  }
}

async function restore(folder: string, part: Restorable): Promise<void> {
  const begun = Date.now();
  const said = await restorePart(part, await wholeBackup(folder));
  console.log(`${said} (${duration((Date.now() - begun) / 1_000)})`);
}

/** Without a backup: the desk file is to be applied again from where it is kept. */
async function tables(): Promise<void> {
  const target = await reach('rebuild-tables', ['kafka', 'clickhouse'], true);
  try {
    console.log(await rebuildTables(target, null));
  } finally {
    await target.clickhouse.close();
  }
}

async function logFromArchive(): Promise<void> {
  const begun = Date.now();
  const target = await reach('log-from-archive', ['kafka', 'registry', 'clickhouse'], true);
  try {
    // First, since services that read the log open with them what is sealed.
    const keys = await writeKeysFromArchive(target);
    if (keys > 0) console.log(`${count(keys)} keys and erasures written again`);
    console.log(`${await writeLogFromArchive({ ...target, registry: SchemaRegistry.of(target.config), locked: await readKnown(target.schemasLock) })} (${duration((Date.now() - begun) / 1_000)})`);
  } finally {
    await target.clickhouse.close();
  }
}

program.exitOverride();
program.name('npm run backup --').description('The log in files, with schemas, integrations and desk: all that cannot be made of something else. See infra/backup/README.md.').addHelpText('after', `
Exit codes: 0 done, 1 verify found damage, 2 wrong usage, or not possible now (nothing has changed), 3 a part does not answer.`);
program.command('create').description('make a backup, or bring one up to date').argument('<folder>').action(create);
program.command('verify').description('whether every file is as it was written').argument('<folder>').action(verify);
program.command('list').description('backups in a folder').argument('<folder>').action(list);
program.command('restore').description('put back what a part has lost').argument('<folder>').addArgument(new Argument('<part>').choices(restorable)).action(restore);
program.command('rebuild-tables').description('let all projections read the log from its start, without a backup').action(tables);
program.command('log-from-archive').description('write to the log what the archive has and the log has lost').action(logFromArchive);
await program.parseAsync().catch((error: unknown) => {
  process.exitCode = exitCodeOf(error);
});
