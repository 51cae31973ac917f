// npm run migrate: brings ClickHouse to what the code expects, a database per projection. What it
// leaves to `npm run rebuild`, facts that were computed by another definition, it says.
import { program } from 'commander';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { readConfig } from '../../services/runtime/config.ts';
import { onCluster } from '../cluster/on-cluster.ts';
import { endWithMessage } from '../local/supervisor/signals.ts';
import { define } from '../projections/definition.ts';
import { findProjections } from '../projections/find.ts';
import { migrateProjection } from '../projections/tables.ts';
import { clusterSettings, withClickHouse } from '../target/with-clickhouse.ts';
import { Printer } from './printer.ts';

async function migrate(clickhouse: ClickHouse): Promise<void> {
  for (const found of await findProjections()) {
    const { database, name } = found.projection;
    const defined = await define(found);
    const { statements } = defined;
    const standing = await migrateProjection(clickhouse, defined);
    console.log(`database ${database} (${name}): ${new Set(statements.map(({ file }) => file)).size} SQL files applied`);
    if (standing === 'outdated') console.error(`${name}: the definition of its facts has changed: its views stay as they were until \`npm run rebuild -- ${name}\``);
  }
}

/** Nothing is connected to: what an empty ClickHouse is told. */
async function print(): Promise<void> {
  const printer = new Printer((statement) => process.stdout.write(`${statement};\n\n`));
  const clickhouse = onCluster(printer, readConfig(clusterSettings, process.env).CLICKHOUSE_CLUSTER);
  for (const found of await findProjections()) await migrateProjection(clickhouse, await define(found));
}

await program.name('npm run migrate').description('Bring ClickHouse to what the code expects; repeatable')
  .option('--print', 'print the SQL that an empty ClickHouse gets, with CLICKHOUSE_CLUSTER a cluster, and do nothing', false)
  .action((options: { print: boolean }) => (options.print ? print() : withClickHouse({ command: 'migrate', changes: true }, migrate))).parseAsync().catch(endWithMessage);
