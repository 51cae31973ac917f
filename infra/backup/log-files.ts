// Records of a partition in a file: a JSON text a line, compressed.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { LogRecord } from '../../services/runtime/event-log.ts';
import type { KafkaConnection } from '../../services/runtime/kafka/admin.ts';
import type { OffsetRange } from '../../services/runtime/kafka/topic-offsets.ts';
import { readRanges } from '../../services/runtime/kafka/ranges.ts';
import type { Rewritten } from '../../services/runtime/kafka/rewrite.ts';
import { describeFile, type Segment } from './manifest.ts';

interface Line {
  readonly offset: number;
  readonly at: number;
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** base64. */
  readonly value: string | null;
}

/** A reader of lines takes U+2028 and U+2029 for the end of one, and in JSON they may stand as they are: they are escaped. */
const lineOf = ({ offset, timestampMs, key, headers, value }: LogRecord): string =>
  `${JSON.stringify({ offset, at: timestampMs, key, headers, value: value?.toString('base64') ?? null } satisfies Line).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')}\n`;

function recordOf(text: string): Rewritten {
  const { offset, at, key, headers, value } = JSON.parse(text) as Line;
  return { offset, timestampMs: at, key, headers, value: value === null ? null : Buffer.from(value, 'base64') };
}

/** Whole or not at all: under its name it is there when all of it is written. */
export async function writeSegment(connection: KafkaConnection, folder: string, { topic, range, onRecords }: { topic: string; range: OffsetRange; onRecords: (count: number) => void }): Promise<Segment> {
  const path = join('log', topic, String(range.partition), `${range.from}-${range.to}.jsonl.gz`);
  const target = join(folder, path);
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  const gzip = createGzip({ level: 3 });
  const file = createWriteStream(`${target}.part`, { mode: 0o600 });
  gzip.pipe(file);
  await readRanges(connection, topic, [range], async (records) => {
    if (!gzip.write(records.map(lineOf).join(''))) await once(gzip, 'drain');
    onRecords(records.length);
  });
  gzip.end();
  await finished(file);
  await rename(`${target}.part`, target);
  return { topic, ...range, ...(await describeFile(folder, path)) };
}

const READ_AT_ONCE = 1_000;

/** In order, some at a time. */
export async function* readSegment(folder: string, { path }: Segment): AsyncGenerator<Rewritten[]> {
  const lines = createInterface({ input: createReadStream(join(folder, path)).pipe(createGunzip()), crlfDelay: Infinity });
  let records: Rewritten[] = [];
  for await (const line of lines) {
    records.push(recordOf(line));
    if (records.length < READ_AT_ONCE) continue;
    yield records;
    records = [];
  }
  if (records.length > 0) yield records;
}
