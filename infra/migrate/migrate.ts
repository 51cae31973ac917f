// npm run migrate: brings ClickHouse to what the code expects, a database per projection. What it
// leaves to `npm run rebuild`, facts that were computed by another definition, it says.
import { program } from 'commander';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { endWithMessage } from '../local/supervisor/signals.ts';
import { define } from '../projections/definition.ts';
import { findProjections } from '../projections/find.ts';
import { migrateProjection } from '../projections/tables.ts';
import { withClickHouse } from '../target/with-clickhouse.ts';

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

await program.name('npm run migrate').description('Bring ClickHouse to what the code expects; repeatable')
  .action(() => withClickHouse({ command: 'migrate', changes: true }, migrate)).parseAsync().catch(endWithMessage);
