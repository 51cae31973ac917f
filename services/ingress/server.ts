// The HTTP door: limits on what streams in, and outcomes as status codes. 200 means that the
// event is in Kafka with acks=all; 503 promises nothing and asks for a retry.
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Registry } from 'prom-client';
import { messageOf, RuntimeError } from '../runtime/errors.ts';
import { addHealthRoutes, type Readiness, type Warnings } from '../runtime/health.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Accept } from './accept.ts';
import type { Answer, Refused } from './outcome.ts';

export interface ServerOptions {
  readonly accept: Accept;
  readonly metrics: Registry;
  readonly ready: Readiness;
  readonly warnings?: Warnings;
  readonly logger: Logger;
  readonly onAnswer: (status: number, outcome: string, seconds: number) => void;
}

const MAX_BODY_BYTES = 1_048_576;
/** A sender that has not delivered its request by then is cut off. */
const REQUEST_TIMEOUT_MS = 10_000;
const RETRY_AFTER_SECONDS = '5';

interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly path?: string };
}

export function createServer(options: ServerOptions): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    http: { connectionsCheckingInterval: 1_000, headersTimeout: REQUEST_TIMEOUT_MS },
    routerOptions: { maxParamLength: 1_000 },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(/^application\/([\w.+-]+\+)?json\s*(;|$)/i, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  addHealthRoutes(app, options.metrics, options.ready, options.warnings);
  const webhook = (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => receive(options, request, reply);
  app.post('/webhooks', webhook);
  app.post('/webhooks/:integration_id', webhook);
  app.setErrorHandler((error, _request, reply) => answerError(options, error, reply));
  app.setNotFoundHandler((_request, reply) => reply.code(404).send(errorBody('not_found', 'POST events to /webhooks')));
  return app;
}

const errorBody = (code: string, message: string, path?: string): ErrorBody =>
  ({ error: { code, message, ...(path === undefined ? {} : { path }) } });

async function receive({ accept, onAnswer }: ServerOptions, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const started = performance.now();
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
    return reply.code(415).send(errorBody('unsupported_encoding', 'send the body without content-encoding'));
  }
  const params = request.params as { integration_id?: string };
  const outcome = await accept({
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    headers: request.headers,
    pathIntegrationId: params.integration_id,
    receivedAt: new Date(),
  });
  answer(outcome, reply);
  onAnswer(reply.statusCode, 'kind' in outcome ? outcome.code : outcome.status, (performance.now() - started) / 1_000);
  return reply;
}

function answer(outcome: Answer | Refused, reply: FastifyReply): void {
  if (!('kind' in outcome)) {
    reply.code(200).send(outcome);
    return;
  }
  if (outcome.retryAfterSeconds !== undefined) reply.header('retry-after', String(outcome.retryAfterSeconds));
  reply.code(outcome.status).send(errorBody(outcome.code, outcome.message, outcome.path));
}

const clientErrors: Readonly<Record<number, readonly [code: string, message: string]>> = {
  413: ['body_too_large', `the body exceeds ${MAX_BODY_BYTES} bytes`],
  415: ['unsupported_media_type', 'send application/json'],
};

function answerError({ logger, onAnswer }: ServerOptions, error: unknown, reply: FastifyReply): FastifyReply {
  if (error instanceof RuntimeError && error.retriable) {
    logger.warn({ code: error.code, error: error.message }, 'event not stored; the sender is asked to retry');
    onAnswer(503, error.code.toLowerCase(), 0);
    return reply.code(503).header('retry-after', RETRY_AFTER_SECONDS).send(errorBody(error.code.toLowerCase(), 'not stored; send it again'));
  }
  const status = (error as { statusCode?: number }).statusCode ?? 500;
  const known = clientErrors[status];
  onAnswer(status, known?.[0] ?? 'error', 0);
  if (known !== undefined) return reply.code(status).send(errorBody(...known));
  if (status < 500) return reply.code(status).send(errorBody('bad_request', messageOf(error)));
  logger.error({ error: error instanceof Error ? error.stack : String(error) }, 'unexpected error');
  // Not 500: whatever failed here, the event was not stored and a retry may succeed.
  return reply.code(503).header('retry-after', RETRY_AFTER_SECONDS).send(errorBody('internal', 'not stored; send it again'));
}
