// Where a request's body goes: the text of a query stays in memory, the data of an INSERT
// becomes a file of the transit folder before the engine sees any of it. So a client that
// leaves halfway has inserted nothing, and a large body costs no memory.
import { createReadStream, writeFileSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { byNode, decompressed, engineCompression } from './compression.ts';
import type { Engine } from './engine.ts';
import { failure } from './errors.ts';
import type { QueryRequest } from './request.ts';
import { analyze, isInsert } from './sql.ts';
import type { Statement } from './sql.ts';

export interface Work {
  readonly statement: Statement;
  /** The data of an INSERT; whoever runs the work removes the file. */
  readonly data: { readonly file: string; readonly compression: string } | undefined;
}

/** A statement's text before its data must end within this many bytes of the body, as max_query_size on a server. */
const HEAD_BYTES = 262_144;
const MAX_TEXT_BYTES = 64 * 1_048_576;
/** Below this, one synchronous write is cheaper than four trips to the thread pool. */
const SMALL_BYTES = 131_072;
const WRITE_BYTES = 1_048_576;

/** Query texts are handled as byte strings, so that text and binary data can stand in one. */
export function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

export function textOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString();
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

async function collect(body: AsyncIterator<Buffer>, parts: Buffer[], upTo: number): Promise<boolean> {
  let size = parts.reduce((sum, part) => sum + part.length, 0);
  while (size < upTo) {
    const next = await body.next();
    if (next.done === true) return true;
    parts.push(next.value);
    size += next.value.length;
  }
  return false;
}

function takesData(text: string): (Statement & { readonly dataAt: number }) | undefined {
  if (!isInsert(text)) return undefined;
  const statement = analyze(text);
  return 'dataAt' in statement ? statement : undefined;
}

function refuseWrites(request: QueryRequest, statement: Statement): void {
  const reads = statement.kind === 'select' || (statement.kind === 'command' && READING_VERBS.has(statement.verb));
  if (request.readonly === 'no' || reads) return;
  const hint = request.readonly === 'method' ? ' For queries over HTTP, method GET implies readonly. You should use method POST for modifying queries.' : '';
  throw failure(164, 'READONLY', `default: Cannot execute query in readonly mode.${hint}`);
}

const READING_VERBS = new Set(['SHOW', 'DESC', 'DESCRIBE', 'EXISTS', 'EXPLAIN', 'CHECK', 'SET', 'USE']);

/** Reads the body as what the query makes of it. */
export async function takeBody(request: QueryRequest, message: IncomingMessage, engine: Engine): Promise<Work> {
  const inUrl = bytesOf(request.query ?? '');
  const statement = takesData(inUrl);
  if (statement === undefined || inUrl.slice(statement.dataAt).trim() !== '') {
    return await withPlainBody(request, message, engine, (body) => takePlainBody(request, body, inUrl, engine));
  }
  refuseWrites(request, statement);
  const data = { file: engine.transitFile(), compression: engineCompression(request.contentEncoding) };
  await storeOrRemove(data.file, Buffer.alloc(0), iterate(message));
  return { statement, data };
}

async function withPlainBody(request: QueryRequest, message: IncomingMessage, engine: Engine, take: (body: Readable) => Promise<Work>): Promise<Work> {
  if (byNode(request.contentEncoding)) return await take(decompressed(message, request.contentEncoding));
  const files = [engine.transitFile()];
  try {
    await store(files[0] ?? '', Buffer.alloc(0), iterate(message));
    files.push(await engine.unpack(files[0] ?? '', engineCompression(request.contentEncoding)));
    return await take(createReadStream(files[1] ?? '', { highWaterMark: WRITE_BYTES }));
  } finally {
    await Promise.all(files.map((file) => rm(file, { force: true })));
  }
}

/** The body holds the query, or the rest of it after `inUrl` and a line break, or the query and its data. */
async function takePlainBody(request: QueryRequest, stream: Readable, inUrl: string, engine: Engine): Promise<Work> {
  const parts: Buffer[] = request.query === undefined ? [] : [Buffer.from(inUrl, 'latin1')];
  const body = iterate(stream);
  const first = await body.next();
  if (first.done !== true) parts.push(...(parts.length > 0 ? [Buffer.from('\n')] : []), first.value);
  const complete = first.done === true || (await collect(body, parts, HEAD_BYTES));
  const head = Buffer.concat(parts).toString('latin1');
  const insert = takesData(head);
  if (insert !== undefined) {
    refuseWrites(request, insert);
    const data = { file: engine.transitFile(), compression: 'none' };
    await storeOrRemove(data.file, Buffer.from(head.slice(insert.dataAt), 'latin1'), body);
    return { statement: insert, data };
  }
  if (!complete && !(await collect(body, parts, MAX_TEXT_BYTES))) throw failure(229, 'QUERY_IS_TOO_LARGE', `The query text is larger than ${MAX_TEXT_BYTES} bytes.`);
  const statement = analyze(complete ? head : Buffer.concat(parts).toString('latin1'));
  refuseWrites(request, statement);
  return { statement, data: undefined };
}

function iterate(stream: AsyncIterable<unknown>): AsyncIterator<Buffer> {
  return (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
}
