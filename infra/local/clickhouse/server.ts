// The ClickHouse of the local stack: a process that owns chDB (the real engine) and speaks
// ClickHouse's HTTP interface on loopback. It reads its environment here and nowhere else.
//   CHDB_HOME=<folder with node_modules/chdb> UV_THREADPOOL_SIZE=16 node infra/start/run.mjs infra/local/clickhouse/server.ts
// Every running query holds one thread of libuv's pool, whose size is fixed before any of our
// code runs: whoever starts this process must set UV_THREADPOOL_SIZE, or few queries run at once.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import { Clients } from '../../../services/runtime/http/clients.ts';
import { inTurns } from '../../../services/runtime/http/turns.ts';
import { readUsers, usersFile } from '../../access/users.ts';
import { Accounts } from './accounts.ts';
import { newBrokenPart } from './broken-part.ts';
import { Engine } from './engine.ts';
import { handleQuery } from './handler.ts';
import type { Endpoint } from './handler.ts';
import { listeningProblem, openness } from './listening.ts';
import { QueryLog } from './query-log.ts';
import { parametersOf } from './request.ts';
import { CONNECTIONS, HURRY_MS, hurry, seldom } from './strangers.ts';

const { env } = process;
const startedAt = Date.now();
const port = Number(env['CLICKHOUSE_PORT'] ?? 8123);
const host = env['CLICKHOUSE_HOST'] || '127.0.0.1';
const dataDir = resolve(env['CLICKHOUSE_DATA_DIR'] ?? '.data/clickhouse');
const administrator = { user: env['CLICKHOUSE_USER'] || 'default', password: env['CLICKHOUSE_PASSWORD'] ?? '' };
const chdbHome = env['CHDB_HOME'];
const externalAccess = env['CLICKHOUSE_EXTERNAL_ACCESS'] || 'off';
/** Threads that stay free for files and for the connection that cancels queries. */
const SPARE_THREADS = 3;
const threads = Number(env['UV_THREADPOOL_SIZE'] ?? 4);
const wanted = Number(env['CLICKHOUSE_SESSIONS'] ?? 8);
const places = Math.max(1, Math.min(wanted, threads - SPARE_THREADS));
const DRAIN_MS = 2000;
/** Queries and parameters in the URL: the server's http_max_uri_size, and room for headers. */
const MAX_URI_BYTES = 1_048_576 + 65_536;

const log = pino({ name: 'clickhouse', level: env['LOG_LEVEL'] ?? 'info', base: { name: 'clickhouse', pid: process.pid } }, pino.destination({ fd: 2, sync: true }));

const logOfStrangers = seldom((fields) => log.warn(fields, 'a request of nobody who is known'));

const NO_HANDLER = `Use / or /ping for health checks.
Or /replicas_status for more sophisticated health checks.

Send queries from your program with POST method or GET /?query=...
`;

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=UTF-8', 'Content-Length': Buffer.byteLength(text) }).end(text);
}

/** A web page of somewhere else must not query or change what is here, though its browser can reach loopback. */
function isForeignPage(message: IncomingMessage): boolean {
  const { origin } = message.headers;
  return origin !== undefined && !/^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(origin);
}

/** Nor a page whose name was turned to this machine after it was loaded: to its browser, that is no other place. A password it can't know. */
function isForeignName(message: IncomingMessage): boolean {
  return administrator.password === '' && !/^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(message.headers.host ?? 'localhost');
}

async function route(endpoint: Omit<Endpoint, 'onLogin'>, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const onLogin = hurry(message, response);
  const path = message.url?.split('?')[0] ?? '/';
  const reading = message.method === 'GET' || message.method === 'HEAD';
  const asksQuery = path === '/' || path === '/query';
  if (isForeignPage(message) || isForeignName(message)) plain(response, 403, 'Requests of web pages are taken from this machine only.\n');
  else if (message.method === 'OPTIONS') response.writeHead(204, { Allow: 'GET, HEAD, POST, OPTIONS' }).end();
  else if (!reading && message.method !== 'POST') plain(response, 405, 'Use GET for reading and POST for any query.\n');
  else if (path === '/ping' || path === '/replicas_status' || (path === '/' && reading && !parametersOf(message).has('query'))) plain(response, 200, 'Ok.\n');
  else if (!asksQuery) plain(response, 404, `There is no handle ${path}\n\n${NO_HANDLER}`);
  else {
    const record = await handleQuery({ ...endpoint, onLogin }, message, response);
    if (record.user === '') logOfStrangers(record);
    else log[record.code === 0 ? 'info' : 'warn'](record, 'query');
  }
}

/** Those of the projections, and whatever else a service was let write by now. */
function writableNow(file: string): readonly string[] {
  return [...new Set(['queue', 'agents', 'log', ...readUsers(file).flatMap((user) => (user.kind === 'service' ? user.databases : []))])];
}

async function main(home: string): Promise<void> {
  // The engine takes its time zone from here, and resolves names of files against the current folder.
  env['TZ'] = 'UTC';
  const file = usersFile(dataDir);
  const engine = new Engine({ chdbHome: resolve(home), dataDir, places, externalAccess: externalAccess === 'on', compiles: env['CLICKHOUSE_COMPILES'] !== 'off', writable: writableNow(file) });
  process.chdir(engine.userFiles);
  await engine.start();
  let stopping = false;
  const endpoint: Omit<Endpoint, 'onLogin'> = {
    engine, accounts: new Accounts(file, administrator), queryLog: new QueryLog(engine),
    onError: (error) => {
      const part = newBrokenPart(error, { enginePath: engine.path, since: startedAt });
      if (part === undefined || stopping) return;
      log.fatal({ part, code: error.code }, 'a part of a table cannot be read; the next start sets it aside and goes on with those it was merged of');
      // The one who asked gets no answer: to a service, a ClickHouse that is away is a reason to wait.
      void stop('broken part', 1);
    },
  };
  const limits = { maxHeaderSize: MAX_URI_BYTES, headersTimeout: HURRY_MS, connectionsCheckingInterval: 1_000, keepAliveTimeout: 10_000, requestTimeout: 0 };
  const server = createServer(limits, inTurns((message, response) => {
    route(endpoint, message, response).catch((error: unknown) => {
      log.error({ err: error }, 'a request ended in a fault of this server');
      response.destroy();
    });
  }));
  const onRefused = seldom((fields) => log.warn(fields, 'too many connections: more are closed'));
  new Clients(CONNECTIONS).watch(server, () => onRefused({}));
  server.on('error', (error) => {
    log.fatal({ err: error }, 'cannot listen');
    process.exit(1);
  });
  server.listen(port, host, () => log.info({ host, port, version: engine.version, sessions: places, dataDir }, 'ready'));
  const open = openness(env);
  if (open !== undefined) log.warn({ user: administrator.user }, open);
  if (places < wanted) log.warn({ wanted, sessions: places }, 'UV_THREADPOOL_SIZE is too small: fewer queries run at once');

  const stop = async (reason: string, exitCode = 0): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log.info({ reason, running: engine.running }, 'stopping');
    server.close();
    for (let waited = 0; engine.running > 0 && waited < DRAIN_MS; waited += 50) await delay(50);
    if (engine.running > 0) await engine.cancelAll();
    for (let waited = 0; engine.running > 0 && waited < 1000; waited += 50) await delay(50);
    server.closeAllConnections();
    if (engine.running === 0) engine.close();
    log.info('stopped');
    process.exit(exitCode);
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => void stop(signal));
}

const refusal = listeningProblem(env);
if (refusal !== undefined) {
  log.fatal(refusal);
  process.exit(2);
} else if (!['on', 'off'].includes(externalAccess)) {
  log.fatal({ CLICKHOUSE_EXTERNAL_ACCESS: externalAccess }, 'CLICKHOUSE_EXTERNAL_ACCESS must be on or off');
  process.exit(2);
} else if (chdbHome === undefined || chdbHome === '') {
  log.fatal('CHDB_HOME must name the folder whose node_modules hold chdb (npm ci with the package.json beside this file)');
  process.exit(2);
} else {
  main(chdbHome).catch((error: unknown) => {
    log.fatal({ err: error }, 'cannot start');
    process.exit(1);
  });
}
