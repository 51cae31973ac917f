// npm run service -- <name>: one service in the foreground, configured by the environment; what that
// leaves out is the stack's that runs on the data folder.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findServices, mainFile } from './services.ts';
import { endWithMessage } from '../local/supervisor/signals.ts';
import { locate } from '../target/which-stack.ts';

const names = findServices();
const name = process.argv[2];
if (name === undefined || !names.includes(name)) {
  console.error(`${name === undefined ? 'which service?' : `there is no service "${name}";`} services are: ${names.join(', ')}`);
  process.exit(2);
}

async function enterStack(service: string): Promise<void> {
  const beside = (name: string): boolean => existsSync(join(dirname(mainFile(service)), name));
  const asksClickHouse = beside('projection.ts') || beside('needs-clickhouse');
  Object.assign(process.env, await locate({
    command: service, changes: true,
    parts: ['kafka', 'registry', ...(asksClickHouse ? ['clickhouse' as const] : [])],
    files: ['SCHEMAS_LOCK', ...(service === 'ingress' ? ['INTEGRATIONS_FILE' as const] : [])],
  }));
}

await enterStack(name).catch(endWithMessage);
await import(pathToFileURL(mainFile(name)).href);
