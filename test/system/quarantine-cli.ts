// Runs `npm run quarantine` as an operator would, and knows the schemas that records are written under.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createLogger } from '../../services/runtime/logger.ts';
import { idToWrite, readLock, SchemaRegistry } from '../../services/runtime/registry/registry.ts';
import { contracts } from './log-records.ts';
import { environment } from './support.ts';

const projectDir = fileURLToPath(new URL('../..', import.meta.url));

export const connection = { brokers: [environment.kafkaBrokers], clientId: 'quarantine-test', logger: createLogger('test', 'error') };

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** With --json: a line each. */
  readonly lines: readonly Record<string, unknown>[];
}

export const quarantine = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> =>
  new Promise((resolve) => {
    const command = ['infra/start/run.mjs', 'infra/quarantine/quarantine.ts', ...args];
    execFile(process.execPath, command, { cwd: projectDir, env: { ...process.env, ...env }, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      const lines = args.includes('--json') ? stdout.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>) : [];
      resolve({ code, stdout, stderr, lines });
    });
  });

/** The id under which this build writes an event type: not the newest one, which another build may have registered. */
export async function writtenSchemaId(topic: string, eventType: string): Promise<number> {
  const contract = contracts.get(eventType);
  if (contract === undefined) throw new Error(`no contract of ${eventType}`);
  const locked = await readLock(process.env['SCHEMAS_LOCK'] ?? '');
  return idToWrite(new SchemaRegistry(environment.registryUrl), locked, `${topic}-${contract.recordName}`, JSON.stringify(contract.record));
}
