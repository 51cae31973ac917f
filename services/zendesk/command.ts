// npm run zendesk -- check | dry-run | import: whether Zendesk takes what the section says, and the tickets that were there before.
import { InvalidArgumentError, type Command } from 'commander';
import type { DestinationCommand, Finding } from '../destinations/command.ts';
import { placeFor, type Place } from '../destinations/consumer.ts';
import { destinationSettings, readDestinations } from '../destinations/file.ts';
import { Refused } from '../destinations/failures.ts';
import { connectClickHouse } from '../runtime/clickhouse.ts';
import { readConfig, url } from '../runtime/config.ts';
import { messageOf, RuntimeError } from '../runtime/errors.ts';
import { createLogger } from '../runtime/logger.ts';
import { Zendesk } from './client.ts';
import { consumer } from './consumer.ts';
import { importHistory } from './desk.ts';
import { histories } from './history.ts';
import { zendeskSection, type ZendeskSection } from './section.ts';

async function check({ section, api }: Place<ZendeskSection>): Promise<readonly Finding[]> {
  const zendesk = new Zendesk(section, api);
  const me = await zendesk.me();
  if (me === null) return [{ what: 'user and token', todo: 'Zendesk knows nobody by them: e-mail and api_token' }];
  const there = async (kind: 'users' | 'groups', name: string, id: number): Promise<Finding> => {
    const found = await zendesk.has(kind, id).catch((error: unknown) => {
      if (error instanceof Refused) return false;
      throw error;
    });
    return { what: `${kind === 'users' ? 'agent' : 'queue'} ${name}`, todo: found ? null : `there is no ${kind === 'users' ? 'user' : 'group'} ${id}` };
  };
  return [
    { what: `user and token: ${me.role}`, todo: me.role === 'end-user' ? 'it has to be an agent or an admin' : null },
    { what: 'imports', todo: me.role === 'admin' ? null : 'only an admin may import history; what is live works without' },
    ...await Promise.all(Object.entries(section.agents).map(([name, id]) => there('users', name, id))),
    ...await Promise.all(Object.entries(section.groups).map(([name, id]) => there('groups', name, id))),
  ];
}

export const command = { consumer, section: zendeskSection, check } satisfies DestinationCommand<ZendeskSection>;

export type Reach = (needs: { readonly command: string; readonly parts: readonly 'clickhouse'[]; readonly changes: boolean }) => Promise<NodeJS.ProcessEnv>;

const settings = { ...destinationSettings, CLICKHOUSE_URL: { parse: url, default: 'http://127.0.0.1:8123', doc: 'ClickHouse HTTP endpoint; user and password may be part of the URL', secret: true } };

function instant(text: string): Date {
  const date = new Date(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(date.getTime())) throw new InvalidArgumentError('must be a date or an ISO 8601 time');
  return date;
}

/** One ticket that is refused keeps no other from being imported; it is told. */
async function importTickets(env: NodeJS.ProcessEnv, since: Date, isDry: boolean): Promise<void> {
  const config = readConfig(settings, env);
  if (config.DESTINATIONS_FILE === '') throw new RuntimeError('CONFIG_INVALID', 'DESTINATIONS_FILE is not set');
  const clickhouse = connectClickHouse(config.CLICKHOUSE_URL);
  const begun = new Date();
  try {
    for (const [integrationId, section] of await readDestinations(config.DESTINATIONS_FILE, zendeskSection)) {
      const zendesk = new Zendesk(section, placeFor(integrationId, section, zendeskSection, createLogger('zendesk', 'error')).api);
      const count = { imported: 0, there: 0, refused: 0 };
      for await (const history of histories(clickhouse, integrationId, since)) {
        if (isDry) console.log(`${integrationId}: would import ${history.ticketId}, ${history.events.length} events`);
        else count[await importOne(zendesk, section, history)] += 1;
      }
      console.log(`${integrationId}: ${count.imported} imported, ${count.there} were there, ${count.refused} refused`);
      if (count.refused > 0) process.exitCode = 1;
    }
  } finally {
    await clickhouse.close();
  }
  if (!isDry) console.log(`what came meanwhile: npm run service -- zendesk --from ${begun.toISOString()}`);
}

async function importOne(zendesk: Zendesk, section: ZendeskSection, history: Parameters<typeof importHistory>[2]): Promise<'imported' | 'there' | 'refused'> {
  for (;;) {
    try {
      return (await importHistory(zendesk, section, history)) === null ? 'there' : 'imported';
    } catch (error) {
      if (!(error instanceof Refused)) {
        const pause = error instanceof Error && 'retryAfterMs' in error && typeof error.retryAfterMs === 'number' ? error.retryAfterMs : 0;
        if (pause === 0) throw error;
        console.error(`Zendesk asks for a pause of ${Math.ceil(pause / 1_000)} s`);
        await new Promise((resolve) => setTimeout(resolve, pause));
        continue;
      }
      console.log(`${history.integrationId}: ${history.ticketId} is refused: ${messageOf(error)}`);
      return 'refused';
    }
  }
}

export function addCommands(program: Command, reach: Reach): void {
  program.command('import').description('make the archive’s tickets in Zendesk, with their own times; one that is there is left as it is')
    .requiredOption('--since <time>', 'tickets of which something was received since', instant).option('--dry-run', 'tell which, and send nothing')
    .action(async ({ since, dryRun }: { since: Date; dryRun?: true }) => importTickets(await reach({ command: 'zendesk import', parts: ['clickhouse'], changes: false }), since, dryRun === true));
}
