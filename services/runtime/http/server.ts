// An HTTP server with the manners that all of ours have: one error body, 405 with Allow, an answer
// for clients that shut their side after the request or still write when it is due.
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Bodies } from './bodies.ts';
import { readBody } from './body.ts';
import { answerBrokenRequests } from './broken-requests.ts';
import type { Certificate } from './certificate.ts';
import { Clients, defaultClientLimits, type ClientLimits } from './clients.ts';
import { httpRefusal, refuse, type Refusal } from './refusal.ts';
import { inTurns } from './turns.ts';

/** What becomes of a request that the router does not get. */
export interface Direct {
  /** By its head alone. */
  readonly refusal: Refusal | null;
  readonly handle: (body: Buffer, response: ServerResponse, refuse: (refusal: Refusal) => void) => void;
}

export interface HttpServerOptions {
  /** For what comes thousands of times a second: the router and its hooks take as much CPU again as the rest of HTTP. Null leaves a request to them. */
  readonly direct?: (request: IncomingMessage) => Direct | null;
  /** Which methods the paths take, by pattern: everything else is 404. */
  readonly paths: readonly { readonly path: RegExp; readonly allow: string }[];
  readonly onRefused?: (refusal: Refusal) => void;
  /** What an error that a handler throws is answered with. */
  readonly toRefusal: (error: unknown) => Refusal;
  /** A sender that has not delivered its request by then is cut off. */
  readonly requestTimeoutMs?: number;
  /** Of all bodies that are on their way; 256 MiB by default. */
  readonly maxBodiesBytes?: number;
  readonly clients?: ClientLimits;
  /** A connection was closed at once, as there were too many. */
  readonly onConnectionRefused?: () => void;
  /** To speak TLS. */
  readonly certificate?: Certificate;
}

export interface HttpServer {
  readonly app: FastifyInstance;
  /** The only way to answer with an error. */
  readonly refuse: (reply: FastifyReply, refusal: Refusal) => Promise<FastifyReply>;
}

const REQUEST_TIMEOUT_MS = 10_000;
const SILENCE_MS = 90_000;
const MAX_BODY_BYTES = 1_048_576;
const MAX_BODIES_BYTES = 256 * 1_048_576;
const MAX_PATH_PARAMETER = 1_000;

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { paths, onRefused = () => undefined, toRefusal, requestTimeoutMs = REQUEST_TIMEOUT_MS, maxBodiesBytes = MAX_BODIES_BYTES } = options;
  const closing = new AbortController();
  const clients = new Clients(options.clients ?? defaultClientLimits);
  const bodies = new Bodies(maxBodiesBytes, MAX_BODY_BYTES);
  const refuseCounted = async (response: ServerResponse, refusal: Refusal): Promise<void> => {
    if (await refuse(response, refusal, closing.signal)) onRefused(refusal);
  };
  const answer: HttpServer['refuse'] = async (reply, refusal) => {
    reply.hijack();
    await refuseCounted(reply.raw, refusal);
    return reply;
  };
  const refusalOfRoom = (request: IncomingMessage, response: ServerResponse): Refusal | null => {
    const client = clients.of(request);
    return clients.admits(request, response, client) && bodies.admits(request, response, client) ? null : tooMuch;
  };
  const takesDirectly = (request: IncomingMessage, response: ServerResponse): boolean => {
    const taken = options.direct?.(request) ?? null;
    if (taken === null) return false;
    const refuseIt = (refusal: Refusal): void => void refuseCounted(response, refusal);
    const refusal = refusalByHead(request) ?? refusalOfRoom(request, response) ?? taken.refusal;
    if (refusal !== null) refuseIt(refusal);
    else readBody(request, MAX_BODY_BYTES, (body) => (body === null ? refuseIt(httpRefusal(413)) : taken.handle(body, response, refuseIt)));
    return true;
  };
  const app = Fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: 'idle',
    serverFactory: (route) => openServer(inTurns((request, response) => {
      if (!takesDirectly(request, response)) route(request, response);
    }), requestTimeoutMs, options.certificate),
    routerOptions: { maxParamLength: MAX_PATH_PARAMETER, ignoreTrailingSlash: true },
    frameworkErrors: (error, _request, reply) => void answer(reply, toRefusal(error)),
    clientErrorHandler: (error, socket) => onBroken(error, socket),
  });
  const onBroken = answerBrokenRequests(app.server, { onRefused, stop: closing.signal });
  clients.watch(app.server, options.onConnectionRefused ?? (() => undefined));
  // Before the body is read: what is refused anyway should not have to be JSON.
  app.addHook('onRequest', (request, reply, done) => {
    const refusal = refusalByHead(request.raw) ?? refusalByPath(request, paths) ?? refusalOfRoom(request.raw, reply.raw);
    if (refusal === null) done();
    else void answer(reply, refusal);
  });
  app.addHook('preClose', (done) => {
    closing.abort();
    done();
  });
  app.setErrorHandler((error, _request, reply) => answer(reply, toRefusal(error)));
  return { app, refuse: answer };
}

const tooMuch: Refusal = { status: 503, code: 'log_overloaded', message: 'too much is on its way; send it again', headers: { 'retry-after': '5' } };

function openServer(handler: RequestListener, requestTimeout: number, certificate: Certificate | undefined): Server {
  const limits = {
    requestTimeout,
    headersTimeout: requestTimeout,
    connectionsCheckingInterval: 1_000,
    // Silence between requests ends like any other: a time of its own would be two new timers a request.
    keepAliveTimeout: 0,
    // Without a Host header Node would answer by itself, with an empty body.
    requireHostHeader: false,
  };
  const server = certificate === undefined ? createServer(limits, handler)
    : createTlsServer({ ...limits, cert: certificate.cert, key: certificate.key, handshakeTimeout: requestTimeout }, handler);
  // Of a client that sends no more, or never reads its answers.
  server.setTimeout(SILENCE_MS);
  // Node's own switch, which its documentation leaves out: a client that shut its side still gets its answer.
  return Object.assign(server, { httpAllowHalfOpen: true });
}

/** As the router takes it, which has decoded it without an error by then. */
const pathOf = (url: string): string => decodeURI(url.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/, 1)[0] ?? '');

const refusalByHead = ({ httpVersion, headers }: IncomingMessage): Refusal | null =>
  (httpVersion === '1.1' && headers.host === undefined ? httpRefusal(400) : null);

function refusalByPath({ is404, url }: FastifyRequest, paths: HttpServerOptions['paths']): Refusal | null {
  if (!is404) return null;
  const known = paths.find(({ path }) => path.test(pathOf(url)));
  return known === undefined ? httpRefusal(404) : httpRefusal(405, { allow: known.allow });
}
