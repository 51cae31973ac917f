// Where a request's body goes: the text of a query stays in memory, the data of an INSERT
// becomes a file of the transit folder before the engine sees any of it. So a client that
// leaves halfway has inserted nothing, and a large body costs no memory.
import { createReadStream, writeFileSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { byNode, decompressed, engineCompression, fromBlocks } from './compression.ts';
import { ValuesWatch } from './confinement/values.ts';
import type { Engine } from './engine.ts';
import { failure } from './errors.ts';
import type { QueryRequest } from './request.ts';
import { analyze, isInsert } from './sql.ts';
import type { Statement } from './sql.ts';
import { textOf } from './text.ts';

export interface Work {
  readonly statement: Statement;
  /** The statement as it was sent, for the log. */
  readonly text: string;
  readonly data: Data | undefined;
}

/** The data of an INSERT; whoever runs the work removes the file. */
export interface Data {
  readonly file: string;
  readonly compression: string;
  /** False if the data may hold expressions that reach files, so that the engine must take it as plain values. */
  readonly mayCalculate: boolean;
}

/** A statement's text before its data must end within this many bytes of the body, as max_query_size on a server. */
const HEAD_BYTES = 262_144;
const MAX_TEXT_BYTES = 64 * 1_048_576;
/** Below this, one synchronous write is cheaper than four trips to the thread pool. */
const SMALL_BYTES = 131_072;
const WRITE_BYTES = 1_048_576;

/** Stores the data of an INSERT, which `first` begins and `rest` goes on with. */
async function storeData(engine: Engine, statement: TakesData, compression: string, first: Buffer, rest: AsyncIterator<Buffer>): Promise<Data> {
  const file = engine.transitFile();
  const watch = new ValuesWatch();
  const watched = /^values$/i.test(statement.format);
  if (watched) watch.see(first);
  await storeOrRemove(file, first, watched ? watch.over(rest) : rest);
  return { file, compression, mayCalculate: watched && !watch.suspicious };
}

async function store(file: string, first: Buffer, rest: AsyncIterator<Buffer>): Promise<void> {
  let batch = first.length > 0 ? [first] : [];
  let size = first.length;
  let next = await rest.next();
  while (next.done !== true && size + next.value.length <= SMALL_BYTES) {
    batch.push(next.value);
    size += next.value.length;
    next = await rest.next();
  }
  if (next.done === true) {
    writeFileSync(file, batch.length === 1 ? batch[0] ?? '' : Buffer.concat(batch));
    return;
  }
  const handle = await open(file, 'w');
  try {
    for (; next.done !== true; next = await rest.next()) {
      batch.push(next.value);
      size += next.value.length;
      if (size < WRITE_BYTES) continue;
      await handle.writev(batch);
      batch = [];
      size = 0;
    }
    if (batch.length > 0) await handle.writev(batch);
  } finally {
    await handle.close();
  }
}

async function storeOrRemove(file: string, first: Buffer, rest: AsyncIterator<Buffer>): Promise<void> {
  try {
    await store(file, first, rest);
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

const bytesOf = (parts: readonly Buffer[]): number => parts.reduce((sum, part) => sum + part.length, 0);

async function collect(body: AsyncIterator<Buffer>, parts: Buffer[], upTo: number): Promise<boolean> {
  let size = bytesOf(parts);
  while (size < upTo) {
    const next = await body.next();
    if (next.done === true) return true;
    parts.push(next.value);
    size += next.value.length;
  }
  return false;
}

type TakesData = Extract<Statement, { dataAt: number }>;

function takesData(text: string): TakesData | undefined {
  if (!isInsert(text)) return undefined;
  const statement = analyze(text);
  return 'dataAt' in statement ? statement : undefined;
}

function refuseWrites(request: QueryRequest, statement: Statement): void {
  const reads = statement.kind === 'select' || (statement.kind === 'command' && READING_VERBS.has(statement.verb));
  if (request.readonly === 'no' || reads) return;
  const hint = request.readonly === 'method' ? ' For queries over HTTP, method GET implies readonly. You should use method POST for modifying queries.' : '';
  throw failure(164, 'READONLY', `${request.profile.account.name}: Cannot execute query in readonly mode.${hint}`);
}

export const READING_VERBS: ReadonlySet<string> = new Set(['SHOW', 'DESC', 'DESCRIBE', 'EXISTS', 'EXPLAIN', 'CHECK', 'SET', 'USE']);

/** Reads the body as what the query makes of it. */
export async function takeBody(request: QueryRequest, message: IncomingMessage, engine: Engine): Promise<Work> {
  const inUrl = request.query ?? '';
  const statement = takesData(inUrl);
  const packed = request.bodyInBlocks || request.contentEncoding !== '';
  const isValues = statement !== undefined && /^values$/i.test(statement.format);
  if (statement === undefined || inUrl.slice(statement.dataAt).trim() !== '' || (packed && (isValues || request.bodyInBlocks))) {
    return await withPlainBody(request, message, engine, (body) => takePlainBody(request, body, inUrl, engine));
  }
  refuseWrites(request, statement);
  const data = await storeData(engine, statement, engineCompression(request.contentEncoding), Buffer.alloc(0), iterate(message));
  return { statement, text: `${textOf(inUrl)}\n`, data };
}

async function withPlainBody(request: QueryRequest, message: IncomingMessage, engine: Engine, take: (body: Readable) => Promise<Work>): Promise<Work> {
  const isAnalyst = request.profile.account.kind === 'analyst';
  const unpacked = (body: Readable): Readable => (request.bodyInBlocks ? fromBlocks(body, isAnalyst ? HEAD_BYTES : undefined) : body);
  if (isAnalyst && !byNode(request.contentEncoding)) throw failure(36, 'BAD_ARGUMENTS', `A query packed with ${request.contentEncoding} is not taken of this user.`);
  if (byNode(request.contentEncoding)) return await take(unpacked(decompressed(message, request.contentEncoding)));
  const files = [engine.transitFile()];
  try {
    await store(files[0] ?? '', Buffer.alloc(0), iterate(message));
    files.push(await engine.unpack(files[0] ?? '', engineCompression(request.contentEncoding)));
    return await take(unpacked(createReadStream(files[1] ?? '', { highWaterMark: WRITE_BYTES })));
  } finally {
    await Promise.all(files.map((file) => rm(file, { force: true })));
  }
}

/** The body holds the query, or the rest of it after `inUrl` and a line break, or the query and its data. */
async function takePlainBody(request: QueryRequest, stream: Readable, inUrl: string, engine: Engine): Promise<Work> {
  const parts: Buffer[] = request.query === undefined ? [] : [Buffer.from(inUrl, 'latin1')];
  const body = iterate(stream);
  const first = await body.next();
  const isAnalyst = request.profile.account.kind === 'analyst';
  if (first.done !== true) parts.push(...(parts.length > 0 ? [Buffer.from('\n')] : []), first.value);
  const complete = first.done === true || (await collect(body, parts, HEAD_BYTES));
  // Read word by word here, beside everybody's queries, before the engine could refuse it for its length.
  if (isAnalyst && (!complete || bytesOf(parts) > HEAD_BYTES)) throw failure(62, 'SYNTAX_ERROR', `Syntax error: Max query size exceeded (${HEAD_BYTES} bytes).`);
  const head = Buffer.concat(parts).toString('latin1');
  const insert = takesData(head);
  if (insert !== undefined) {
    refuseWrites(request, insert);
    const data = await storeData(engine, insert, 'none', Buffer.from(head.slice(insert.dataAt), 'latin1'), body);
    return { statement: insert, text: textOf(head.slice(0, insert.dataAt)), data };
  }
  if (!complete && !(await collect(body, parts, MAX_TEXT_BYTES))) throw failure(229, 'QUERY_IS_TOO_LARGE', `The query text is larger than ${MAX_TEXT_BYTES} bytes.`);
  const text = complete ? head : Buffer.concat(parts).toString('latin1');
  const statement = analyze(text);
  refuseWrites(request, statement);
  return { statement, text: textOf(text), data: undefined };
}

function iterate(stream: AsyncIterable<unknown>): AsyncIterator<Buffer> {
  return (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
}
