// Liveness, readiness and metrics. Readiness is an active check: it answers 503 with the reason
// until the service can do its work. Whoever asks, and however often: the cost is bounded.
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import { messageOf } from './errors.ts';
import { httpRefusal, isHttpStatus } from './http/refusal.ts';
import { createHttpServer } from './http/server.ts';
import type { Stoppable } from './lifecycle.ts';
import { addServiceMetrics } from './metrics/process.ts';
import { shared } from './shared-work.ts';

/** Resolves to null when ready, else to the reason why not. */
export type Readiness = () => Promise<string | null>;

/** What is amiss although the service does its work; shown beside readiness. */
export type Warnings = () => string[];

export const healthPaths = { path: /^\/(health\/(live|ready)|metrics)\/?$/, allow: 'GET, HEAD' };
/** Of a port that anybody may reach. */
export const publicHealthPaths = { path: /^\/health\/(live|ready)\/?$/, allow: 'GET, HEAD' };

/** A page of metrics takes some ms of CPU. */
const PAGES_PER_SECOND = 20;
const CHECKS_PER_SECOND = 5;
const DEADLINE_MS = 3_000;

/** A check that hangs is an answer too. */
async function inTime(ready: Readiness): Promise<string | null> {
  const late = sleep(DEADLINE_MS, `no answer within ${DEADLINE_MS} ms`, { ref: false });
  return Promise.race([ready().catch(messageOf), late]);
}

export function addHealthRoutes(app: FastifyInstance, metrics: Registry, ready: Readiness, warnings: Warnings = () => []): void {
  const check = shared(CHECKS_PER_SECOND, () => inTime(ready));
  // A service with a public door has told of that one already.
  if (metrics.getSingleMetric('ticketstream_ready') === undefined) addServiceMetrics(metrics, { server: app.server, ready: check, warnings });
  // As bytes, so that many answers that wait for a slow reader hold one copy of it.
  const page = shared(PAGES_PER_SECOND, async () => Buffer.from(await metrics.metrics()));
  addStateRoutes(app, check, (reason) => {
    const amiss = warnings();
    return { ...(reason === null ? {} : { reason }), ...(amiss.length === 0 ? {} : { warnings: amiss }) };
  });
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await page()));
}

/** Whether it is ready, for who sends events there; why not, and all figures, are for a port of one's own. */
export function addPublicHealthRoutes(app: FastifyInstance, metrics: Registry, ready: Readiness, warnings: Warnings = () => []): void {
  const check = shared(CHECKS_PER_SECOND, () => inTime(ready));
  addServiceMetrics(metrics, { server: app.server, ready: check, warnings });
  addStateRoutes(app, check, () => ({}));
}

function addStateRoutes(app: FastifyInstance, check: Readiness, detailsOf: (reason: string | null) => object): void {
  app.get('/health/live', () => Promise.resolve({ status: 'live' }));
  app.get('/health/ready', async (_request, reply) => {
    const reason = await check();
    return reply.code(reason === null ? 200 : 503).send({ status: reason === null ? 'ready' : 'not ready', ...detailsOf(reason) });
  });
}

/** For a service that has no HTTP door of its own, or one that anybody may reach. */
export async function startHealthServer({ HEALTH_HOST: host, HEALTH_PORT: port }: { HEALTH_HOST: string; HEALTH_PORT: number }, metrics: Registry, ready: Readiness, warnings: Warnings = () => []): Promise<Stoppable & { port: number }> {
  const { app } = createHttpServer({
    paths: [healthPaths],
    toRefusal: (error) => {
      const { statusCode = 503 } = error as { statusCode?: number };
      return isHttpStatus(statusCode) ? httpRefusal(statusCode) : { status: 503, code: 'internal', message: messageOf(error) };
    },
  });
  addHealthRoutes(app, metrics, ready, warnings);
  const address = await app.listen({ host, port });
  return { name: 'health', port: Number(new URL(address).port), stop: () => app.close() };
}
