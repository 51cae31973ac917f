// The HTTP door: what may stream in, and outcomes as status codes. 200 means that the event is in
// Kafka with acks=all; 503 promises nothing and asks for a retry. Every answer is counted.
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Registry } from 'prom-client';
import { messageOf, RuntimeError } from '../runtime/errors.ts';
import { addHealthRoutes, addPublicHealthRoutes, healthPaths, publicHealthPaths, type Readiness, type Warnings } from '../runtime/health.ts';
import { httpRefusal, isHttpStatus, type Refusal } from '../runtime/http/refusal.ts';
import { createHttpServer, type HttpServerOptions } from '../runtime/http/server.ts';
import type { Logger } from '../runtime/logger.ts';
import { childSpan, traceFields } from '../runtime/trace.ts';
import type { Accept } from './accept.ts';
import type { Refused } from './outcome.ts';

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
  const { accept, onAnswer, onDecided, isPublic = false } = options;
  const { app, refuse } = createHttpServer({
    ...options.limits,
    paths: [webhookPaths, isPublic ? publicHealthPaths : healthPaths],
    onRefused: ({ status, code }) => onAnswer(status, code),
    toRefusal: (error) => refusalOf(error, options.logger),
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (options.isDraining?.() === true) reply.header('connection', 'close');
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(/^application\/([\w.+-]+\+)?json\s*(;|$)/i, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  (isPublic ? addPublicHealthRoutes : addHealthRoutes)(app, options.metrics, options.ready, options.warnings);
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const started = performance.now();
    const params = request.params as { integration_id?: string };
    const traceparent = childSpan(request.headers['traceparent']);
    const accepting = accept({
      body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
      headers: request.headers,
      // /webhooks// names nobody either.
      pathIntegrationId: params.integration_id === '' ? undefined : params.integration_id,
      receivedAt: new Date(),
      traceparent,
    });
    const outcome = await accepting.catch((error: unknown) => refusalOf(error, options.logger.child(traceFields(traceparent))));
    if ('code' in outcome) return refuse(reply, 'kind' in outcome ? withRetryAfter(outcome) : outcome);
    onDecided((performance.now() - started) / 1_000);
    onAnswer(200, outcome.status);
    return reply.send(outcome);
  };
  const onRequest = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    if (isPlain(request.headers)) done();
    else void refuse(reply, { status: 415, code: 'unsupported_encoding', message: 'send the body without compression' });
  };
  app.post('/webhooks', { onRequest, handler });
  app.post('/webhooks/:integration_id', { onRequest, handler });
  return app;
}

/** Neither compressed as a whole nor on its way. */
const isPlain = ({ 'content-encoding': content = '', 'transfer-encoding': transfer = '' }: IncomingHttpHeaders): boolean =>
  /^(identity)?$/i.test(content) && /^(chunked)?$/i.test(transfer);

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
