// What services remember that no event says: which alerts were told of (a compacted topic), and what rules on messages did (a table).
// Small beside the log, so each backup has it whole. It is read after the offsets of the groups, so it knows of everything before them.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { alertsTopic } from '../../services/runtime/event-log.ts';
import type { StreamingClickHouse } from '../../services/runtime/clickhouse.ts';
import type { KafkaConnection } from '../../services/runtime/kafka/admin.ts';
import { topicOffsets } from '../../services/runtime/kafka/topic-offsets.ts';
import { connectProducer } from '../../services/runtime/kafka/producer.ts';
import { readRanges } from '../../services/runtime/kafka/ranges.ts';
import { describeFile, type BackupFile, type Manifest } from './manifest.ts';

const ALERTS = 'alerts.jsonl.gz';
const RULE_ACTIONS = 'rule-actions.jsonl.gz';
const RULE_ACTION_STORE = 'log.rule_action_store';
/** Of a folder for each time, so that a backup that is broken off leaves those of the one before. */
const FOLDER = 'memories-';
const ROWS_AT_ONCE = 10_000;

interface AlertRecord {
  readonly key: string;
  readonly value: string | null;
}

/** The last record of each key, deleted ones too; null without such a topic. */
async function alertsIn(connection: KafkaConnection, topic: string): Promise<Map<string, string | null> | null> {
  const offsets = await topicOffsets(connection, topic).catch(() => []);
  if (offsets.length === 0) return null;
  const last = new Map<string, string | null>();
  await readRanges(connection, topic, offsets.map(({ partition, low, high }) => ({ partition, from: low, to: high })), (records) => {
    for (const { key, value } of records) last.set(key ?? '', value?.toString() ?? null);
  });
  return last;
}

async function write(folder: string, path: string, content: Readable): Promise<BackupFile> {
  const target = join(folder, path);
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  await pipeline(content, createGzip({ level: 3 }), createWriteStream(target, { mode: 0o600 }));
  return describeFile(folder, path);
}

export async function writeMemories({ connection, clickhouse, environment }: { connection: KafkaConnection; clickhouse: StreamingClickHouse; environment: string }, folder: string): Promise<BackupFile[]> {
  const place = `${FOLDER}${Date.now()}`;
  const files: BackupFile[] = [];
  const alerts = await alertsIn(connection, alertsTopic(environment));
  if (alerts !== null) files.push(await write(folder, `${place}/${ALERTS}`, Readable.from([...alerts].map(([key, value]) => `${JSON.stringify({ key, value } satisfies AlertRecord)}\n`))));
  const [there] = await clickhouse.query<{ result: number }>(`EXISTS TABLE ${RULE_ACTION_STORE}`);
  if (there?.result === 1) files.push(await write(folder, `${place}/${RULE_ACTIONS}`, await clickhouse.bytes(`SELECT * FROM ${RULE_ACTION_STORE} FINAL FORMAT JSONEachRow`)));
  return files;
}

/** Those that no manifest names any more. */
export async function removeOldMemories(folder: string, { files }: Manifest): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith(FOLDER) && !files.some(({ path }) => path.startsWith(`${name}/`))) await rm(join(folder, name), { recursive: true });
  }
}

async function* linesOf(folder: string, { files }: Manifest, name: string): AsyncGenerator<string> {
  const file = files.find(({ path }) => path.endsWith(`/${name}`));
  if (file === undefined) return;
  yield* createInterface({ input: createReadStream(join(folder, file.path)).pipe(createGunzip()), crlfDelay: Infinity });
}

/** What the topic has of a key is newer, so only the others are written. @returns how many. */
export async function restoreAlerts(connection: KafkaConnection, folder: string, manifest: Manifest): Promise<number> {
  const topic = alertsTopic(manifest.environment);
  const there = await alertsIn(connection, topic);
  if (there === null) return 0;
  const producer = await connectProducer(connection, [topic]);
  let written = 0;
  try {
    for await (const line of linesOf(folder, manifest, ALERTS)) {
      const { key, value } = JSON.parse(line) as AlertRecord;
      if (value === null || there.has(key)) continue;
      await producer.append(topic, { key, value: Buffer.from(value), headers: {} });
      written += 1;
    }
  } finally {
    await producer.close();
  }
  return written;
}

/** The newest state of each effect counts, wherever it came from. @returns how many rows. */
export async function restoreRuleActions(clickhouse: StreamingClickHouse, folder: string, manifest: Manifest): Promise<number> {
  let rows: string[] = [];
  let written = 0;
  const insert = async (): Promise<void> => {
    if (rows.length > 0) await clickhouse.insertEncoded(RULE_ACTION_STORE, 'JSONEachRow', Buffer.from(rows.join('\n')));
    written += rows.length;
    rows = [];
  };
  for await (const line of linesOf(folder, manifest, RULE_ACTIONS)) if (rows.push(line) === ROWS_AT_ONCE) await insert();
  await insert();
  return written;
}
