// npm run bench -- history | …: measures what the project promises about speed, and writes it down in RESULTS.md.
import { InvalidArgumentError, program } from 'commander';
import { endWithMessage } from '../../infra/local/supervisor/signals.ts';
import { withClickHouse } from '../../infra/target/with-clickhouse.ts';
import { fill } from './history.ts';

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number above 0');
  return value;
}

program.name('npm run bench --').description('Measures speed on real stacks of its own.');
program.command('history').description('fill a running stack (DATA_DIR or CLICKHOUSE_URL) with a made-up history: tenants bench-50k (50,000 tickets), bench-small-0 … 9, bench-large (the rest)')
  .option('--tickets <n>', 'tickets, twelve events each', whole, 100_000)
  .option('--facts', 'compute their facts, too', false)
  .action((options: { tickets: number; facts: boolean }) => withClickHouse({ command: 'bench history', changes: true }, (clickhouse) => fill(clickhouse, options)));

await program.parseAsync().catch(endWithMessage);
