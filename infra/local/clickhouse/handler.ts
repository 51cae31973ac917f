// The way of one query through this process: who asks, what for, with which data, in which
// session, and where its rows go. Each step is a file of its own; this one is the order.
import { rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Analyst } from '../../access/users.ts';
import type { Account, Accounts } from './accounts.ts';
import { READING_VERBS, takeBody } from './body.ts';
import type { Data } from './body.ts';
import { answerEncoding, byEngine } from './compression.ts';
import { ClickHouseError, failure, fromEngine } from './errors.ts';
import type { Engine, Lease } from './engine.ts';
import { NO_FORM, boundaryOf, describingParameters, loadExternalTables, readForm } from './form.ts';
import type { QueryLog } from './query-log.ts';
import { EXPRESSIONS_IN_VALUES, authenticate, readRequest } from './request.ts';
import type { QueryRequest } from './request.ts';
import { Answer } from './respond.ts';
import type { Summary } from './respond.ts';
import { select } from './select.ts';
import type { Exchange } from './select.ts';
import { wordingOf } from './sql.ts';
import type { Statement } from './sql.ts';
import { bytesOf, engineText, quote } from './text.ts';

export interface QueryRecord { readonly query_id: string; readonly user: string; readonly kind: string; readonly duration_ms: number; readonly rows: number; readonly code: number }

type Command = Extract<Statement, { kind: 'command' }>;
type Insert = Extract<Statement, { kind: 'insert' }>;

/** What all requests share. */
export interface Endpoint {
  readonly engine: Engine;
  readonly accounts: Accounts;
  readonly queryLog: QueryLog;
  /** Told of the errors of whoever may see the engine's own words. */
  readonly onError: (error: ClickHouseError) => void;
  /** Of this request. */
  readonly onLogin: (account: Account) => void;
}

const ROW_VERBS = new Set(['SHOW', 'DESC', 'DESCRIBE', 'EXISTS', 'EXPLAIN', 'CHECK', 'KILL', 'BACKUP', 'RESTORE']);

export async function handleQuery({ engine, accounts, queryLog, onError, onLogin }: Endpoint, message: IncomingMessage, response: ServerResponse): Promise<QueryRecord> {
  const begun = performance.now();
  let answer = new Answer(response, { queryId: '', bufferBytes: 0, inBlocks: false, encoding: undefined });
  let exchange: Exchange | undefined;
  let queryId = '';
  let account: Account | undefined;
  const record = (rows: number, code: number): QueryRecord => {
    const kind = exchange === undefined ? 'unread' : kindOf(exchange.work.statement);
    return { query_id: queryId, user: account?.name ?? '', kind, duration_ms: Math.round(performance.now() - begun), rows, code };
  };
  try {
    const asking = account = authenticate(message, accounts);
    onLogin(asking);
    const boundary = boundaryOf(message);
    const form = boundary === undefined ? NO_FORM : await accounts.withTurn(asking, () => readForm(message, boundary, asking.kind !== 'analyst'));
    const request = readRequest(message, asking, { also: form.fields, ignored: describingParameters(form) });
    queryId = request.queryId;
    answer = answerTo(request, response);
    const taken = answer;
    const summary = await accounts.withTurn(asking, async () => {
      exchange = { engine, request, answer: taken, work: await takeBody(request, message, engine), form };
      const done = await run(exchange, queryLog);
      queryLog.finished(request, exchange.work, done);
      return done;
    });
    answer.finish();
    return record(summary.writtenRows ?? summary.resultRows ?? 0, 0);
  } catch (error) {
    const known = withVersion(error instanceof ClickHouseError ? error : fromEngine(error, engine.version), engine.version);
    if (account?.kind !== 'analyst') onError(known);
    if (exchange !== undefined) queryLog.failed(exchange.request, exchange.work, known, (performance.now() - begun) / 1000);
    if (answer.left) return record(0, 0);
    if (exchange !== undefined && showsErrorsAsRows(exchange)) answer.failAsRow(known);
    else answer.fail(known);
    letPass(message);
    return record(0, known.code);
  }
}

/** What is left of a body flows by, whoever had begun to read it, so that the connection's next request is heard. */
function letPass(message: IncomingMessage): void {
  message.unpipe().removeAllListeners('readable').resume();
}

function kindOf(statement: Statement): string {
  return statement.kind === 'command' ? statement.verb.toLowerCase() : statement.kind;
}

function withVersion(error: ClickHouseError, version: string): ClickHouseError {
  return error.message.includes('(version ') ? error : new ClickHouseError(error.code, `${error.message} (version ${version} (chDB))`);
}

function answerTo(request: QueryRequest, response: ServerResponse): Answer {
  const encoding = answerEncoding(request.acceptEncoding);
  const { account } = request.profile;
  const ofAnalyst = account.kind === 'analyst' ? { isDiscreet: true, patienceMs: account.limits.seconds * 1_000 } : {};
  return new Answer(response, { queryId: request.queryId, bufferBytes: request.bufferBytes, inBlocks: request.answerInBlocks, encoding: byEngine(encoding) ? undefined : encoding, ...ofAnalyst });
}

function showsErrorsAsRows({ request, work }: Exchange): boolean {
  const format = work.statement.kind === 'select' ? work.statement.format ?? request.defaultFormat : '';
  return request.exceptionsAsRows && /^JSON(?:Strings)?EachRow(?:WithProgress)?$/i.test(format);
}

async function run(exchange: Exchange, queryLog: QueryLog): Promise<Summary> {
  const { engine, request, work, form } = exchange;
  const files = work.data === undefined ? [] : [work.data.file];
  try {
    const wording = wordingOf(work.statement);
    if (/query_log|\bFLUSH\b/i.test(wording)) await queryLog.flush();
    const { account } = request.profile;
    if (account.kind === 'analyst') return await runAs(exchange, account);
    // The engine asks for no grant before it kills a query of its user, who is the same for all.
    if (account.kind === 'service' && work.statement.kind === 'command' && !READING_VERBS.has(work.statement.verb)) throw failure(497, 'ACCESS_DENIED', `${account.name}: Not enough privileges: ${work.statement.verb} is not for the user of a service.`);
    const { usesFiles } = await engine.admit(wording, request.profile);
    const mayChange = work.statement.kind === 'command' && !READING_VERBS.has(work.statement.verb);
    if (mayChange && /\bASYNC\b/i.test(wording)) engine.catalogWatch.changingUnseen();
    const inTurn = <T>(ask: () => Promise<T>): Promise<T> => (mayChange ? engine.catalogWatch.changing(ask) : ask());
    return await inTurn(() => engine.withSession(request.profile, request.pin, async (lease) => {
      files.push(...(await loadExternalTables(engine, lease.session, form, request.parameters)));
      const summary = await (usesFiles ? lease.session.withFiles(() => execute(exchange, lease)) : execute(exchange, lease));
      exchange.answer.summarize(summary);
      return summary;
    }));
  } finally {
    await Promise.all(files.map((file) => rm(file, { force: true })));
  }
}

/** An analyst's: no data of its own comes along, and what is told of it is about its own rows. */
async function runAs(exchange: Exchange, account: Analyst): Promise<Summary> {
  const { engine, request, work, form, answer } = exchange;
  const format = work.statement.kind === 'select' ? work.statement.format ?? request.defaultFormat : '';
  if (/progress/i.test(format)) throw failure(73, 'UNKNOWN_FORMAT', `The format ${format} tells how many rows are read of everybody; it is not for this user.`);
  if (form.files.length > 0) throw failure(164, 'READONLY', 'Cannot make temporary tables in readonly mode.');
  return await engine.withTenant({ ...request.profile, account }, work.statement, async (lease, statement) => {
    const summary = await execute({ ...exchange, work: { ...work, statement } }, lease);
    answer.summarize(summary);
    return summary;
  });
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
      return await write(lease, insertFromFile(statement, data, exchange.request));
    case 'insert-input': {
      const source = `file(${[bytesOf(data?.file ?? ''), statement.format].map(quote).join(', ')}, ${statement.structure}, ${quote(data?.compression ?? 'none')})`;
      return await lease.session.withFiles(() => write(lease, statement.before + source + statement.after));
    }
  }
}

function insertFromFile({ target, settings, format }: Insert, data: Data | undefined, { profile }: QueryRequest): string {
  const calculated = data?.mayCalculate === true ? [...EXPRESSIONS_IN_VALUES].filter((name) => !profile.settings.has(name)).map((name) => `${name} = 1`) : [];
  const clause = [settings.trim() || (calculated.length > 0 ? 'SETTINGS' : ''), calculated.join(', ')].filter((part) => part !== '').join(settings.trim() === '' ? ' ' : ', ');
  return `${target}\nFROM INFILE ${quote(bytesOf(data?.file ?? ''))} COMPRESSION ${quote(data?.compression ?? 'none')} ${clause}\nFORMAT ${format}`;
}

async function write(lease: Lease, sql: string): Promise<Summary> {
  const { rowsWritten, bytesWritten, elapsed } = await lease.session.write(engineText(sql));
  return { readRows: rowsWritten, readBytes: bytesWritten, writtenRows: rowsWritten, writtenBytes: bytesWritten, resultRows: rowsWritten, resultBytes: bytesWritten, elapsed };
}

async function command({ request, answer }: Exchange, statement: Command, lease: Lease): Promise<Summary> {
  const changesSession = ['SET', 'USE'].includes(statement.verb) || /^\w+\s+TEMPORARY\b/i.test(statement.sql.trim());
  if (changesSession) lease.session.spent = true;
  const { bytes, rowsRead, bytesRead, elapsed } = await lease.session.query(engineText(statement.sql), request.defaultFormat);
  if (ROW_VERBS.has(statement.verb)) answer.describe(statement.format ?? request.defaultFormat);
  await answer.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return { readRows: rowsRead, readBytes: bytesRead, resultRows: rowsRead, resultBytes: bytesRead, elapsed };
}
