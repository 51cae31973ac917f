// The dashboard's HTTP door: pages, answers as JSON and as files, and the live stream. Only reads; who asks is decided by
// people.ts, what may be asked by the catalogue.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Registry } from 'prom-client';
import { messageOf, RuntimeError } from '../runtime/errors.ts';
import { addHealthRoutes, healthPaths, type Readiness } from '../runtime/health.ts';
import { httpRefusal, isHttpStatus, type Refusal } from '../runtime/http/refusal.ts';
import { createHttpServer, type HttpServer } from '../runtime/http/server.ts';
import type { Logger } from '../runtime/logger.ts';
import type { ServiceState } from './answer.ts';
import { formats, type Format } from './answers.ts';
import { ofSnapshot, type NamedQuery } from './catalogue.ts';
import type { Live, Watch } from './live.ts';
import type { Asset } from './pages.ts';
import { BadParameter, snapshotOf, valuesOf } from './parameters.ts';
import type { People, Person } from './people.ts';

export interface DashboardOptions {
  readonly catalogue: ReadonlyMap<string, NamedQuery>;
  readonly people: People;
  readonly live: Live;
  readonly pages: ReadonlyMap<string, Asset>;
  readonly metrics: Registry;
  readonly ready: Readiness;
  readonly states: () => Promise<readonly ServiceState[]>;
  readonly logger: Logger;
}

export const pageNames = ['now', 'queues', 'sla', 'agents', 'ticket', 'pipeline'] as const;
const LIVE_QUERY = 'now/cells';
/** Less than the time between two looks, which must not get the answer of the look before. */
const LIVE_SHARED_MS = 500;
/** What filters offer, and what things are called: asked by every page, and seldom different. */
const DESK_SHARED_MS = 10_000;
/** Holds what people wrote. */
const RECORDS_QUERY = 'pipeline/quarantine-records';
const ROWS_OF_A_FILE = '1000000';

const paths = [
  { path: /^\/(api\/(me|services|queries\/[^/]+\/[^/]+)|assets\/[^/]+|now|queues|sla|agents|ticket|pipeline)?\/?$/, allow: 'GET, HEAD' },
  // No HEAD: its answer has no end.
  { path: /^\/api\/live\/?$/, allow: 'GET' },
  { path: /^\/api\/(login|logout)\/?$/, allow: 'POST' },
  healthPaths,
];

/** No script, style, picture or connection but our own; in nobody's frame. */
const safety: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

const onlyByHttps = { 'strict-transport-security': 'max-age=31536000' };

const mustLogIn: Refusal = { status: 401, code: 'login_required', message: 'log in first' };
const forbidden = (message: string): Refusal => ({ status: 403, code: 'no_permission', message });
const operatorsOnly = forbidden('only operators of the pipeline see this');
const notThere: Refusal = { status: 404, code: 'not_found', message: 'there is no such query' };

/** UNKNOWN_DATABASE, UNKNOWN_TABLE: of our own queries only a snapshot's can be missing. */
const MISSING = /\b(81|60): /;
/** Codes by which ClickHouse says that a user may not: ACCESS_DENIED, READONLY, UNKNOWN_USER, AUTHENTICATION_FAILED and their like. */
const DENIED = /\b(497|164|192|194|516|291): /;

function refusalOf(error: unknown, logger: Logger): Refusal {
  if (error instanceof BadParameter) return { status: 400, code: 'bad_parameter', message: error.message, path: `/${error.parameter}` };
  if (error instanceof RuntimeError && error.retriable) return { status: 503, code: 'clickhouse_unavailable', message: 'ClickHouse does not answer', headers: { 'retry-after': '2' } };
  if (error instanceof RuntimeError && DENIED.test(error.message)) return forbidden('this user may not read what the query reads');
  if (error instanceof RuntimeError && MISSING.test(error.message)) return { status: 404, code: 'not_found', message: 'there is nothing of that name: a snapshot that was dropped, or tables that were not made yet (npm run migrate)' };
  const { statusCode = 500 } = error as { statusCode?: number };
  if (isHttpStatus(statusCode)) return httpRefusal(statusCode);
  logger.error({ error: messageOf(error).slice(0, 500) }, 'a query failed');
  return { status: 500, code: 'query_failed', message: 'the query failed; the log of the service says why' };
}

class Door {
  readonly #options: DashboardOptions;
  readonly #app: FastifyInstance;
  readonly #refuse: HttpServer['refuse'];

  constructor(options: DashboardOptions) {
    this.#options = options;
    const { app, refuse } = createHttpServer({ paths, toRefusal: (error) => refusalOf(error, options.logger) });
    [this.#app, this.#refuse] = [app, refuse];
  }

  get #safety(): Readonly<Record<string, string>> {
    return this.#options.people.isSecure ? { ...safety, ...onlyByHttps } : safety;
  }

  open(): FastifyInstance {
    const app = this.#app;
    app.addHook('onRequest', async ({ headers }, reply) => (this.#options.people.isForeignHost(headers) ? this.#refuse(reply, forbidden('without login this is answered under loopback names only')) : undefined));
    app.addHook('onSend', async (_request, reply) => Promise.resolve(void reply.headers(this.#safety)));
    addHealthRoutes(app, this.#options.metrics, this.#options.ready);
    this.#addPages();
    this.#addSessions();
    app.get('/api/queries/:page/:name', (request, reply) => this.#answer(request, reply));
    app.get('/api/services', (request, reply) => this.#services(request, reply));
    app.get('/api/live', { exposeHeadRoute: false }, (request, reply) => this.#join(request, reply));
    return app;
  }

  #addPages(): void {
    const send = ({ headers }: FastifyRequest, reply: FastifyReply, asset: Asset): FastifyReply => {
      const zipped = (headers['accept-encoding'] ?? '').includes('gzip');
      reply.headers({ 'content-type': asset.type, vary: 'accept-encoding', 'cache-control': asset.isForever ? 'public, max-age=31536000, immutable' : 'no-cache' });
      if (zipped) reply.header('content-encoding', 'gzip');
      return reply.send(zipped ? asset.gzipped : asset.body);
    };
    for (const [path, asset] of this.#options.pages) if (path !== '/index.html') this.#app.get(path, (request, reply) => send(request, reply, asset));
    const index = this.#options.pages.get('/index.html');
    for (const path of index === undefined ? [] : ['/', ...pageNames.map((name) => `/${name}`)]) this.#app.get(path, (request, reply) => send(request, reply, index as Asset));
  }

  #addSessions(): void {
    const { people } = this.#options;
    this.#app.get('/api/me', ({ headers }, reply) => {
      const person = people.whoAsks(headers);
      return reply.header('cache-control', 'no-store').send({ login: people.login, user: person?.user ?? null, sees_names: person?.seesNames ?? false, is_operator: person?.isOperator ?? false });
    });
    this.#app.post('/api/login', async (request, reply) => {
      if (people.isFromElsewhere(request.headers)) return this.#refuse(reply, forbidden('only the login page may send this'));
      const { user, password } = (request.body ?? {}) as { user?: unknown; password?: unknown };
      const cookie = typeof user === 'string' && typeof password === 'string' ? await people.logIn(user, password) : null;
      if (cookie === null) return this.#refuse(reply, { status: 401, code: 'login_failed', message: 'ClickHouse does not know this user with this password' });
      return reply.header('set-cookie', cookie).send({});
    });
    this.#app.post('/api/logout', (request, reply) => (people.isFromElsewhere(request.headers)
      ? this.#refuse(reply, forbidden('only the pages may send this'))
      : reply.header('set-cookie', people.logOut(request.headers)).send({})));
  }

  async #answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { page, name: file } = request.params as { page: string; name: string };
    const [name = '', ending] = file.split('.');
    const address = addressOf(request);
    const query = this.#asked(`${page}/${name}`, address);
    if (query === undefined || (ending !== undefined && !Object.hasOwn(formats, ending))) return this.#refuse(reply, notThere);
    const person = this.#options.people.whoAsks(request.headers);
    if (person === null) return this.#refuse(reply, mustLogIn);
    if (query.name === RECORDS_QUERY && !person.isOperator) return this.#refuse(reply, operatorsOnly);
    if (ending === undefined) return reply.header('cache-control', 'no-store').send(await person.answers.ask(query, valuesOf(query, address), page === 'desk' ? DESK_SHARED_MS : undefined));
    return this.#file(reply, person, { query, address, format: ending as Format });
  }

  /** @throws BadParameter */
  #asked(name: string, address: URLSearchParams): NamedQuery | undefined {
    const query = this.#options.catalogue.get(name);
    const snapshot = snapshotOf(address);
    if (query === undefined || snapshot === null) return query;
    const asked = ofSnapshot(query, snapshot);
    if (asked === null) throw new BadParameter('snapshot', `${name} is about the present, which a snapshot is not`);
    return asked;
  }

  async #file(reply: FastifyReply, person: Person, { query, address, format }: { query: NamedQuery; address: URLSearchParams; format: Format }): Promise<FastifyReply> {
    if (!address.has('limit')) address.set('limit', ROWS_OF_A_FILE);
    const bytes = await person.answers.download(query, valuesOf(query, address), format);
    const type = format === 'csv' ? 'text/csv; charset=utf-8' : 'application/vnd.apache.parquet';
    return reply.headers({ 'content-type': type, 'cache-control': 'no-store', 'content-disposition': `attachment; filename="${query.name.replace('/', '-')}.${format}"` }).send(bytes);
  }

  async #services(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const person = this.#options.people.whoAsks(request.headers);
    if (person === null) return this.#refuse(reply, mustLogIn);
    return person.isOperator ? reply.header('cache-control', 'no-store').send(await this.#options.states()) : this.#refuse(reply, operatorsOnly);
  }

  #join(request: FastifyRequest, reply: FastifyReply): FastifyReply | Promise<FastifyReply> {
    const { live, people, catalogue, logger } = this.#options;
    const person = people.whoAsks(request.headers);
    if (person === null) return this.#refuse(reply, mustLogIn);
    if (live.isFull) return this.#refuse(reply, { status: 503, code: 'too_many_pages', message: 'too many pages are open', headers: { 'retry-after': '30' } });
    const query = catalogue.get(LIVE_QUERY);
    if (query === undefined) return this.#refuse(reply, notThere);
    const values = valuesOf(query, addressOf(request));
    reply.hijack();
    const mayLook = (): boolean => people.whoAsks(request.headers) !== null;
    const explain: Watch['explain'] = (error) => {
      const { status, code, message } = refusalOf(error, logger);
      return { status, code, message };
    };
    live.join({ key: JSON.stringify([person.id, values]), ask: () => person.answers.ask(query, values, LIVE_SHARED_MS), mayLook, explain }, reply.raw, this.#safety);
    return reply;
  }
}

const addressOf = ({ url }: FastifyRequest): URLSearchParams => new URL(url, 'http://here').searchParams;

export const createDashboard = (options: DashboardOptions): FastifyInstance => new Door(options).open();
