// npm run message-rules -- check | dry-run: whether rules and bot work, and what the rules would have done with the archive.
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidArgumentError, type Command } from 'commander';
import { lookAt, type DestinationCommand, type Finding } from '../destinations/command.ts';
import type { Place } from '../destinations/consumer.ts';
import { destinationSettings, readDestinations } from '../destinations/file.ts';
import { connectClickHouse } from '../runtime/clickhouse.ts';
import { readConfig } from '../runtime/config.ts';
import { RuntimeError } from '../runtime/errors.ts';
import { botOf } from './act.ts';
import { archiveAt, type Archive } from './archive.ts';
import { consumer } from './consumer.ts';
import { compileRules, firings, inLogOrder, type CompiledRules, type Firing } from './fold.ts';
import { rulesSection, type RulesSection } from './section.ts';

const settings = { ...destinationSettings, CLICKHOUSE_URL: consumer.settings['CLICKHOUSE_URL'] as { parse: (raw: string) => string; default: string; doc: string } };

export type Reach = (needs: { readonly command: string; readonly parts: readonly 'clickhouse'[]; readonly changes: boolean }) => Promise<NodeJS.ProcessEnv>;

async function sectionsOf(file: string): Promise<ReadonlyMap<string, RulesSection>> {
  if (file === '') throw new RuntimeError('CONFIG_INVALID', 'DESTINATIONS_FILE is not set: it holds the rules (services/message-rules/README.md)');
  const sections = await readDestinations(file, rulesSection);
  if (sections.size === 0) throw new RuntimeError('CONFIG_INVALID', `${file} has no section message_rules`);
  return sections;
}

const chatsOf = ({ rules }: RulesSection): (string | number)[] => [...new Set(rules.flatMap(({ then }) => then.flatMap((action) => ('notify' in action ? [action.notify.chat_id] : []))))];

async function check({ section, api, logger }: Place<RulesSection>, env: NodeJS.ProcessEnv): Promise<readonly Finding[]> {
  const clickhouse = connectClickHouse(readConfig(settings, env).CLICKHOUSE_URL);
  const archive = await lookAt('archive', () => clickhouse.query('SELECT state FROM log.rule_actions LIMIT 0').then(() => 'reachable, and migrated'));
  await clickhouse.close();
  const found = [archive, { what: `${section.rules.length} rules`, todo: null }];
  const bot = botOf(section, api, logger);
  if (bot === null) return found;
  found.push(await lookAt('bot', async () => `@${await bot.me()}`));
  for (const chat of chatsOf(section)) found.push(await lookAt(`chat ${chat}`, () => bot.chat(chat)));
  return found;
}

export const command: DestinationCommand<RulesSection> = { section: rulesSection, parts: ['clickhouse'], check };

/** A rule as if it had been there since then. */
const since = (section: RulesSection, at: Date, ids: readonly string[]): RulesSection =>
  ({ ...section, rules: section.rules.filter(({ id }) => ids.length === 0 || ids.includes(id)).map((rule) => ({ ...rule, since: at.toISOString() })) });

async function caught(archive: Archive, integrationId: string, compiled: CompiledRules, at: Date, onFiring: (ticketId: string, firing: Firing) => void): Promise<number> {
  let tickets = 0;
  for await (const { ticketId, rows } of archive.tickets(integrationId, at)) {
    tickets += 1;
    // A long archive takes a while: the process stays one that can be stopped.
    if (tickets % 1_000 === 0) await sleep(0);
    for (const firing of firings(inLogOrder(rows), compiled)) onFiring(ticketId, firing);
  }
  return tickets;
}

const doing = ({ then }: Firing['rule']): string => then.map((action) => ('reply' in action ? 'reply' : 'notify' in action ? `notify ${action.notify.chat_id}` : 'webhook')).join(' + ');

async function dryRun(env: NodeJS.ProcessEnv, { since: at, rule, examples }: { readonly since: Date; readonly rule: readonly string[]; readonly examples: number }): Promise<void> {
  const config = readConfig(settings, env);
  const sections = await sectionsOf(config.DESTINATIONS_FILE);
  for (const [integrationId, whole] of sections) {
    const section = since(whole, at, rule);
    const found = new Map(section.rules.map(({ id }) => [id, { tickets: new Set<string>(), messages: 0 }]));
    const tickets = await caught(archiveAt(config.CLICKHOUSE_URL), integrationId, compileRules(section, sections.values()), at, (ticketId, { rule: { id }, rule: fired, row, because, chat }) => {
      const count = found.get(id);
      if (count === undefined) return;
      count.messages += 1;
      count.tickets.add(ticketId);
      if (count.messages <= examples) console.log(`${integrationId} ${id}: ${ticketId} ${new Date(row.at_ms).toISOString()} "${because}": would ${doing(fired)}${chat === null ? ' (no chat is known)' : ''}`);
    });
    for (const [id, count] of found) console.log(`${integrationId} ${id}: ${count.messages} messages in ${count.tickets.size} of ${tickets} tickets since ${at.toISOString()}`);
  }
}

function instant(text: string): Date {
  const date = new Date(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(date.getTime())) throw new InvalidArgumentError('must be a date or an ISO 8601 time');
  return date;
}

function count(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('must be a whole number');
  return Number(text);
}

/** The archive's connection would keep the process. */
const ending = (): void => process.exit(process.exitCode ?? 0);

export function addCommands(program: Command, reach: Reach): void {
  program.description('Rules on messages. See services/message-rules/README.md.').addHelpText('after', '\nExit codes: 0 done, 1 check found something missing, 2 wrong usage or refused, 3 a part does not answer.');
  program.command('dry-run').description('what the rules would have done with the archive; nothing is sent, and no text is shown')
    .requiredOption('--since <time>', 'messages received since, as if the rules had been there', instant)
    .option('--rule <id>', 'only this rule; may be given again', (id: string, ids: string[]) => [...ids, id], [])
    .option('--examples <n>', 'how many of each rule are shown', count, 10)
    .action(async (options: { since: Date; rule: string[]; examples: number }) => dryRun(await reach({ command: 'message-rules dry-run', parts: ['clickhouse'], changes: false }), options).then(ending));
}
