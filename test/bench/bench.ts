// npm run bench -- live | rebuild | catch-up | start-up | questions: measures what the project promises about speed, on real
// stacks of its own, and writes it down in RESULTS.md. Never part of the tests.
import { resolve } from 'node:path';
import { InvalidArgumentError, program } from 'commander';
import { projectDir } from '../../infra/local/settings.ts';
import { endWithMessage } from '../../infra/local/supervisor/signals.ts';
import { withClickHouse } from '../../infra/target/with-clickhouse.ts';
import { fill } from './history.ts';
import { live } from './live.ts';

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number above 0');
  return value;
}

const wholes = (text: string): number[] => text.split(',').map(whole);

/** As it was typed, without the machine's paths. */
const command = (): string => ['npm run bench --', ...process.argv.slice(2).map((word) => (word.includes('/') ? 'CHECKOUT' : word))].join(' ');

const checkouts = (against: string | undefined): string[] => [projectDir, ...(against === undefined ? [] : [resolve(against)])];

const AGAINST = ['--against <path>', 'another checkout of this project with its node_modules, measured in the same run, turn by turn'] as const;

program.name('npm run bench --').description('Measures speed on real stacks of its own; each part writes its section of test/bench/RESULTS.md.')
  .addHelpText('after', '\nOn Linux only (/proc). Let nothing else run meanwhile. Long parts tell how far they are.');

program.command('live').description('webhooks at constant rates: from the 200 to queue.tickets, and the CPU that an event costs')
  .option('--rates <list>', 'events a second', wholes, [1, 10, 100, 500, 1_000])
  .option('--seconds <n>', 'for each rate', whole, 20)
  .option('--minutes <n>', 'the same in minutes: 5 shows whether anything grows', whole)
  .option('--rounds <n>', 'over all rates', whole, 1)
  .option('--cost-seconds <n>', 'for each of three rounds at 1 event/s that show what an event costs', whole, 20)
  .option(...AGAINST)
  .option('--against-up-to <n>', 'highest rate for that one', whole, 1_000)
  .action(({ minutes, ...options }: { rates: number[]; seconds: number; minutes?: number; rounds: number; costSeconds: number; against?: string; againstUpTo: number }) =>
    live({ ...options, seconds: minutes === undefined ? options.seconds : minutes * 60, command: command(), checkouts: checkouts(options.against) }));

program.command('history').description('no measurement: fills a running stack (DATA_DIR or CLICKHOUSE_URL) with a made-up history: tenants bench-50k (50,000 tickets), bench-small-0 … 9, bench-large (the rest)')
  .option('--tickets <n>', 'tickets, twelve events each', whole, 100_000)
  .option('--facts', 'compute their facts, too', false)
  .action((options: { tickets: number; facts: boolean }) => withClickHouse({ command: 'bench history', changes: true }, (clickhouse) => fill(clickhouse, options)));

await program.parseAsync().catch(endWithMessage);
