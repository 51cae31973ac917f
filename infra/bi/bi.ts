// npm run bi -- sources | dbt | grafana: what BI tools need to know of the views.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { program } from 'commander';
import { consumerSettings, readConfig } from '../../services/runtime/config.ts';
import { endWithMessage } from '../local/supervisor/signals.ts';
import { locate } from '../target/which-stack.ts';
import { withClickHouse } from '../target/with-clickhouse.ts';
import { runDbt, writeSources } from './dbt.ts';
import { grafanaText } from './grafana.ts';

program.name('npm run bi --').description('What BI tools need to know of the views');

program.command('sources').description('write dbt/models/sources.yml from the comments of the views')
  .action(() => withClickHouse({ command: 'bi sources', changes: false }, async (clickhouse) => {
    console.log(`${await writeSources(clickhouse)} views described in infra/bi/dbt/models/sources.yml`);
  }));

program.command('dbt').description('run dbt on the running ClickHouse: compile, or what is given; build makes the models in database bi')
  .argument('[args...]', 'of dbt', ['compile'])
  .allowUnknownOption()
  .action(async (args: string[]) => {
    const url = readConfig(consumerSettings, await locate({ command: 'bi dbt', changes: args[0] !== 'compile', parts: ['clickhouse'] })).CLICKHOUSE_URL;
    await runDbt(url, args);
  });

program.command('grafana').description('write grafana.json, a dashboard of infra/questions for Grafana’s ClickHouse data source')
  .action(() => {
    writeFileSync(fileURLToPath(new URL('grafana.json', import.meta.url)), grafanaText());
  });

await program.parseAsync().catch(endWithMessage);
