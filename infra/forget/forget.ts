// npm run forget: makes a customer's personal data unreadable wherever it is, by deleting the keys that it is sealed with. See README.md.
import { hostname, userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidArgumentError, Option, program } from 'commander';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { consumerSettings, readConfig } from '../../services/runtime/config.ts';
import { connectProducer } from '../../services/runtime/kafka/producer.ts';
import { erasuresTopic, keysTopic } from '../../services/runtime/event-log.ts';
import { createLogger } from '../../services/runtime/logger.ts';
import { followKeys } from '../../services/runtime/personal/keys.ts';
import { exitCodeOf } from '../target/refused.ts';
import { locate } from '../target/which-stack.ts';
import { archiveIsCurrent, plainRecords, readableRecords, recordsOf, ticketsOf, type Person } from './archive.ts';
import { blankCopies } from './copies.ts';
import { deleteKeys } from './delete-keys.ts';
import { bodiesAbout } from './quarantined.ts';
import { kafkaConnection } from '../../services/runtime/kafka/connection.ts';

/** An ingress that had not heard of it yet, as it does within half a second, may have made one more key. */
const SETTLE_MS = 1_500;

/** Something of the customer is still readable. */
const NOT_ALL = 1;

interface Options {
  readonly integration: string;
  readonly telegramUserId: number;
  readonly note: string;
  readonly dryRun: boolean;
}

async function forget({ integration, telegramUserId, note, dryRun }: Options): Promise<void> {
  const env = await locate({ command: 'forget', parts: ['kafka', 'clickhouse'], changes: !dryRun });
  const config = readConfig(consumerSettings, env);
  const environment = config.ENVIRONMENT;
  const connection = kafkaConnection(config, 'forget', createLogger('forget', 'error'));
  const clickhouse = connectClickHouse(config.CLICKHOUSE_URL);
  const person: Person = { integrationId: integration, telegramUserId };
  const keys = await followKeys(connection, environment);
  try {
    await archiveIsCurrent(connection, environment);
    const bodies = await bodiesAbout(connection, environment, { person, ring: keys.ring, tickets: await ticketsOf(clickhouse, person) });
    const subjects = [`customer/${telegramUserId}`, ...bodies.tickets.map((ticket) => `ticket/${ticket}`), ...bodies.subjects];
    const keyIds = (): string[] => subjects.flatMap((subject) => keys.ring.keysOf({ integrationId: integration, subject })).map(({ id }) => id);
    console.log(`${integration}: customer ${telegramUserId} has ${bodies.tickets.length} tickets; ${keyIds().length} keys ${dryRun ? 'would be' : 'are'} deleted`);
    if (bodies.tickets.length === 0 && keyIds().length === 0) console.log('nothing is known of them: if that surprises you, look at how the integration and the number are written');
    if (dryRun) return;
    const records = await recordsOf(clickhouse, person, { keyIds: keyIds(), tickets: bodies.tickets });
    const erasure = { ...person, subjects, erasedAt: new Date().toISOString(), erasedBy: `${userInfo().username}@${hostname()}`, note };
    const producer = await connectProducer(connection, [keysTopic(environment), erasuresTopic(environment)]);
    try {
      await deleteKeys({ producer, clickhouse, environment }, { erasure, keyIds: keyIds() });
      await sleep(SETTLE_MS);
      await keys.caughtUp();
      if (keyIds().length > 0) await deleteKeys({ producer, clickhouse, environment }, { erasure: { ...erasure, erasedAt: new Date().toISOString() }, keyIds: keyIds() });
    } finally {
      await producer.close();
    }
    const copies = await blankCopies(env, { integrationId: integration, records });
    for (const line of copies) console.log(line);
    await tell(clickhouse, person, { ...bodies, until: new Date(erasure.erasedAt) });
  } finally {
    await keys.stop();
    await clickhouse.close();
  }
}

/** What is readable after all: the promise is looked at, not believed. */
async function tell(clickhouse: ReturnType<typeof connectClickHouse>, person: Person, { tickets, plain: plainBodies, until }: { readonly tickets: readonly string[]; readonly plain: number; readonly until: Date }): Promise<void> {
  const readable = await readableRecords(clickhouse, person, { tickets, until });
  const plain = await plainRecords(clickhouse, person, tickets);
  if (readable > 0) console.error(`${readable} of their events can still be read: run the command again`);
  if (plain + plainBodies > 0) console.error(`${plain} events and ${plainBodies} bodies in quarantine are from before the integration sealed personal data (encrypt_personal_data), and stay readable: no key was ever theirs`);
  if (readable + plain + plainBodies > 0) process.exitCode = NOT_ALL;
  else console.log('forgotten: nothing of it can be read in log, quarantine, tables, exports, transcripts and backups. The deletion is in log.erasures');
  console.log('not reached: what was given away before (files of event-export person, Trello, Zendesk, Telegram, webhooks), and transcripts in folders other than that of this environment');
}

function userId(text: string): number {
  const id = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(id)) throw new InvalidArgumentError('must be a number, as in customer.telegram_user_id');
  return id;
}

program.exitOverride();
program.name('npm run forget --').description('Make a customer\'s personal data unreadable, for good. Counts stay. See infra/forget/README.md.')
  .requiredOption('--integration <id>', 'the tenant')
  .addOption(new Option('--telegram-user-id <id>', 'the customer').argParser(userId).makeOptionMandatory())
  .option('--note <text>', 'why, e.g. the number of the request; stays with the record of it', '')
  .option('--dry-run', 'tell how much it is, and change nothing', false)
  .addHelpText('after', '\nExit codes: 0 forgotten, 1 something is still readable and was told, 2 wrong usage or refused, 3 a part does not answer: run it again.')
  .action(forget);
await program.parseAsync().catch((error: unknown) => {
  process.exitCode = exitCodeOf(error);
});
