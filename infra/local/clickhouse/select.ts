// A query's rows on their way out: the engine writes them into a named pipe, or into a file if
// it must pack them itself or the client waits for the end, and from there they go to the client
// at its own pace. So an answer of any size takes little memory.
import { closeSync, constants, createReadStream, openSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Work } from './body.ts';
import { answerEncoding, byEngine } from './compression.ts';
import type { Engine, Lease } from './engine.ts';
import { failure } from './errors.ts';
import type { Form } from './form.ts';
import { progressFirst } from './progress.ts';
import type { QueryRequest } from './request.ts';
import type { Answer, Summary } from './respond.ts';
import type { Statement } from './sql.ts';
import { bytesOf, engineText, quote } from './text.ts';

export interface Exchange { readonly engine: Engine; readonly request: QueryRequest; readonly answer: Answer; readonly work: Work; readonly form: Form }

type Select = Extract<Statement, { kind: 'select' }>;

export async function select(exchange: Exchange, statement: Select, lease: Lease): Promise<Summary> {
  const { request, answer } = exchange;
  const encoding = answerEncoding(request.acceptEncoding);
  const format = statement.format ?? request.defaultFormat;
  answer.describe(format);
  if (!/^\w+$/.test(format)) throw failure(73, 'UNKNOWN_FORMAT', `Unknown format ${format}.`);
  const tail = statement.format === undefined ? `\nFORMAT ${format}` : statement.after;
  const into = (path: string, how: string): string => engineText(`${statement.before}\nINTO OUTFILE ${quote(bytesOf(path))} ${how}\n${tail}`);
  // Blocks are packed here, so that the engine could pack only what is packed already.
  const packedByEngine = byEngine(encoding) && !request.answerInBlocks;
  if (packedByEngine || request.waitEndOfQuery) {
    if (packedByEngine) answer.compressedByEngine(encoding);
    const file = exchange.engine.transitFile();
    return await selectIntoFile(exchange, lease, file, into(file, `COMPRESSION '${packedByEngine ? encoding : 'none'}'`));
  }
  const withProgress = /^JSONEachRowWithProgress$/i.test(format);
  if (withProgress) answer.beginAtOnce();
  return await selectIntoPipe(exchange, lease, into(lease.pipe, 'APPEND'), withProgress);
}

async function selectIntoFile({ engine, answer }: Exchange, lease: Lease, file: string, sql: string): Promise<Summary> {
  try {
    const query = lease.session.query(sql);
    cancelWhenLeft(engine, answer, file, query);
    const { rowsRead, bytesRead, elapsed } = await query;
    const summary = { readRows: rowsRead, readBytes: bytesRead, resultRows: rowsRead, resultBytes: bytesRead, elapsed };
    answer.summarize(summary);
    const { size } = await stat(file);
    // No buffer larger than the answer: V8 counts them, and a quarter of a megabyte for each small answer made it collect all garbage every 20 of them.
    if (size > 0) for await (const chunk of createReadStream(file, { highWaterMark: Math.min(size, 262_144) })) await answer.write(chunk as Buffer);
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
async function selectIntoPipe({ engine, answer }: Exchange, lease: Lease, sql: string, withProgress: boolean): Promise<Summary> {
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
    const chunks = rows as AsyncIterable<Buffer>;
    for await (const chunk of withProgress ? progressFirst(chunks, () => engine.progressOf(lease.pipe)) : chunks) await answer.write(chunk);
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
