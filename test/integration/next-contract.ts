// A second build of the system with status.changed 2.0, made by the recipe of schemas/README.md in
// a copy of the repository: new_status is renamed to status, changed_at is a number, and a reason
// is required.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../system/free-ports.ts';
import { eventually } from '../system/support.ts';
import { copyOfTheCode } from './copy-of-the-code.ts';

export interface Build {
  /** Runs a file of the copy to its end, with node's and its own arguments. */
  readonly run: (...args: string[]) => Promise<{ code: number; output: string }>;
  /** Starts a service of the copy; resolves to its URL when it is ready. */
  readonly start: (service: string) => Promise<string>;
  readonly stop: () => Promise<void>;
  readonly remove: () => Promise<void>;
  readonly folder: string;
}

const upcast = `import type { JsonObject, Upcast, Upcasters } from '../contract.ts';
import { numberToText, rename, within } from '../upcasting.ts';

const toCurrent = (payload: JsonObject): JsonObject => within(payload, 'changed_by', numberToText('id'));

/** 2.0 renamed \`new_status\`, made \`changed_at\` milliseconds and asks for a \`reason\`. */
const toTwo = (payload: JsonObject): JsonObject => {
  const { changed_at: at } = payload;
  return { reason: '', ...rename('new_status', 'status')(payload), ...(typeof at === 'string' ? { changed_at: Date.parse(at) } : {}) };
};

export const upcasters: Upcasters = {
  '1.0': (payload) => payload,
  '1.1': toCurrent,
  '1.2': (payload) => toTwo(toCurrent(payload)),
  '2.0': (payload) => payload,
};

/** The record keeps the field that consumers of the old build read. */
export const toRecord: Upcast = (payload) => ({
  ...payload,
  new_status: payload['status'] ?? '',
  changed_at: new Date(Number(payload['changed_at'])).toISOString(),
});
`;

const projection = `import { defineProjection } from '../runtime/projection/projector.ts';

export const projection = defineProjection({ name: 'status-reasons', database: 'status_reasons', facts: [], timeline: false });
`;

const main = `import { runProjectionService } from '../runtime/projection/service.ts';
import { projection } from './projection.ts';

await runProjectionService(projection, process.env);
`;

/** Events before 2.0 have no \`status\`: it is read with the old name as its fallback. */
const sql = `CREATE TABLE IF NOT EXISTS {database}.changes
(
    ticket_id String,
    event_id String,
    version String,
    status String,
    reason String,
    changed_at DateTime64(3, 'UTC'),
    first_wins UInt64
)
ENGINE = ReplacingMergeTree(first_wins)
ORDER BY (ticket_id, event_id);

CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.changes_from_landing TO {database}.changes AS
SELECT ticket_id, event_id, version, ifNull(status, new_status) AS status, reason, changed_at, 18446744073709551615 - kafka_offset AS first_wins
FROM {database}.landing_status_changed;
`;

interface JsonSchema {
  title: string;
  $id: string;
  properties: Record<string, unknown>;
  required: string[];
  examples: Record<string, unknown>[];
}

/** Steps 1 to 3 of the recipe: the sender's schema, the upcaster, the record. */
async function writeContract(folder: string): Promise<void> {
  const schema = JSON.parse(await readFile(join(folder, '1.2.json'), 'utf8')) as JsonSchema;
  const { new_status: status, ...properties } = schema.properties;
  const example = { ...schema.examples[0], status: 'resolved', changed_at: Date.UTC(2026, 2, 2, 10), reason: 'answered' };
  await writeFile(join(folder, '2.0.json'), JSON.stringify({
    ...schema,
    $id: schema.$id.replace('1.2', '2.0'),
    title: schema.title.replace('1.2', '2.0'),
    properties: { ...properties, status, changed_at: { type: 'integer', description: 'When it was changed. Milliseconds since 1970, UTC.' }, reason: { type: 'string', description: 'Why.' } },
    required: ['ticket_id', 'status', 'changed_by', 'changed_at', 'reason'],
    examples: [Object.fromEntries(Object.entries(example).filter(([name]) => name !== 'new_status'))],
  }, null, 2));
  await writeFile(join(folder, 'upcast.ts'), upcast);
  const record = JSON.parse(await readFile(join(folder, 'record.avsc'), 'utf8')) as { fields: object[] };
  record.fields.push(
    { name: 'status', type: ['null', 'string'], default: null, doc: 'Status after (since contract 2.0; before: new_status, which is still filled).' },
    { name: 'reason', type: 'string', default: '', doc: 'Why (since contract 2.0); empty before.' },
  );
  await writeFile(join(folder, 'record.avsc'), JSON.stringify(record, null, 2));
}

/** A consumer of the new build, which reads the new fields. */
async function writeConsumer(folder: string): Promise<void> {
  await mkdir(folder);
  await writeFile(join(folder, 'projection.ts'), projection);
  await writeFile(join(folder, 'main.ts'), main);
  await writeFile(join(folder, '01-changes.sql'), sql);
}

export async function nextBuild(): Promise<Build> {
  const { folder, remove } = await copyOfTheCode();
  await writeContract(join(folder, 'schemas', 'status-changed'));
  await writeConsumer(join(folder, 'services', 'status-reasons'));
  // Its own lock, as on another machine; it begins with what is deployed.
  const lock = join(folder, 'schemas.lock.json');
  await cp(process.env['SCHEMAS_LOCK'] ?? '', lock);
  const env = { ...process.env, SCHEMAS_LOCK: lock, NO_COLOR: '1' };
  const running: ChildProcess[] = [];
  return {
    folder,
    run: async (...args) => {
      const launcher = args[0]?.endsWith('.ts') === true ? ['infra/start/run.mjs'] : [];
      const run = promisify(execFile)(process.execPath, [...launcher, ...args], { cwd: folder, env });
      const ended = await run.then((output) => ({ ...output, code: 0 }), (error: unknown) => error as { stdout: string; stderr: string; code: number });
      return { code: ended.code, output: ended.stdout + ended.stderr };
    },
    start: async (service) => {
      const port = String(await freePort());
      const child = spawn(process.execPath, ['infra/start/run.mjs', join('services', service, 'main.ts')], { cwd: folder, env: { ...env, INGRESS_PORT: port, HEALTH_PORT: port }, stdio: ['ignore', 'ignore', 'inherit'] });
      running.push(child);
      const url = `http://127.0.0.1:${port}`;
      return eventually(async () => ((await fetch(`${url}/health/ready`)).ok ? url : null), `${service} of the next build`);
    },
    stop: async () => {
      for (const child of running.splice(0)) {
        const ended = once(child, 'exit');
        if (child.exitCode === null && child.kill()) await ended;
      }
    },
    remove,
  };
}
