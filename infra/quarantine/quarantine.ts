// npm run quarantine -- list | show | replay | discard: what was signed or written but could
// not be used, and what is to become of it. Nothing here deletes anything: what is done about
// an item is a further record in the quarantine topic.
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { program, type Command } from 'commander';
import { commonSettings, readConfig, text, type Config, type Settings } from '../../services/runtime/config.ts';
import { RuntimeError } from '../../services/runtime/errors.ts';
import { quarantineTopic } from '../../services/runtime/event-log.ts';
import type { KafkaConnection } from '../../services/runtime/kafka/admin.ts';
import { connectProducer } from '../../services/runtime/kafka/producer.ts';
import { groupBy } from '../../services/runtime/group-by.ts';
import { eventRows } from '../../services/runtime/projection/landing.ts';
import { readKnown, SchemaLookup, SchemaRegistry } from '../../services/runtime/registry/registry.ts';
import { createLogger } from '../../services/runtime/logger.ts';
import { setting } from '../local/settings.ts';
import { locate, type Needs } from '../target/which-stack.ts';
import { openDoor } from './door.ts';
import { matches, narrows, select, withFilters, type Filters } from './filters.ts';
import { readInventory, type InventoryEntry } from './inventory.ts';
import { findInLog } from './log-index.ts';
import { detailsOf, outcomeJson, outcomeLine, progress, tableOf, toJson } from './print.ts';
import { decide, judge, landingWithoutKey, note, type Author, type Decision, type Judged, type Outcome } from './replay.ts';
import { kafkaConnection } from '../../services/runtime/kafka/connection.ts';

const settings = {
  ...commonSettings,
  INTEGRATIONS_FILE: { parse: text, default: '', doc: 'JSON file of integrations, to replay what came by HTTP; the one that npm start made when unset' },
} satisfies Settings;

interface Common {
  readonly environment?: string;
  readonly json: boolean;
}
interface Action extends Common {
  readonly all: boolean;
  readonly dryRun: boolean;
  readonly note: string;
  readonly fixedBy?: string;
}

/** Some items are still unusable, or the one that was asked for isn't there. */
const NOT_DONE = 1;
const WRONG_USAGE = 2;
const OUTAGE = 3;

const LIST_LIMIT = 50;
/** Records that wait for Kafka together. */
const CHUNK = 200;

/** The stack that a command works on. */
interface Stack {
  readonly config: Config<typeof settings>;
  readonly connection: KafkaConnection;
  /** For processes that are to work on it too. */
  readonly env: NodeJS.ProcessEnv;
}

async function reach(needs: Omit<Needs, 'parts'> & Partial<Needs>): Promise<Stack> {
  const env = await locate({ parts: ['kafka'], ...needs });
  const INTEGRATIONS_FILE = setting(env, 'INTEGRATIONS_FILE') ?? join(env['DATA_DIR'] ?? '', 'integrations.json');
  const config = readConfig(settings, { ...env, INTEGRATIONS_FILE });
  return { config, connection: kafkaConnection(config, 'quarantine', createLogger('quarantine', 'error')), env: { ...env, INTEGRATIONS_FILE } };
}

const whoAmI = (): string => `${userInfo().username}@${hostname()}`;
const print = (json: boolean, value: Record<string, unknown>, line: () => string): void => console.log(json ? JSON.stringify(value) : line());
const inventory = ({ config, connection }: Stack, { environment }: Common, wantsPayload: Parameters<typeof readInventory>[2] = () => false): Promise<InventoryEntry[]> =>
  readInventory(connection, environment ?? config.ENVIRONMENT, wantsPayload);

async function list(filters: Filters & Common): Promise<void> {
  const stack = await reach({ command: 'quarantine list', changes: false });
  const all = select(await inventory(stack, filters), { ...filters, limit: Number.MAX_SAFE_INTEGER }, []);
  const shown = all.slice(0, filters.limit ?? (filters.json ? all.length : LIST_LIMIT));
  if (filters.json) {
    for (const entry of shown) console.log(JSON.stringify(toJson(entry)));
    return;
  }
  if (shown.length > 0) console.log(tableOf(shown));
  const status = filters.status === 'all' ? '' : ` ${filters.status}`;
  console.log(all.length === 0 ? `nothing${status} in quarantine` : `${shown.length} of ${all.length}${status}`);
}

async function show(id: string, options: Common & { payload: boolean }): Promise<void> {
  const stack = await reach({ command: 'quarantine show', changes: false });
  const entry = (await inventory(stack, options, (item) => options.payload && item.id === id)).find(({ item }) => item.id === id);
  if (entry === undefined) {
    console.error(`there is no item ${id}`);
    process.exitCode = NOT_DONE;
  } else if (options.json) {
    console.log(JSON.stringify(toJson(entry, options.payload)));
  } else if (options.payload) {
    process.stdout.write(entry.item.payload);
  } else {
    console.log(detailsOf(entry));
  }
}

/** A slip of the keyboard must not replay or discard everything. */
async function chosen(reaching: () => Promise<Stack>, ids: string[], options: Action & Filters): Promise<{ stack: Stack; entries: InventoryEntry[]; inventory: InventoryEntry[] } | null> {
  if (ids.length === 0 && !narrows(options) && !options.all) {
    console.error('which ones? Name ids, a filter, or --all');
    process.exitCode = WRONG_USAGE;
    return null;
  }
  const stack = await reaching();
  const everything = await inventory(stack, options, (item) => matches(item, options, ids));
  const missing = ids.filter((id) => !everything.some(({ item }) => item.id === id));
  if (missing.length > 0) {
    console.error(`there is no item ${missing.join(', ')}`);
    process.exitCode = NOT_DONE;
    return null;
  }
  return { stack, entries: select(everything, options, ids), inventory: everything };
}

async function judgeAll({ env }: Stack, entries: readonly InventoryEntry[], { schemas, fixedBy }: { schemas: SchemaLookup; fixedBy: string | undefined }): Promise<Judged[]> {
  const door = openDoor(env, fixedBy);
  const judging = progress('judged', entries.length);
  const judged: Judged[] = [];
  try {
    for (const { item } of entries) {
      judged.push(await judge(item, { door, toLanding: landingWithoutKey(schemas), fixedBy }));
      judging.step();
    }
  } finally {
    judging.end();
    await door.close();
  }
  return judged;
}

/** Which of the events are in the log by now, per topic that they belong to. */
async function alreadyInLog({ connection }: Stack, judged: readonly Judged[], { everything, schemas }: { everything: readonly InventoryEntry[]; schemas: SchemaLookup }): Promise<Map<string, Set<string>>> {
  const events = judged.filter((entry) => entry.kind === 'event');
  const found = new Map<string, Set<string>>();
  for (const topic of new Set(events.map((entry) => entry.topic))) {
    const ofTopic = events.filter((entry) => entry.topic === topic);
    const since = new Date(Math.min(...ofTopic.map(({ item }) => item.receivedAt.getTime())));
    const passedOver = new Set(everything.filter(({ item }) => item.origin === topic && item.refusedBy === '').map(({ item }) => `${item.originPartition ?? ''}:${item.originOffset ?? ''}`));
    const search = { topic, since, passedOver, wanted: new Set(ofTopic.map(({ key }) => key)) };
    for (const [key, sources] of await findInLog(connection, search, eventRows(schemas))) found.set(key, sources);
  }
  return found;
}

async function replay(ids: string[], options: Action & Filters): Promise<void> {
  const needs: Needs = { command: 'quarantine replay', parts: ['kafka', 'registry'], files: ['SCHEMAS_LOCK', 'INTEGRATIONS_FILE'], changes: !options.dryRun };
  const choice = await chosen(() => reach(needs), ids, options);
  if (choice === null) return;
  const { stack } = choice;
  // What is in the log already stays there once, whatever is asked for.
  const entries = choice.entries.filter(({ status }) => status === 'pending' || status === 'discarded');
  if (entries.length === 0) {
    console.error('nothing to replay');
    return;
  }
  const schemas = new SchemaLookup(SchemaRegistry.of(stack.config), await readKnown(stack.config.SCHEMAS_LOCK));
  const judged = await judgeAll(stack, entries, { schemas, fixedBy: options.fixedBy });
  const decided = decide(judged, await alreadyInLog(stack, judged, { everything: choice.inventory, schemas }));
  const topics = new Set(decided.flatMap(({ append }) => (append === null ? [] : [append.topic])));
  const environments = entries.map(({ item }) => quarantineTopic(item.environment));
  await carryOut(stack, { decided, topics: [...topics, ...new Set(environments)] }, options);
  if (decided.some(({ outcome }) => outcome.resolution === 'still_unusable')) process.exitCode = NOT_DONE;
}

async function discard(ids: string[], options: Action & Filters): Promise<void> {
  const choice = await chosen(() => reach({ command: 'quarantine discard', changes: !options.dryRun }), ids, options);
  if (choice === null) return;
  const pending = choice.entries.filter(({ status }) => status === 'pending');
  const decided = pending.map(({ item }) => ({ outcome: { item, resolution: 'discarded', reason: '', path: '', detail: '' } satisfies Outcome, append: null }));
  if (decided.length === 0) console.error('nothing to discard');
  else await carryOut(choice.stack, { decided, topics: [...new Set(pending.map(({ item }) => quarantineTopic(item.environment)))] }, options);
}

/** Appends events, in the order of their first receipt, and then what to note of them. */
async function carryOut({ connection }: Stack, { decided, topics }: { decided: readonly Decision[]; topics: readonly string[] }, options: Action): Promise<void> {
  const author: Author = { by: whoAmI(), note: options.note };
  const producer = options.dryRun ? null : await connectProducer(connection, topics);
  const doing = progress('done', decided.length);
  try {
    for (let from = 0; from < decided.length; from += CHUNK) {
      const chunk = decided.slice(from, from + CHUNK);
      if (producer !== null) {
        await Promise.all(chunk.flatMap(({ append }) => (append === null ? [] : [producer.append(append.topic, append.record)])));
        await Promise.all(chunk.map(({ outcome }) => note(producer, outcome, author)));
      }
      for (const { outcome } of chunk) {
        doing.step();
        print(options.json, outcomeJson(outcome, options.dryRun), () => outcomeLine(outcome, options.dryRun));
      }
    }
  } finally {
    doing.end();
    await producer?.close();
  }
  const counts = [...groupBy(decided, ({ outcome }) => outcome.resolution)].map(([resolution, group]) => `${group.length} ${resolution.replace('_', ' ')}`);
  console.error(`${options.dryRun ? 'dry run, nothing changed: ' : ''}${counts.join(', ')}`);
}

// Before the commands are made: they take it over.
program.exitOverride();

const command = (name: string, description: string): Command => program.command(name).description(description)
  .option('--environment <name>', 'whose quarantine (default: ENVIRONMENT, else production)')
  .option('--json', 'one JSON text a line', false);

const action = (name: string, description: string): Command => withFilters(command(name, description))
  .argument('[ids...]', 'items as `list` names them')
  .option('--all', 'without naming ids or a filter', false)
  .option('--dry-run', 'only say what would happen', false)
  .option('--note <text>', 'why, for those who look later', '');

program.name('npm run quarantine --').description('What could not be used, and what is to become of it.').addHelpText('after', `
Exit codes: 0 done, 1 something is still unusable or not there, 2 wrong usage or configuration, 3 Kafka or the registry does not answer.`);
withFilters(command('list', 'Items, oldest first')).action(list);
command('show', 'Everything about one item').argument('<id>', 'as `list` names it')
  .option('--payload', 'the raw bytes, and nothing else', false)
  .action(show);
action('replay', 'Let items in again, as the door and the contract are today; what is in the log already is left alone')
  .option('--fixed-by <module>', 'a module whose default export corrects a body: (body) => body')
  .action(replay);
action('discard', 'Say that items will never be used; they stay, and can still be replayed with --status discarded').action(discard);

/** Codes of commander itself are 0 for help and 1 for wrong usage. */
function exitCodeOf(error: unknown): number {
  if (error instanceof Error && 'exitCode' in error) return error.exitCode === 0 ? 0 : WRONG_USAGE;
  if (error instanceof RuntimeError) {
    console.error(`${error.code}: ${error.message}`);
    return error.retriable ? OUTAGE : WRONG_USAGE;
  }
  console.error(error instanceof Error ? error.message : String(error));
  return OUTAGE;
}

await program.parseAsync().catch((error: unknown) => {
  process.exitCode = exitCodeOf(error);
});
