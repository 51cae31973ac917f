// npm run bench -- ingress | live | projection | postgres | rebuild | catch-up | reconcile | start-up | questions | growth | dashboard | cluster | soak: measures what the project promises
// about speed, on real stacks of its own, and writes it down in RESULTS.md. Never part of the tests.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InvalidArgumentError, program } from 'commander';
import { projectDir, SetupError } from '../../infra/local/settings.ts';
import { endWithMessage } from '../../infra/local/supervisor/signals.ts';
import { withClickHouse } from '../../infra/target/with-clickhouse.ts';
import { writeArithmetic } from './results.ts';
import { catchUp } from './catch-up.ts';
import { cluster } from './cluster.ts';
import { dashboard } from './dashboard.ts';
import { fill } from './history.ts';
import { growth } from './growth.ts';
import { ingress } from './ingress.ts';
import { live } from './live.ts';
import { postgres } from './postgres/postgres.ts';
import { projection } from './projection.ts';
import { questions } from './questions.ts';
import { rebuild } from './rebuild.ts';
import { reconcile } from './reconcile.ts';
import { sealing } from './sealing.ts';
import { soak } from './soak.ts';
import { startUp } from './start-up.ts';

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number above 0');
  return value;
}

const wholes = (text: string): number[] => text.split(',').map(whole);

/** As it was typed, without the machine's paths. */
const command = (): string => ['npm run bench --', ...process.argv.slice(2).map((word) => (word.includes('/') ? 'CHECKOUT' : word))].join(' ');

/** @throws SetupError when nothing of ours could be started there. */
function checkout(path: string): string {
  const folder = resolve(path);
  const missing = ['infra/local/local.ts', 'infra/start/service.ts', 'node_modules'].filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) throw new SetupError([`${folder} is no checkout of this project that can be started: it has no ${missing.join(', no ')}`], 2);
  return folder;
}

const checkouts = (against: string | undefined): string[] => [projectDir, ...(against === undefined ? [] : [checkout(against)])];

const AGAINST = ['--against <path>', 'another checkout of this project with its node_modules, measured in the same run, turn by turn'] as const;

program.name('npm run bench --').description('Measures speed on real stacks of its own; each part writes its section of test/bench/RESULTS.md.')
  .addHelpText('after', '\nOn Linux only (/proc). Let nothing else run meanwhile. Long parts tell how far they are.');

program.command('ingress').description('as many webhooks as it takes over 128 connections, beside a server that only parses and checks the signature')
  .option('--events <n>', 'in each round', whole, 20_000)
  .option('--connections <n>', 'each with one request at a time', whole, 128)
  .option('--rounds <n>', 'of each', whole, 3)
  .option('--sealed', 'also with personal data sealed, on a stack of its own', false)
  .option(...AGAINST)
  .action(({ against, sealed, ...options }: { events: number; connections: number; rounds: number; sealed: boolean; against?: string }) =>
    ingress({ ...options, command: command(), checkouts: [...checkouts(against), ...(sealed ? [{ checkout: projectDir, isSealed: true }] : [])] }));

program.command('sealing').description('what sealing personal data takes of it: two doors in many short turns')
  .option('--events <n>', 'in each turn', whole, 4_000)
  .option('--connections <n>', 'each with one request at a time', whole, 128)
  .option('--turns <n>', 'of each', whole, 60)
  .option(...AGAINST)
  .action(({ against, ...options }: { events: number; connections: number; turns: number; against?: string }) => sealing({ ...options, command: command(), checkouts: checkouts(against) }));

program.command('live').description('webhooks at constant rates: from the 200 to queue.tickets, and the CPU that an event costs')
  .option('--rates <list>', 'events a second', wholes, [1, 10, 100, 500, 1_000, 3_000])
  .option('--seconds <n>', 'for each rate', whole, 20)
  .option('--minutes <n>', 'the same in minutes: 5 shows whether anything grows', whole)
  .option('--rounds <n>', 'over all rates', whole, 1)
  .option('--history <tickets>', 'tickets that the timelines hold before', whole, 0)
  .option('--cost-seconds <n>', 'for each of three rounds at 1 event/s that show what an event costs', whole, 20)
  .option(...AGAINST)
  .option('--against-up-to <n>', 'highest rate for that one', whole, 1_000)
  .action(({ minutes, ...options }: { rates: number[]; seconds: number; minutes?: number; rounds: number; history: number; costSeconds: number; against?: string; againstUpTo: number }) =>
    live({ ...options, seconds: minutes === undefined ? options.seconds : minutes * 60, command: command(), checkouts: checkouts(options.against) }));

program.command('rebuild').description('facts of a made-up history from its timeline by `npm run rebuild`: time, CPU, memory, and whether an event costs more when there are more')
  .option('--tickets <list>', 'tickets, twelve events each; a run for each of them: 8000,80000,800000 shows flatness', wholes, [100_000])
  .option('--rounds <n>', 'for each', whole, 1)
  .option(...AGAINST)
  .option('--against-up-to <n>', 'most tickets for that one', whole, 1_000_000)
  .action(({ against, ...options }: { tickets: number[]; rounds: number; against?: string; againstUpTo: number }) =>
    rebuild({ ...options, command: command(), checkouts: checkouts(against) }));

program.command('catch-up').description('a log full of events and an empty ClickHouse: time until all has landed and is counted, beside ClickHouse\'s own Kafka engine')
  .option('--events <n>', 'events in the log; 2000000 is the promise', whole, 200_000)
  .option('--before <n>', 'handled before, so that what is measured is what came during an outage: a section of its own', whole, 0)
  .option(...AGAINST)
  .action(({ against, ...options }: { events: number; before: number; against?: string }) => catchUp({ ...options, command: command(), checkouts: checkouts(against) }));

program.command('reconcile').description('the tables compared with the log and all facts computed anew: time and memory as the log grows')
  .option('--events <list>', 'events in the log; a stack for each', wholes, [100_000, 500_000, 2_000_000])
  .action((options: { events: number[] }) => reconcile({ ...options, command: command() }));

program.command('projection').description('one log from its start into ClickHouse, by turns: our landing alone, both projections with their facts, ClickHouse\'s own Kafka engine, and a consumer that decodes and inserts JSON')
  .option('--events <n>', 'events in the log', whole, 1_000_000)
  .option('--rounds <n>', 'of each, after one that does not count', whole, 3)
  .action((options: { events: number; rounds: number }) => projection({ ...options, command: command(), checkout: projectDir }));

program.command('start-up').description('a projection from its start until it is ready, with a long history and with none')
  .option('--tickets <n>', 'tickets of the history, twelve events each', whole, 1_000_000)
  .option('--rounds <n>', 'starts of each', whole, 5)
  .option('--of <path>', 'measure another checkout of this project instead')
  .action(({ of, ...options }: { tickets: number; rounds: number; of?: string }) => startUp({ ...options, command: command(), checkout: of === undefined ? projectDir : checkout(of) }));

program.command('growth').description('a tenth of a million events, a million, ten: cost of an event, memory, start-up and questions at each, and how they grow')
  .option('--tickets <list>', 'tickets, twelve events each; a fresh stack for each', wholes, [8_000, 80_000, 800_000])
  .option('--rounds <n>', 'starts of each service, and times each question is asked', whole, 3)
  .option('--rate <n>', 'events a second', whole, 300)
  .option('--seconds <n>', 'for so long', whole, 20)
  .action((options: { tickets: number[]; rounds: number; rate: number; seconds: number }) => growth({ ...options, command: command(), checkout: projectDir }));

program.command('questions').description('each question of infra/questions for a tenant of 50,000 tickets and for the largest one')
  .option('--tickets <n>', 'of all tenants: the largest has these without 100,000', whole, 1_100_000)
  .option('--rounds <n>', 'times each is asked', whole, 5)
  .action((options: { tickets: number; rounds: number }) => questions({ ...options, command: command(), checkout: projectDir }));

program.command('postgres').description('the reports that Chatwoot makes of its tables in PostgreSQL (Debian\'s), beside the same questions to our views')
  .option('--tickets <n>', 'of all tenants', whole, 1_100_000)
  .option('--rounds <n>', 'times each is asked', whole, 3)
  .action((options: { tickets: number; rounds: number }) => postgres({ ...options, command: command(), checkout: projectDir }));

program.command('dashboard').description('from a webhook until an open page shows it, with many pages open, and how long the questions of each page take')
  .option('--tickets <n>', 'of all tenants; 50,000 of them are of the one looked at', whole, 110_000)
  .option('--events <n>', 'new tickets that are looked for', whole, 40)
  .option('--pages <n>', 'open at the same time', whole, 200)
  .option('--rounds <n>', 'times each page is asked', whole, 10)
  .action((options: { tickets: number; events: number; pages: number; rounds: number }) => dashboard({ ...options, command: command(), checkout: projectDir }));

program.command('soak').description('hours of load with restarts of services and parts: memory, descriptors, timers, parts of tables, idle CPU, and whether anything is lost or twice')
  .option('--minutes <n>', 'of load', whole, 120)
  .option('--rate <n>', 'events a second', whole, 300)
  .option('--restarts <n>', 'spread over the first four fifths: services and parts in turn, stopped and killed in turn', whole, 12)
  .option('--idle-seconds <n>', 'for which idle CPU is measured at the end', whole, 120)
  .action((options: { minutes: number; rate: number; restarts: number; idleSeconds: number }) => soak({ ...options, command: command() }));

program.command('cluster').description('three brokers, two ingresses, three processes of each projection: what sharing the work brings, and what a change of the group costs')
  .option('--events <n>', 'that one projection drains with one, two and three processes', whole, 600_000)
  .option('--rate <n>', 'events a second while processes come and go', whole, 100)
  .option('--seconds <n>', 'for each change', whole, 20)
  .action((options: { events: number; rate: number; seconds: number }) => cluster({ ...options, command: command() }));

program.command('arithmetic').description('no measurement: what 1,000, 10,000 and 100,000 events/s would take, by what RESULTS.md says of the other parts').action(writeArithmetic);

program.command('history').description('no measurement: fills a running stack (DATA_DIR or CLICKHOUSE_URL) with a made-up history: tenants bench-50k (50,000 tickets), bench-small-0 … 9, bench-large (the rest)')
  .option('--tickets <n>', 'tickets, twelve events each', whole, 100_000)
  .option('--facts', 'compute their facts, too', false)
  .action((options: { tickets: number; facts: boolean }) => withClickHouse({ command: 'bench history', changes: true }, (clickhouse) => fill(clickhouse, options)));

await program.parseAsync().catch(endWithMessage);
