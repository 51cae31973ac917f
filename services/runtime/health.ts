// Liveness, readiness and metrics of a service that has no HTTP door of its own. Readiness is
// an active check: it answers 503 with the reason until the service can do its work.
import Fastify, { type FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Stoppable } from './lifecycle.ts';

/** Resolves to null when ready, else to the reason why not. */
export type Readiness = () => Promise<string | null>;

export function createMetrics(service: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** What is amiss although the service does its work; shown beside readiness. */
export type Warnings = () => string[];

export function addHealthRoutes(app: FastifyInstance, metrics: Registry, ready: Readiness, warnings: Warnings = () => []): void {
  app.get('/health/live', () => Promise.resolve({ status: 'live' }));
  app.get('/health/ready', async (_request, reply) => {
    const reason = await ready();
    const amiss = warnings();
    const also = amiss.length === 0 ? {} : { warnings: amiss };
    return reply.code(reason === null ? 200 : 503).send(reason === null ? { status: 'ready', ...also } : { status: 'not ready', reason, ...also });
  });
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()));
}

export async function startHealthServer(port: number, metrics: Registry, ready: Readiness, warnings: Warnings = () => []): Promise<Stoppable & { port: number }> {
  const app = Fastify({ logger: false });
  addHealthRoutes(app, metrics, ready, warnings);
  const address = await app.listen({ host: '127.0.0.1', port });
  return { name: 'health', port: Number(new URL(address).port), stop: () => app.close() };
}
