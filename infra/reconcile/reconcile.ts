// npm run reconcile: does every table hold what the log says, no more, no less, and nothing else? Once, or on a schedule.
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidArgumentError, Option, program } from 'commander';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { consumerSettings, readConfig } from '../../services/runtime/config.ts';
import { startHealthServer } from '../../services/runtime/health.ts';
import { createLogger } from '../../services/runtime/logger.ts';
import { createMetrics } from '../../services/runtime/metrics/process.ts';
import { readKnown, SchemaLookup, SchemaRegistry } from '../../services/runtime/registry/registry.ts';
import { instant } from '../facts/arguments.ts';
import { duration } from '../facts/progress.ts';
import { refuseCluster } from '../cluster/on-cluster.ts';
import { exitCodeOf } from '../target/refused.ts';
import { locate } from '../target/which-stack.ts';
import { depths, type Depth } from './facts.ts';
import { kinds, Report, type Kind } from './findings.ts';
import { createRunMetrics } from './metrics.ts';
import { reconcile, type Parts } from './run.ts';
import { kafkaConnection } from '../../services/runtime/kafka/connection.ts';

const FOUND = 1;

/** A span of time, in milliseconds. */
export function span(text: string): number {
  const [, number, unit] = /^(\d+)(s|m|h|d)$/.exec(text) ?? [];
  if (number === undefined || unit === undefined || Number(number) === 0) throw new InvalidArgumentError('a number with s, m, h or d, e.g. 90m');
  return Number(number) * { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit as 's' | 'm' | 'h' | 'd'];
}

/** A time, or a span before now: on a schedule it goes along. */
const since = (text: string): (() => Date) => {
  if (!/^\d+[smhd]$/.test(text)) {
    const time = instant(text);
    return () => time;
  }
  const ms = span(text);
  return () => new Date(Date.now() - ms);
};

const whole = (least: number) => (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) throw new InvalidArgumentError(`a whole number from ${least}`);
  return value;
};

interface Arguments {
  readonly since?: () => Date;
  readonly partition?: number;
  readonly tenant?: string;
  readonly repair: boolean;
  readonly facts: Depth;
  readonly json: boolean;
  readonly limit: number;
  readonly windowRecords: number;
  readonly every?: number;
  readonly metricsPort?: number;
}

async function connect(changes: boolean): Promise<Parts & { close: () => Promise<void> }> {
  const config = readConfig(consumerSettings, await locate({ command: 'reconcile', parts: ['kafka', 'registry', 'clickhouse'], files: ['SCHEMAS_LOCK'], changes }));
  const clickhouse = connectClickHouse(config.CLICKHOUSE_URL);
  return {
    clickhouse,
    connection: kafkaConnection(config, 'reconcile', createLogger('reconcile', 'error')),
    environment: config.ENVIRONMENT,
    schemas: new SchemaLookup(SchemaRegistry.of(config), await readKnown(config.SCHEMAS_LOCK)),
    close: () => clickhouse.close(),
  };
}

const countsOf = (counts: ReadonlyMap<Kind, number>): string => [...counts].filter(([, count]) => count > 0).map(([kind, count]) => `${count} ${kind}`).join(', ');

async function once(parts: Parts, options: Arguments): Promise<Report> {
  const begun = Date.now();
  await refuseCluster(parts.clickhouse, 'reconcile');
  const report = new Report((line) => console.log(line), options);
  const { repair, facts, windowRecords, partition, tenant } = options;
  const scope = { ...(options.since === undefined ? {} : { since: options.since() }), ...(partition === undefined ? {} : { partition }), ...(tenant === undefined ? {} : { tenant }) };
  const looked = await reconcile(parts, { scope, repair, facts, windowRecords }, report);
  for (const line of [...report.unnamed(), ...looked]) console.error(line);
  const found = countsOf(report.found);
  const repaired = countsOf(report.repaired);
  console.error(`${found === '' ? 'clean' : `found: ${found}`}${repaired === '' ? '' : `; repaired: ${repaired}`}${repair && report.left > 0 ? `; ${report.left} not repaired` : ''} (${duration((Date.now() - begun) / 1_000)})`);
  return report;
}

async function onSchedule(parts: Parts, options: Arguments, everyMs: number): Promise<void> {
  const registry = createMetrics('reconcile');
  const metrics = createRunMetrics(registry);
  let failure: string | null = null;
  const server = await startHealthServer({ HEALTH_HOST: '127.0.0.1', HEALTH_PORT: options.metricsPort ?? 0 }, registry, () => Promise.resolve(failure));
  console.error(`reconcile: every ${duration(everyMs / 1_000)}, metrics on http://127.0.0.1:${server.port}/metrics`);
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopping.abort());
  while (!stopping.signal.aborted) {
    const begun = Date.now();
    const ended = (report: Report | null): void => metrics.ended(report, (Date.now() - begun) / 1_000);
    const run = once(parts, options).then((report) => {
      failure = null;
      ended(report);
    }, (error: unknown) => {
      exitCodeOf(error);
      failure = error instanceof Error ? error.message : String(error);
      ended(null);
    });
    // A run that is broken off leaves nothing behind that the next one does not sweep away.
    await Promise.race([run, new Promise((resolve) => stopping.signal.addEventListener('abort', resolve, { once: true }))]);
    await sleep(Math.max(0, begun + everyMs - Date.now()), undefined, { signal: stopping.signal }).catch(() => undefined);
  }
  process.exit(0);
}

async function run(options: Arguments): Promise<number> {
  const parts = await connect(options.repair);
  try {
    if (options.every !== undefined) await onSchedule(parts, options, options.every);
    return (await once(parts, options)).left > 0 ? FOUND : 0;
  } finally {
    await parts.close();
  }
}

program.exitOverride();
program.name('npm run reconcile --').description('Compares the log with every table that is made of it, and names what is missing, extra or other.')
  .option('--repair', 'land again what is missing, compute its facts anew, take out what no record accounts for', false)
  .option('--since <when>', 'records appended since, a time or a span (2h, 7d), and the tickets they touch', since)
  .option('--partition <n>', 'only this partition of the log', whole(0))
  .option('--tenant <id>', 'only this integration_id')
  .addOption(new Option('--facts <depth>', 'how facts are looked at: counted, a sample folded anew, or all of them').choices(depths).default('sample'))
  .option('--limit <n>', 'of each kind and table, name so many', whole(1), 1_000)
  .option('--json', 'a finding is one JSON text a line', false)
  .option('--window-records <n>', 'offsets that are compared together; by default by the size of the log', whole(1), 0)
  .option('--every <span>', 'again and again, e.g. 1h, until a signal', span)
  .option('--metrics-port <port>', 'of /metrics and /health on loopback, with --every', whole(0))
  .addHelpText('after', `
Kinds of findings:
${Object.entries(kinds).map(([kind, meaning]) => `  ${kind.padEnd(28)}${meaning}`).join('\n')}

Exit codes: 0 clean, or all is repaired (conflicts are told, and are no fault of the tables); 1 something is found and not repaired;
2 wrong usage or configuration; 3 Kafka, the registry or ClickHouse did not answer, so nothing can be said.`)
  .action(async (options: Arguments) => {
    process.exitCode = await run(options);
  });

await program.parseAsync().catch((error: unknown) => {
  process.exitCode = exitCodeOf(error);
});
