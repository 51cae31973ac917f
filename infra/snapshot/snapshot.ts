// npm run snapshot -- create | list | drop: every view of the live databases as of an instant, by what was known at one,
// under another desk file, of chosen tenants. What it was asked for stays in it; what is live is only read.
import { createHash } from 'node:crypto';
import { Command } from 'commander';
import { instantText, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import { instant, positive } from '../facts/arguments.ts';
import { CHUNK_TICKETS } from '../facts/chunks.ts';
import { readDeskFile } from '../config/desk-file.ts';
import { tableText } from '../demo/report.ts';
import { count, duration } from '../facts/progress.ts';
import { exitCodeOf } from '../target/refused.ts';
import { withClickHouse } from '../target/with-clickhouse.ts';
import { create } from './create.ts';
import type { DeskSource } from './desk.ts';
import { drop } from './drop.ts';
import { checkName, ownName } from './names.ts';
import { findSnapshot, findSnapshots, noSuch, tableSizes, type Found } from './record.ts';

interface CreateOptions {
  readonly at?: Date;
  readonly known?: Date;
  readonly desk?: string;
  readonly integration?: readonly string[];
  readonly chunkTickets: number;
}

function deskSource(path: string): DeskSource {
  const file = readDeskFile(path);
  return { file, sha256: createHash('sha256').update(file.content).digest('hex') };
}

const utc = (ms: number): string => instantText(ms).replace(/\.000$/, '');

async function createSnapshot(name: string, { at, known, desk, integration = [], chunkTickets }: CreateOptions): Promise<void> {
  // Before anything is connected to: what is wrong with the command is told at once.
  checkName(name);
  const source = desk === undefined ? null : deskSource(desk);
  const asked = {
    at: at?.getTime() ?? null, known: known?.getTime() ?? null, integrations: [...new Set(integration)].sort(),
    desk: source === null ? null : { name: source.file.name, sha256: source.sha256 },
  };
  await withClickHouse({ command: 'snapshot create', changes: true }, async (clickhouse) => {
    const began = Date.now();
    const { present, databases } = await create(clickhouse, { name, asked, source, chunkTickets });
    const own = databases.filter((database) => database !== 'config').map((database) => `${ownName(name, database)} for ${database}`);
    console.log(`snapshot ${name} is ready after ${duration((Date.now() - began) / 1_000)}; its now is ${utc(present)} UTC.
In a query write ${own.join(' and ')}; \`npm run questions -- --snapshot ${name}\` asks it all questions.`);
  });
}

function stateOf({ state, owner }: Found): string {
  if (state === 'complete') return state;
  return owner !== null ? `being made (${state})` : 'unfinished: the same create goes on';
}

async function lineOf(clickhouse: ClickHouse, found: Found): Promise<Record<string, string | number | null>> {
  const { name, snapshot } = found;
  const sizes = await tableSizes(clickhouse, name);
  const instant = (ms: number | null | undefined): string | null => (ms === null || ms === undefined ? null : utc(ms));
  return {
    name, state: stateOf(found), created: instant(snapshot?.createdAt)?.slice(0, 19) ?? null, at: instant(snapshot?.at), known: instant(snapshot?.known),
    desk: snapshot === null ? null : `${snapshot.asked.desk === null ? 'live: ' : ''}${[snapshot.desk.name, snapshot.desk.sha256.slice(0, 12)].join(' ').trim()}`,
    tenants: snapshot === null ? null : snapshot.asked.integrations.join(', ') || 'all',
    rows: count(sizes.rows), size: `${(sizes.bytes / 1_048_576).toFixed(1)} MiB`,
  };
}

const listSnapshots = (): Promise<void> => withClickHouse({ command: 'snapshot list', changes: false }, async (clickhouse) => {
  const found = await findSnapshots(clickhouse);
  if (found.length === 0) console.log('there are no snapshots');
  else console.log(tableText(await Promise.all(found.map((item) => lineOf(clickhouse, item)))));
});

const dropSnapshot = (name: string): Promise<void> => withClickHouse({ command: 'snapshot drop', changes: true }, async (clickhouse) => {
  const found = await findSnapshot(clickhouse, name);
  if (found === null) throw noSuch(name, await findSnapshots(clickhouse));
  await drop(clickhouse, found);
  console.log(`snapshot ${name} is dropped`);
});

const program = new Command('npm run snapshot --').exitOverride()
  .description('Every view as of an instant, by what was known at one, under another desk file, of chosen tenants: in databases of its own.')
  .addHelpText('after', `
Examples:
  npm run snapshot -- create monday --at 2026-03-09T00:00:00Z         # what was true then, by everything known today
  npm run snapshot -- create shown --known 2026-03-09T00:00:00Z       # what the dashboards showed then
  npm run snapshot -- create stricter --desk stricter.json --integration acme
Then ask monday_queue.tickets as you would queue.tickets, or all questions: npm run questions -- --snapshot monday
Exit codes: 0 done, 2 wrong usage or not possible now (nothing has changed), 3 ClickHouse does not answer.`);
program.command('create').description('Make a snapshot. Broken off, the same command goes on. Times are ISO 8601, UTC unless they say otherwise')
  .argument('<name>', 'lower-case letters, digits and _; its databases are called <name>_queue, <name>_agents, <name>_config')
  .option('--at <time>', 'what had happened by then (event time); it is the now of the snapshot', instant)
  .option('--known <time>', 'what had been received by then; its now, unless --at is given', instant)
  .option('--desk <file>', 'under this desk file instead of the live configuration')
  .option('--integration <id...>', 'only these tenants')
  .option('--chunk-tickets <n>', 'tickets told at once: more is faster and takes more memory', positive, CHUNK_TICKETS)
  .action(createSnapshot);
program.command('list').description('What snapshots there are').action(listSnapshots);
program.command('drop').description('Take a snapshot away with all that belongs to it').argument('<name>').action(dropSnapshot);

await program.parseAsync().catch((error: unknown) => {
  process.exitCode = exitCodeOf(error);
});
