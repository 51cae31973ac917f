// npm run demo: the whole way once. Starts the system, plays a CRM against its door (a simulated
// desk, or a recorded incident log), waits until ClickHouse has everything, and prints answers.
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { connectClickHouse, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import { messageOf } from '../../services/runtime/errors.ts';
import { progressPrinter } from '../local/progress.ts';
import { readPort, readSettings, SetupError } from '../local/settings.ts';
import { endWithMessage, stopOnSignal } from '../local/supervisor/signals.ts';
import { locate, withoutPassword } from '../target/which-stack.ts';
import { startSystem, type System } from '../start/start.ts';
import { sendAsCrm } from './crm.ts';
import { deliveries, punctual, type Delivery } from './delivery.ts';
import { deskEndsAt, deskEvents, deskIntegrations } from './desk/desk.ts';
import { Ledger } from './ledger.ts';
import { count, ProgressLine } from './progress.ts';
import { readIncidentLog, type IncidentLog } from './replay/incident-log.ts';
import { decodeLog } from './replay/log-file.ts';
import { replayEvents, replayIntegration } from './replay/incidents.ts';
import { replayReport } from './replay/report.ts';
import { answer, deskQuestions, tableText } from './report.ts';
import { startBoards, type DemoBoards } from './trello/with-trello.ts';
import { readSecrets, writeDemoIntegrations } from './secrets.ts';
import { checkDelivery, countHeld, countUntold, isExact, type Query, type TableCheck } from './verify.ts';

interface Options {
  seed: number;
  tickets: number;
  days: number;
  concurrency: number;
  compress: number;
  rate: number;
  exit: boolean;
  replay?: string;
  encoding: string;
  url?: string;
  with?: 'trello';
}

/** Where the demo sends to and asks. */
interface Target {
  readonly ingressUrl: string;
  readonly clickhouseUrl: string;
  readonly integrationsFile: string;
  /** Null for a system that was running already. */
  readonly system: System | null;
  /** Null without `--with`. */
  readonly boards: DemoBoards | null;
}

const environment = process.env['ENVIRONMENT'] ?? 'production';
const { dataDir } = readSettings(process.env);
/** After this long without any progress in ClickHouse the demo gives up waiting. */
const STUCK_AFTER_MS = 90_000;
const COUNT_SETTLES_MS = 10_000;

function whole(minimum: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < minimum) throw new InvalidArgumentError(`a whole number from ${minimum} on`);
    return value;
  };
}

const readOptions = (): Options =>
  new Command('npm run demo --')
    .description('Plays a CRM against the running system and shows what an analyst gets.')
    .option('--seed <n>', 'the same seed gives the same desk', whole(0), 1)
    .option('--tickets <n>', 'tickets of the simulated desk', whole(1), 2_000)
    .option('--days <n>', 'days that the desk covers', whole(1), 14)
    .option('--concurrency <n>', 'requests in flight, each for another ticket', whole(1), 64)
    .option('--compress <n>', "divides the CRM's retry waits of 5 s, 30 s and 5 min", whole(1), 15)
    .option('--rate <n>', 'events per second at most', whole(1), 1_000_000)
    .option('--replay <file.csv>', 'send a ServiceNow incident log instead of the simulated desk')
    .option('--encoding <name>', 'encoding of that file, for example windows-1252', 'utf-8')
    .option('--url <url>', 'use an ingress that runs already: the one of the stack on DATA_DIR, else INTEGRATIONS_FILE holds the secrets, CLICKHOUSE_URL the answers')
    .addOption(new Option('--with <destination>', 'bring the tickets there, too: trello starts a board of its own, shown as a page').choices(['trello']).conflicts('url'))
    .option('--exit', 'end after the check, with exit code 0 only if ClickHouse holds what was accepted and no row of a log was skipped', false)
    .parse()
    .opts<Options>();

/** npm runs this in the project's folder; a relative path means the folder in which it was typed. */
async function readLog(path: string, encoding: string): Promise<IncidentLog> {
  const read = async (): Promise<IncidentLog> => readIncidentLog(decodeLog(await readFile(resolve(process.env['INIT_CWD'] ?? '.', path)), encoding));
  const log = await read().catch((error: unknown) => {
    throw new SetupError([`--replay ${path}: ${messageOf(error)}`], 2);
  });
  const skipped = log.skipped.map((reason) => `skipped ${reason}`);
  if (log.incidents.length === 0) throw new SetupError([`--replay ${path}: there is no incident in it that can be replayed`, ...skipped], skipped.length > 0 ? 1 : 2);
  for (const line of [...log.notes, ...skipped]) console.log(line);
  return log;
}

async function reach(options: Options, integrations: readonly string[], note: (line: string) => void): Promise<Target> {
  if (options.url !== undefined) {
    const env = await locate({ command: 'demo', parts: ['clickhouse'], files: ['INTEGRATIONS_FILE'], changes: true, ingressUrl: options.url });
    return {
      ingressUrl: options.url, clickhouseUrl: env['CLICKHOUSE_URL'] ?? '',
      integrationsFile: env['INTEGRATIONS_FILE'] ?? join(dataDir, 'demo-integrations.json'), system: null, boards: null,
    };
  }
  const besides = [process.env['INTEGRATIONS_FILE'] ?? join(dataDir, 'integrations.json')];
  const integrationsFile = await writeDemoIntegrations({ dataDir, environment, besides }, integrations);
  const boards = options.with === undefined ? null : await startBoards(integrations, { dataDir, port: readBoardPort() });
  const system = await startSystem({
    env: { ...process.env, INTEGRATIONS_FILE: integrationsFile, ...(boards === null ? {} : { DESTINATIONS_FILE: boards.file }) }, dataDir,
    onProgress: progressPrinter(process.stderr), onServiceLine: note, onSupervisor: stopOnSignal,
  });
  return { ingressUrl: system.ingressUrl, clickhouseUrl: system.clickhouseUrl, integrationsFile, system, boards };
}

/** Where the boards of `--with trello` are. */
function readBoardPort(): number {
  const problems: string[] = [];
  const port = readPort(process.env, 'TRELLO_PORT', 8090, problems);
  if (problems.length > 0) throw new SetupError(problems, 2);
  return port;
}

function plan(options: Options, log: IncidentLog | null): Iterable<Delivery> {
  if (log !== null) return deliveries(replayEvents(log.incidents), punctual);
  return deliveries(deskEvents(options), { seed: options.seed, duplicates: 0.01, late: 0.02 });
}

/** Counts what ClickHouse holds, again and again, until told to stop. */
async function watchArrivals(query: Query, integrations: readonly string[], context: { progress: ProgressLine; signal: AbortSignal }): Promise<void> {
  const { progress, signal } = context;
  while (!signal.aborted) {
    const begunAt = Date.now();
    await countHeld(query, integrations).then(
      (held) => progress.arrived(held),
      (error: unknown) => progress.unreachable(messageOf(error)));
    // On a large log counting takes long; it must not become the main load.
    await sleep(Math.max(700, (Date.now() - begunAt) * 5), undefined, { signal }).catch(() => undefined);
  }
}

/** Waits for the count, then checks id by id until all is there and every event is told; gives up when nothing changes any more. */
async function settled(query: Query, ledger: Ledger, progress: ProgressLine): Promise<TableCheck[]> {
  let checks: TableCheck[] = [];
  let [best, lastProgressAt] = [-Infinity, Date.now()];
  while (Date.now() - lastProgressAt < STUCK_AFTER_MS) {
    let score = progress.held;
    // An event accepted twice (past the door's memory) is held once, so the count alone can fall short for ever.
    if (progress.lag === 0 || Date.now() - lastProgressAt > COUNT_SETTLES_MS) {
      const untold = await countUntold(query).catch(() => Infinity);
      checks = await checkDelivery(query, ledger).catch(() => checks);
      if (untold === 0 && checks.length > 0 && checks.every(isExact)) return checks;
      score += checks.reduce((sum, check) => sum + check.held, 0) - untold;
    }
    if (score > best) [best, lastProgressAt] = [score, Date.now()];
    await sleep(500);
  }
  return checks.length > 0 ? checks : checkDelivery(query, ledger);
}

interface Stage {
  readonly target: Target;
  readonly query: Query;
  readonly integrations: readonly string[];
  readonly ledger: Ledger;
  readonly progress: ProgressLine;
}

/** Sends everything while showing how it goes, and waits until ClickHouse has it. */
async function play(options: Options, log: IncidentLog | null, { target, query, integrations, ledger, progress }: Stage): Promise<TableCheck[]> {
  const secretOf = await readSecrets(target.integrationsFile, environment, integrations);
  const watching = new AbortController();
  progress.start(await countHeld(query, integrations).catch((error: unknown) => {
    throw new SetupError([`ClickHouse (${new URL(target.clickhouseUrl).host}): ${messageOf(error)}`]);
  }));
  const watch = watchArrivals(query, integrations, { progress, signal: watching.signal });
  await sendAsCrm(plan(options, log), {
    url: target.ingressUrl, environment, secretOf, concurrency: options.concurrency, compress: options.compress,
    maxPerSecond: options.rate, ledger,
  });
  progress.sendingEnded();
  const checks = await settled(query, ledger, progress);
  watching.abort();
  await watch;
  progress.stop();
  return checks;
}

function verdict(checks: readonly TableCheck[], ledger: Ledger, seconds: number): { text: string; exact: boolean } {
  const { accepted, duplicate, quarantined, dropped } = ledger.counts;
  const exact = checks.length > 0 && checks.every(isExact) && dropped === 0;
  const rows = checks.filter((check) => check.table !== 'log.quarantine' || check.expected + check.astray.length + check.missing.length > 0).map((check) => ({
    integration: check.integrationId, table: check.table, acknowledged: check.expected, held_once: check.held, missing: check.missing.length,
    twice: check.repeated.length, also_in_quarantine: check.astray.length, others: check.others, ok: isExact(check) ? 'yes' : 'NO',
  }));
  const lost = checks.flatMap((check) => check.missing.slice(0, 5).map((id) => `    missing in ${check.table}: ${check.integrationId} ${id}`));
  const retries = [...ledger.retried].map(([reason, times]) => `${reason} ×${times}`).join(', ');
  const text = `\nCHECK: every acknowledged event exactly once (others: events of earlier runs or other senders)\n${tableText(rows)}
${[...lost, `${count(ledger.settled)} deliveries in ${seconds.toFixed(1)} s, ${count(Math.round(ledger.settled / seconds))} events/s: \
${count(accepted)} accepted, ${count(duplicate)} duplicates, ${count(quarantined)} quarantined, ${count(ledger.late)} late, \
${count(ledger.retries)} retried${retries === '' ? '' : ` (${retries})`}, ${count(dropped)} dropped`].join('\n')}
${exact ? 'OK: ClickHouse holds exactly what was accepted.' : dropped > 0 ? `NOT OK: the CRM gave up on ${count(dropped)} events.` : 'NOT OK: ClickHouse does not hold what was accepted.'}\n`;
  return { text, exact };
}

const whereToLook = ({ ingressUrl, clickhouseUrl, integrationsFile, system }: Target): string => `
WHERE TO LOOK
${system === null ? '' : `  dashboard         ${system.healthUrls['dashboard'] ?? 'not started'}\n`}\
  SLA, names        from a file: npm run config -- apply infra/demo/desk.json
  SQL               curl '${withoutPassword(clickhouseUrl)}/' --data-binary 'SELECT * FROM queue.backlog FORMAT PrettyCompact'
  clients           ${withoutPassword(clickhouseUrl)}, user ${new URL(clickhouseUrl).username || 'default'}, ${new URL(clickhouseUrl).password === '' ? 'no password' : 'password as configured'}; databases queue, agents, log
  webhooks          POST ${ingressUrl}/webhooks; secrets: ${integrationsFile}
${system === null ? '' : `  Kafka             ${system.kafkaBrokers}, topic crm.${environment}.ticket-events
  schema registry   ${system.schemaRegistryUrl}\n`}`;

async function main(): Promise<void> {
  const options = readOptions();
  const log = options.replay === undefined ? null : await readLog(options.replay, options.encoding);
  const integrations = log === null ? deskIntegrations : [replayIntegration];
  const ledger = new Ledger();
  const progress = new ProgressLine(process.stdout, ledger, Date.now);
  const target = await reach(options, integrations, (line) => progress.note(line));
  const clickhouse: ClickHouse = connectClickHouse(target.clickhouseUrl);
  const query: Query = (sql, params) => clickhouse.query(sql, params);
  if (target.boards !== null) console.log(`Boards: ${target.boards.url}`);
  console.log(log === null
    ? `A desk of ${count(options.tickets)} tickets over ${options.days} days, seed ${options.seed}, through ${target.ingressUrl}/webhooks`
    : `${count(log.incidents.length)} incidents, ${count(log.rows)} rows of ${options.replay ?? ''}, through ${target.ingressUrl}/webhooks`);
  const checks = await play(options, log, { target, query, integrations, ledger, progress });
  if (log === null) for (const question of deskQuestions(integrations, deskEndsAt)) console.log(await answer(query, question));
  else console.log(await replayReport(query, log.incidents));
  const { text, exact } = verdict(checks, ledger, progress.secondsOfSending);
  const skipped = log?.skipped.length ?? 0;
  const incomplete = skipped === 0 ? '' : `NOT ALL OF THE LOG: ${count(skipped)} rows or incidents were skipped, as listed at the beginning.\n`;
  const cards = await target.boards?.compare(query, integrations);
  console.log(text + (cards?.text ?? '') + incomplete + whereToLook(target));
  await clickhouse.close();
  if (!options.exit && target.system !== null) {
    console.log('Everything keeps running. Ctrl-C stops it.');
    return;
  }
  await target.system?.stop();
  await target.boards?.stop();
  process.exit(exact && skipped === 0 && cards?.equal !== false ? 0 : 1);
}

await main().catch(endWithMessage);
