// An HTTP server with the manners that all of ours have: one error body, 405 with Allow, an answer
// for clients that shut their side after the request or still write when it is due.
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Bodies } from './bodies.ts';
import { answerBrokenRequests } from './broken-requests.ts';
import type { Certificate } from './certificate.ts';
import { Clients, defaultClientLimits, type ClientLimits } from './clients.ts';
import { httpRefusal, refuse, type Refusal } from './refusal.ts';
import { inTurns } from './turns.ts';

export interface HttpServerOptions {
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
  const answer: HttpServer['refuse'] = async (reply, refusal) => {
    reply.hijack();
    if (await refuse(reply.raw, refusal, closing.signal)) onRefused(refusal);
    return reply;
  };
  const app = Fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: 'idle',
    serverFactory: (handler) => openServer(inTurns(handler), requestTimeoutMs, options.certificate),
    routerOptions: { maxParamLength: MAX_PATH_PARAMETER, ignoreTrailingSlash: true },
    frameworkErrors: (error, _request, reply) => void answer(reply, toRefusal(error)),
    clientErrorHandler: (error, socket) => onBroken(error, socket),
  });
  const onBroken = answerBrokenRequests(app.server, { onRefused, stop: closing.signal });
  clients.watch(app.server, options.onConnectionRefused ?? (() => undefined));
  // Before the body is read: what is refused anyway should not have to be JSON.
  app.addHook('onRequest', (request, reply, done) => {
    const client = clients.of(request.raw);
    const hasRoom = (): boolean => clients.admits(request.raw, reply.raw, client) && bodies.admits(request.raw, reply.raw, client);
    const refusal = refusalByPath(request, paths) ?? (hasRoom() ? null : tooMuch);
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
    keepAliveTimeout: 65_000,
    // Without a Host header Node would answer by itself, with an empty body.
    requireHostHeader: false,
  };
  const server = certificate === undefined ? createServer(limits, handler)
    : createTlsServer({ ...limits, cert: certificate.cert, key: certificate.key, handshakeTimeout: requestTimeout }, handler);
  // Of a client that never reads its answers.
  server.setTimeout(SILENCE_MS);
  // Node's own switch, which its documentation leaves out: a client that shut its side still gets its answer.
  return Object.assign(server, { httpAllowHalfOpen: true });
}

/** As the router takes it, which has decoded it without an error by then. */
const pathOf = (url: string): string => decodeURI(url.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/, 1)[0] ?? '');

function refusalByPath({ raw, is404, url }: FastifyRequest, paths: HttpServerOptions['paths']): Refusal | null {
  if (raw.httpVersion === '1.1' && raw.headers.host === undefined) return httpRefusal(400);
  if (!is404) return null;
  const known = paths.find(({ path }) => path.test(pathOf(url)));
  return known === undefined ? httpRefusal(404) : httpRefusal(405, { allow: known.allow });
}
