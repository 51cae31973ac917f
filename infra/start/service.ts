// npm run service -- <name>: one service in the foreground, configured by the environment; what that
// leaves out is the stack's that runs on the data folder.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Consumer } from '../../services/runtime/consumer.ts';
import { findServices } from './services.ts';
import { endWithMessage } from '../local/supervisor/signals.ts';
import { projectDir } from '../local/settings.ts';
import { locate } from '../target/which-stack.ts';

const names = findServices();
const name = process.argv[2];
if (name === undefined || !names.includes(name)) {
  console.error(`${name === undefined ? 'which service?' : `there is no service "${name}";`} services are: ${names.join(', ')}`);
  process.exit(2);
}

/** A projection does, a consumer that has the setting, and who says so in a file. */
async function asksClickHouse(service: string): Promise<boolean> {
  const folder = join(projectDir, 'services', service);
  if (['projection.ts', 'needs-clickhouse'].some((name) => existsSync(join(folder, name)))) return true;
  if (!existsSync(join(folder, 'consumer.ts'))) return false;
  const { consumer } = (await import(`../../services/${service}/consumer.ts`)) as { consumer: Consumer };
  return 'CLICKHOUSE_URL' in consumer.settings;
}

async function enterStack(service: string): Promise<void> {
  const withClickHouse = await asksClickHouse(service);
  Object.assign(process.env, await locate({
    command: service, changes: true,
    parts: ['kafka', 'registry', ...(withClickHouse ? ['clickhouse' as const] : [])],
    files: ['SCHEMAS_LOCK', ...(service === 'ingress' ? ['INTEGRATIONS_FILE' as const] : [])],
  }));
}

await enterStack(name).catch(endWithMessage);
await import(`../../services/${name}/main.ts`);
