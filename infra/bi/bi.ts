// npm run bi -- sources | dbt | grafana | superset: what BI tools need to know of the views.
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { program } from 'commander';
import { consumerSettings, readConfig } from '../../services/runtime/config.ts';
import { endWithMessage } from '../local/supervisor/signals.ts';
import { locate } from '../target/which-stack.ts';
import { withClickHouse } from '../target/with-clickhouse.ts';
import { runDbt, writeSources } from './dbt.ts';
import { grafanaText } from './grafana.ts';
import { dsnOf, supersetBundle } from './superset/bundle.ts';
import { trySuperset } from './superset/trial.ts';
import { describeViews } from './views.ts';

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

program.command('superset').description('write the dashboard, its charts and its datasets as a zip that Superset imports (superset import-dashboards)')
  .argument('[file]', 'the zip', 'ticketstream-superset.zip')
  .option('--try', 'instead import it into a Superset of its own, fetched from Python’s package index, and run every chart', false)
  .action(async (file: string, { try: isTrial }: { try: boolean }) => {
    const { CLICKHOUSE_URL: url } = readConfig(consumerSettings, await locate({ command: 'bi superset', changes: false, parts: ['clickhouse'] }));
    const described = await withClickHouse({ command: 'bi superset', changes: false }, describeViews);
    if (isTrial) {
      await trySuperset(described, url);
      return;
    }
    writeFileSync(resolve(process.env['INIT_CWD'] ?? '.', file), supersetBundle(described, dsnOf(url, false)));
    console.log(`${file}: its connection has no password; Superset asks for it`);
  });

await program.parseAsync().catch(endWithMessage);
