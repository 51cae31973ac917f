// The HTTP door: what may stream in, and outcomes as status codes. 200 means that the event is in
// Kafka with acks=all; 503 promises nothing and asks for a retry. Every answer is counted.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import { messageOf, RuntimeError } from '../runtime/errors.ts';
import { addHealthRoutes, addPublicHealthRoutes, healthPaths, publicHealthPaths, type Readiness, type Warnings } from '../runtime/health.ts';
import { httpRefusal, isHttpStatus, type Refusal } from '../runtime/http/refusal.ts';
import { createHttpServer, type Direct, type HttpServerOptions } from '../runtime/http/server.ts';
import type { Logger } from '../runtime/logger.ts';
import { childSpan, traceFields } from '../runtime/trace.ts';
import type { Accept } from './accept.ts';
import type { Answer, Refused } from './outcome.ts';

export interface ServerOptions {
  readonly accept: Accept;
  readonly metrics: Registry;
  readonly ready: Readiness;
  readonly warnings?: Warnings;
  /** Anybody may reach it: of health it says in one word what it is, and figures are elsewhere. */
  readonly isPublic?: boolean;
  /** Whether answers ask their connections to end. */
  readonly isDraining?: () => boolean;
  readonly logger: Logger;
  /** Each answer but those about health; `outcome` is one of a fixed set. */
  readonly onAnswer: (status: number, outcome: string) => void;
  /** How long it took to keep an event that is answered 200, Kafka's acknowledgement included. */
  readonly onDecided: (seconds: number) => void;
  readonly limits?: Pick<HttpServerOptions, 'requestTimeoutMs' | 'maxBodiesBytes' | 'clients' | 'onConnectionRefused' | 'certificate'>;
}

const webhookPaths = { path: /^\/webhooks(\/[^/]*)?\/?$/, allow: 'POST' };
const RETRY_AFTER_SECONDS = '5';

export function createServer(options: ServerOptions): FastifyInstance {
  const { isPublic = false } = options;
  const { app } = createHttpServer({
    ...options.limits,
    direct: createDoor(options),
    paths: [webhookPaths, isPublic ? publicHealthPaths : healthPaths],
    onRefused: ({ status, code }) => options.onAnswer(status, code),
    toRefusal: (error) => refusalOf(error, options.logger),
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (options.isDraining?.() === true) reply.header('connection', 'close');
    done();
  });
  (isPublic ? addPublicHealthRoutes : addHealthRoutes)(app, options.metrics, options.ready, options.warnings);
  return app;
}

function createDoor(options: ServerOptions): (request: IncomingMessage) => Direct | null {
  const { accept, onAnswer, onDecided, logger, isDraining = () => false } = options;
  return ({ method, url = '', headers }) => {
    const path = method === 'POST' ? webhookPath(url) : null;
    if (path === null) return null;
    const { integrationId: pathIntegrationId } = path;
    return {
      refusal: refusalByHead(headers, pathIntegrationId),
      handle: (body, response, refuse) => {
        const started = performance.now();
        const traceparent = childSpan(headers['traceparent']);
        const decided = (outcome: Answer | Refused): void => {
          if ('code' in outcome) {
            refuse(withRetryAfter(outcome));
            return;
          }
          onDecided((performance.now() - started) / 1_000);
          onAnswer(200, outcome.status);
          send(response, outcome, isDraining());
        };
        accept({ body, headers, pathIntegrationId, receivedAt: new Date(), traceparent })
          .then(decided, (error: unknown) => refuse(refusalOf(error, logger.child(traceFields(traceparent)))));
      },
    };
  };
}

const JSON_UTF_8 = 'application/json; charset=utf-8';

function send(response: ServerResponse, outcome: Answer, isLast: boolean): void {
  const body = JSON.stringify(outcome);
  const length = Buffer.byteLength(body);
  response.writeHead(200, isLast ? { 'content-type': JSON_UTF_8, 'content-length': length, connection: 'close' } : { 'content-type': JSON_UTF_8, 'content-length': length });
  // Head and body leave in one piece. `end(body)` gives the system two, the second one empty: 1 µs of CPU more.
  const { socket } = response;
  socket?.cork();
  response.write(body);
  socket?.uncork();
  response.end();
}

const MAX_NAME_IN_PATH = 1_000;

/** Nobody, as nearly all of them have it. */
const unnamed = { integrationId: undefined };

/** Null for what is no path of webhooks, or no path at all: the router says so. */
function webhookPath(url: string): { readonly integrationId: string | undefined } | null {
  if (url === '/webhooks') return unnamed;
  const [path = ''] = url.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/, 1);
  const [before, first = '', name = '', after = '', ...more] = path.split('/');
  if (before !== '' || after !== '' || more.length > 0) return null;
  try {
    if (decodeURIComponent(first) !== 'webhooks') return null;
    // /webhooks// names nobody either.
    return name === '' ? unnamed : { integrationId: decodeURIComponent(name) };
  } catch {
    return null;
  }
}

const JSON_TYPE = /^application\/([\w.+-]+\+)?json\s*(;|$)/i;

function refusalByHead(headers: IncomingHttpHeaders, name = ''): Refusal | null {
  if (name.length > MAX_NAME_IN_PATH) return httpRefusal(414);
  if (!isPlain(headers)) return { status: 415, code: 'unsupported_encoding', message: 'send the body without compression' };
  const { 'content-type': type = '' } = headers;
  return type === 'application/json' || JSON_TYPE.test(type) ? null : httpRefusal(415);
}

/** Neither compressed as a whole nor on its way. */
const isPlain = ({ 'content-encoding': content, 'transfer-encoding': transfer }: IncomingHttpHeaders): boolean =>
  (content === undefined || /^(identity)?$/i.test(content)) && (transfer === undefined || /^(chunked)?$/i.test(transfer));

const withRetryAfter = ({ retryAfterSeconds, ...refused }: Refused): Refusal =>
  retryAfterSeconds === undefined ? refused : { ...refused, headers: { 'retry-after': String(retryAfterSeconds) } };

/** Whatever failed here, the event was not stored and a retry may succeed: 503, never 500. */
function refusalOf(error: unknown, logger: Logger): Refusal {
  const again = { status: 503, message: 'not stored; send it again', headers: { 'retry-after': RETRY_AFTER_SECONDS } };
  if (error instanceof RuntimeError && error.retriable) {
    logger.warn({ code: error.code, error: error.message }, 'event not stored; the sender is asked to retry');
    return { ...again, code: error.code.toLowerCase() };
  }
  const { statusCode = 500 } = error as { statusCode?: number };
  if (statusCode === 400) return { ...httpRefusal(400), message: messageOf(error).slice(0, 200) };
  if (isHttpStatus(statusCode)) return httpRefusal(statusCode);
  logger.error({ error: error instanceof Error ? error.stack : String(error) }, 'unexpected error');
  return { ...again, code: 'internal' };
}
