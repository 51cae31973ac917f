// The way of one query through this process: who asks, what for, with which data, in which
// session, and where its rows go. Each step is a file of its own; this one is the order.
import { closeSync, constants, createReadStream, openSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { bytesOf, takeBody, textOf } from './body.ts';
import type { Work } from './body.ts';
import { answerEncoding, byEngine } from './compression.ts';
import { ClickHouseError, failure, fromEngine } from './errors.ts';
import type { Engine, Lease } from './engine.ts';
import { NO_FORM, boundaryOf, describingParameters, loadExternalTables, readForm } from './form.ts';
import type { Form } from './form.ts';
import { authenticate, readRequest } from './request.ts';
import type { Credentials, QueryRequest } from './request.ts';
import { Answer } from './respond.ts';
import type { Summary } from './respond.ts';
import { quote } from './sql.ts';
import type { Statement } from './sql.ts';

export interface QueryRecord { readonly query_id: string; readonly kind: string; readonly duration_ms: number; readonly rows: number; readonly code: number }

type Select = Extract<Statement, { kind: 'select' }>;
type Command = Extract<Statement, { kind: 'command' }>;

interface Exchange { readonly engine: Engine; readonly request: QueryRequest; readonly answer: Answer; readonly work: Work; readonly form: Form }

const ROW_VERBS = new Set(['SHOW', 'DESC', 'DESCRIBE', 'EXISTS', 'EXPLAIN', 'CHECK', 'KILL', 'BACKUP', 'RESTORE']);

export async function handleQuery(engine: Engine, expected: Credentials, message: IncomingMessage, response: ServerResponse): Promise<QueryRecord> {
  const begun = performance.now();
  let answer = new Answer(response, { queryId: '', bufferBytes: 0 });
  let kind = 'unread';
  let queryId = '';
  const record = (rows: number, code: number): QueryRecord => ({ query_id: queryId, kind, duration_ms: Math.round(performance.now() - begun), rows, code });
  try {
    authenticate(message, expected);
    const boundary = boundaryOf(message);
    const form = boundary === undefined ? NO_FORM : await readForm(message, boundary);
    const request = readRequest(message, form.fields, describingParameters(form));
    queryId = request.queryId;
    answer = new Answer(response, request);
    const work = await takeBody(request, message, engine);
    kind = work.statement.kind === 'command' ? work.statement.verb.toLowerCase() : work.statement.kind;
    const summary = await run({ engine, request, answer, work, form });
    answer.finish();
    return record(summary.writtenRows ?? summary.resultRows ?? 0, 0);
  } catch (error) {
    if (answer.left) return record(0, 0);
    const known = error instanceof ClickHouseError ? error : fromEngine(error, engine.version);
    const versioned = known.message.includes('(version ') ? known : new ClickHouseError(known.code, `${known.message} (version ${engine.version} (chDB))`);
    answer.fail(versioned);
    message.resume();
    return record(0, known.code);
  }
}

async function run(exchange: Exchange): Promise<Summary> {
  const { engine, request, work, form } = exchange;
  const files = work.data === undefined ? [] : [work.data.file];
  try {
    return await engine.withSession(request.profile, request.pin, async (lease) => {
      files.push(...(await loadExternalTables(engine, lease.session, form, request.parameters)));
      const summary = await execute(exchange, lease);
      exchange.answer.summarize(summary);
      return summary;
    });
  } finally {
    await Promise.all(files.map((file) => rm(file, { force: true })));
  }
}

async function execute(exchange: Exchange, lease: Lease): Promise<Summary> {
  const { statement, data } = exchange.work;
  switch (statement.kind) {
    case 'select':
      return await select(exchange, statement, lease);
    case 'command':
      return await command(exchange, statement, lease);
    case 'insert-select':
      return await write(lease, statement.sql);
    case 'insert':
      return await write(lease, `${statement.target}\nFROM INFILE ${quote(bytesOf(data?.file ?? ''))} COMPRESSION ${quote(data?.compression ?? 'none')} ${statement.settings}\nFORMAT ${statement.format}`);
    case 'insert-input': {
      const source = `file(${[bytesOf(data?.file ?? ''), statement.format].map(quote).join(', ')}, ${statement.structure}, ${quote(data?.compression ?? 'none')})`;
      return await write(lease, statement.before + source + statement.after);
    }
  }
}

async function write(lease: Lease, sql: string): Promise<Summary> {
  const { rowsWritten, bytesWritten, elapsed } = await lease.session.write(textOf(sql));
  return { readRows: rowsWritten, readBytes: bytesWritten, writtenRows: rowsWritten, writtenBytes: bytesWritten, resultRows: rowsWritten, resultBytes: bytesWritten, elapsed };
}

async function command({ request, answer }: Exchange, statement: Command, lease: Lease): Promise<Summary> {
  const changesSession = ['SET', 'USE'].includes(statement.verb) || /^\w+\s+TEMPORARY\b/i.test(statement.sql.trim());
  if (changesSession) lease.session.spent = true;
  const { bytes, rowsRead, bytesRead, elapsed } = await lease.session.query(textOf(statement.sql), request.defaultFormat);
  if (ROW_VERBS.has(statement.verb)) describe(answer, request, statement.format);
  await answer.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return { readRows: rowsRead, readBytes: bytesRead, resultRows: rowsRead, resultBytes: bytesRead, elapsed };
}

function describe(answer: Answer, request: QueryRequest, format: string | undefined): void {
  answer.describe(format ?? request.defaultFormat);
  const encoding = answerEncoding(request.acceptEncoding);
  if (encoding !== undefined && !byEngine(encoding)) answer.compress(encoding);
}

async function select(exchange: Exchange, statement: Select, lease: Lease): Promise<Summary> {
  const { request, answer } = exchange;
  const encoding = answerEncoding(request.acceptEncoding);
  describe(answer, request, statement.format);
  if (statement.format === undefined && !/^\w+$/.test(request.defaultFormat)) throw failure(73, 'UNKNOWN_FORMAT', `Unknown format ${request.defaultFormat}.`);
  const tail = statement.format === undefined ? `\nFORMAT ${request.defaultFormat}` : statement.after;
  const into = (path: string, how: string): string => textOf(`${statement.before}\nINTO OUTFILE ${quote(bytesOf(path))} ${how}\n${tail}`);
  if (byEngine(encoding) || request.waitEndOfQuery) {
    if (byEngine(encoding)) answer.compressedByEngine(encoding);
    const file = exchange.engine.transitFile();
    return await selectIntoFile(exchange, lease, file, into(file, `COMPRESSION '${byEngine(encoding) ? encoding : 'none'}'`));
  }
  return await selectIntoPipe(exchange, lease, into(lease.pipe, 'APPEND'));
}

async function selectIntoFile({ engine, answer }: Exchange, lease: Lease, file: string, sql: string): Promise<Summary> {
  try {
    const query = lease.session.query(sql);
    cancelWhenLeft(engine, answer, file, query);
    const { rowsRead, bytesRead, elapsed } = await query;
    const summary = { readRows: rowsRead, readBytes: bytesRead, resultRows: rowsRead, resultBytes: bytesRead, elapsed };
    answer.summarize(summary);
    if ((await stat(file)).size > 0) for await (const chunk of createReadStream(file, { highWaterMark: 262_144 })) await answer.write(chunk as Buffer);
    return summary;
  } finally {
    await rm(file, { force: true });
  }
}

/**
 * A reading end stays open until the engine is done, whatever the client does, and even after
 * the end of the rows: an engine that opens a pipe which nobody reads waits for ever and takes
 * its thread along, and it opens the pipe twice when it fails on an unknown format.
 */
async function selectIntoPipe({ engine, answer }: Exchange, lease: Lease, sql: string): Promise<Summary> {
  const openEnd = (): number => openSync(lease.pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const held = openEnd();
  const rows = new Socket({ fd: openEnd(), readable: true, writable: false });
  const query = lease.session.query(sql).finally(() => closeSync(held));
  cancelWhenLeft(engine, answer, lease.pipe, query);
  // A failed query may never have opened the pipe, and then no end of it comes.
  query.catch(() => {
    if (rows.bytesRead === 0 || !answer.begun) rows.destroy();
  });
  try {
    for await (const chunk of rows) await answer.write(chunk as Buffer);
  } catch (error) {
    await query;
    throw error;
  }
  const { rowsRead, bytesRead, elapsed } = await query;
  return { readRows: rowsRead, readBytes: bytesRead, resultRows: rowsRead, resultBytes: bytesRead, elapsed };
}

/** A query that is not yet known to the engine can't be killed, so this asks until it has ended. */
function cancelWhenLeft(engine: Engine, answer: Answer, path: string, query: Promise<unknown>): void {
  let ended = false;
  const end = (): void => {
    ended = true;
  };
  query.then(end, end);
  const cancel = async (): Promise<void> => {
    while (!ended) {
      await engine.cancel(path);
      await delay(100);
    }
  };
  answer.onLeft(() => void cancel());
}
