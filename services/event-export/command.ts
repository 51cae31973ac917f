// npm run event-export -- run | check | verify | person: the same as the service does, once and told, and what only people ask for.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { lookAt, type DestinationCommand, type Finding } from '../destinations/command.ts';
import type { Place } from '../destinations/consumer.ts';
import { readDestinations, type Sections } from '../destinations/file.ts';
import { connectClickHouse, type StreamingClickHouse } from '../runtime/clickhouse.ts';
import { readConfig } from '../runtime/config.ts';
import { messageOf, RuntimeError } from '../runtime/errors.ts';
import { createLogger } from '../runtime/logger.ts';
import { openFolder } from './folder.ts';
import { headOf, manifestPath, rootOf, type Chain, type Manifest } from './manifest.ts';
import { personAsPage } from './page.ts';
import { personAsJson, ticketsOfPerson, type OwnTicket } from './person.ts';
import { exportSection, profileNames, type ExportSection } from './section.ts';
import { chainsOf, closedFor, exportSettings, sourceFor, type ExportConfig } from './service.ts';
import { exportChain, planStep } from './step.ts';
import { readSmall, type Target } from './target.ts';
import { verifyChain } from './verify.ts';

const FOUND = 1;
const logger = createLogger('event-export', 'error');

/** Where the stack is, as for every command; it may refuse. */
export type Reach = (needs: { readonly command: string; readonly parts: readonly ('kafka' | 'clickhouse')[]; readonly changes: boolean }) => Promise<NodeJS.ProcessEnv>;

interface Session {
  readonly config: ExportConfig;
  readonly clickhouse: StreamingClickHouse;
  readonly failpoint: string | undefined;
}

async function inSession<T>(env: NodeJS.ProcessEnv, work: (session: Session) => Promise<T>): Promise<T> {
  const config = readConfig(exportSettings, env);
  const clickhouse = connectClickHouse(config.CLICKHOUSE_URL);
  try {
    return await work({ config, clickhouse, failpoint: env['FAILPOINT'] });
  } finally {
    await clickhouse.close();
  }
}

async function sectionsOf({ DESTINATIONS_FILE }: ExportConfig): Promise<Sections<ExportSection>> {
  if (DESTINATIONS_FILE === '') throw new RuntimeError('CONFIG_INVALID', 'DESTINATIONS_FILE is not set: it says where an integration is exported to (services/event-export/README.md)');
  const sections = await readDestinations(DESTINATIONS_FILE, exportSection);
  if (sections.size === 0) throw new RuntimeError('CONFIG_INVALID', `${DESTINATIONS_FILE} has no section event_export`);
  return sections;
}

/** One after the other; a chain that fails does not keep the others from their turn. */
async function forEachChain(config: ExportConfig, work: (chain: Chain, section: ExportSection) => Promise<void>): Promise<void> {
  let failed: Error | undefined;
  for (const [integrationId, section] of await sectionsOf(config)) {
    for (const chain of chainsOf(section, integrationId, config.ENVIRONMENT)) {
      await work(chain, section).catch((error: unknown) => {
        console.error(`${integrationId} ${chain.profile}: ${messageOf(error)}`);
        failed = error instanceof Error ? error : new Error(String(error));
      });
      chain.target.close();
    }
  }
  if (failed !== undefined) throw failed;
}

const filesText = (files: Manifest['files'] | readonly { path: string; events: number }[]): string => files.map(({ path, events }) => `${path} (${events} events)`).join(', ');

async function run(session: Session, isDry: boolean): Promise<void> {
  const { config, clickhouse, failpoint } = session;
  const closed = await closedFor(config, logger);
  await forEachChain(config, async (chain, section) => {
    const source = sourceFor(clickhouse, section, failpoint);
    const where = `${chain.target.name} ${rootOf(chain)}`;
    if (isDry) {
      const plan = await planStep(source, chain, await headOf(chain), closed);
      console.log(plan === null ? `${where}: nothing to export` : `${where}: would write next ${filesText(plan.files)}`);
      return;
    }
    let steps = 0;
    await exportChain(source, chain, closed, ({ through, files }) => {
      steps += 1;
      console.log(`${where}: ${through} ${filesText(files)}`);
    });
    if (steps === 0) console.log(`${where}: nothing to export`);
  });
}

/** Writes, reads and removes a small file; asks ClickHouse and the log. */
const check = ({ integrationId, section }: Place<ExportSection>, env: NodeJS.ProcessEnv): Promise<readonly Finding[]> => inSession(env, async ({ config, clickhouse }) => {
  const found = [
    await lookAt('archive in ClickHouse', async () => `${(await clickhouse.query<{ n: number }>('SELECT count() AS n FROM log.event_store'))[0]?.n ?? 0} rows; ${await clickhouse.query('SELECT 1 FROM log.public_messages LIMIT 0').then(() => 'both views are there')}`),
    await lookAt('archive and log', async () => `all days before ${(await closedFor(config, logger)).end.toISOString().slice(0, 10)} are over and in the archive`),
  ];
  for (const chain of chainsOf(section, integrationId, config.ENVIRONMENT)) {
    found.push(await lookAt(`${chain.target.name} ${rootOf(chain)}`, () => lookInside(chain)));
    chain.target.close();
  }
  return found;
});

async function lookInside(chain: Chain): Promise<string> {
  await tryTarget(chain.target, `${rootOf(chain)}/.check-${process.pid}`);
  const head = await headOf(chain);
  return head === null ? 'can be written; nothing is exported yet' : `can be written; exported through ${head.manifest.through}, manifest ${head.manifest.sequence}`;
}

async function tryTarget(target: Target, path: string): Promise<void> {
  const text = 'A trial of event-export; it may be deleted.\n';
  await target.write(path, Readable.from([Buffer.from(text)]));
  const back = await readSmall(target, path);
  await target.remove(path);
  if (back?.toString() !== text) throw new RuntimeError('EXPORT_TARGET_REFUSED', `${target.name}: what was written is not what is read`);
}

/** The chains in a folder, by what their first manifest says of itself. */
async function chainsIn(folder: string): Promise<Chain[]> {
  const target = openFolder(folder);
  const chains: Chain[] = [];
  for (const entry of existsSync(folder) ? await readdir(folder, { withFileTypes: true }) : []) {
    for (const profile of profileNames) {
      const path = join(entry.name, profile);
      if (!entry.isDirectory() || !existsSync(join(folder, path, 'manifests'))) continue;
      const chain = { target, environment: 'production', integrationId: decodeURIComponent(entry.name), profile };
      const first = await readSmall(target, manifestPath(chain, 1));
      chains.push(first === null ? chain : { ...chain, environment: environmentIn(first) });
    }
  }
  if (chains.length === 0) throw new RuntimeError('CONFIG_INVALID', `${folder} holds no export`);
  return chains;
}

function environmentIn(manifest: Buffer): string {
  try {
    return (JSON.parse(manifest.toString('utf8')) as Manifest).environment;
  } catch {
    // A damaged manifest is told when the chain is verified.
    return 'production';
  }
}

async function verifyOne(chain: Chain, last: string | undefined): Promise<void> {
  const { problems, manifests, files, events, head } = await verifyChain(chain, last);
  for (const problem of problems) console.log(problem);
  if (problems.length > 0) process.exitCode = FOUND;
  const covered = head === null ? '' : ` through ${head.manifest.through}; last manifest ${head.manifest.sequence} ${head.sha256}`;
  console.log(`${chain.target.name} ${rootOf(chain)} is ${problems.length === 0 ? 'whole' : 'DAMAGED'}: ${manifests} manifests, ${files} files, ${events} events${covered}`);
}

async function verify(env: NodeJS.ProcessEnv, folder: string | undefined, last: string | undefined): Promise<void> {
  if (folder === undefined) await forEachChain(readConfig(exportSettings, env), (chain) => verifyOne(chain, last));
  else for (const chain of await chainsIn(resolve(folder))) await verifyOne(chain, last);
}

async function person({ clickhouse }: Session, { telegramUserId, integration, to }: { telegramUserId: number; integration: string; to: string }): Promise<void> {
  const render = { '.json': personAsJson, '.html': personAsPage }[extname(to)];
  if (render === undefined) throw new RuntimeError('CONFIG_INVALID', `${to} must end with .json or .html`);
  const file = resolve(to);
  const one = { integrationId: integration, telegramUserId };
  let tickets = 0;
  const counted = async function* (): AsyncGenerator<OwnTicket> {
    for await (const ticket of ticketsOfPerson(clickhouse, one)) {
      tickets += 1;
      yield ticket;
    }
  };
  await openFolder(dirname(file)).write(basename(file), Readable.from(render(one, new Date(), counted())));
  console.log(`${to}: ${tickets} tickets`);
}

function userId(text: string): number {
  const id = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(id)) throw new InvalidArgumentError('must be a number, as in customer.telegram_user_id');
  return id;
}

export const command: DestinationCommand<ExportSection> = { section: exportSection, parts: ['kafka', 'clickhouse'], check };

export function addCommands(program: Command, reach: Reach, env: NodeJS.ProcessEnv): void {
  program.description('The archive as files for audits, knowledge bases and the people whose data it is. See services/event-export/README.md.').addHelpText('after', `
Exit codes: 0 done, 1 check or verify found something, 2 wrong usage or refused, 3 a part does not answer, or is not ready yet.`);
  const parts = ['kafka', 'clickhouse'] as const;
  program.command('run').description('export every day that is over and not exported yet').option('--dry-run', 'tell what would be written next, and write nothing')
    .action(async ({ dryRun }: { dryRun?: true }) => inSession(await reach({ command: 'event-export run', parts, changes: false }), (session) => run(session, dryRun === true)));
  program.command('verify').description('whether the files are what was written, and the chain of manifests is whole').argument('[folder]', 'else all places of DESTINATIONS_FILE')
    .option('--last <sha256>', 'hash of a manifest that was noted elsewhere: the chain must still have it')
    .action(async (folder: string | undefined, { last }: { last?: string }) => verify(env, folder, last));
  program.command('person').description('all that is held about a customer, without what the company wrote for itself')
    .addOption(new Option('--telegram-user-id <id>', 'the customer').argParser(userId).makeOptionMandatory())
    .requiredOption('--integration <id>', 'the tenant').requiredOption('--to <file>', 'a file that ends with .json or .html')
    .action(async (options: { telegramUserId: number; integration: string; to: string }) => inSession(await reach({ command: 'event-export person', parts: ['clickhouse'], changes: false }), (session) => person(session, options)));
}
