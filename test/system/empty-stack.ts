// The stack of a file as it is on a first start: for tests that look at everything there is, while the files before them left
// in it whatever they tried. Those tests run first (reading-order.ts), so that mostly there is nothing to empty.
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { control } from './support.ts';

const parts = ['kafka', 'registry', 'clickhouse'];
export const consumers = ['queue-analytics', 'agent-analytics', 'event-archive'];
export const stop = (names: readonly string[]): Promise<unknown> => Promise.all(names.map((name) => control({ action: 'stop', name })));
export const start = (names: readonly string[]): Promise<unknown> => Promise.all(names.map((name) => control({ action: 'start', name })));

const command = (file: string): Promise<unknown> => promisify(execFile)(process.execPath, ['infra/start/run.mjs', file]);

export async function emptyStack(): Promise<void> {
  if (process.env['STACK_IS_NEW'] === 'true') return;
  await stop(['ingress', ...consumers]);
  await stop(parts);
  for (const part of parts) await rm(join(process.env['DATA_DIR'] ?? '', part), { recursive: true });
  await rm(process.env['SCHEMAS_LOCK'] ?? '', { force: true });
  await start(parts);
  await Promise.all(['infra/topics/topics.ts', 'infra/schemas/schemas.ts', 'infra/migrate/migrate.ts'].map(command));
  await start(['ingress', ...consumers]);
}
