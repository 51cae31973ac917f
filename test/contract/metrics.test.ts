// The table of all metrics is what the code tells. After a change: npx vitest run test/contract/metrics.test.ts -u
import { createServer } from 'node:http';
import { Registry, type Gauge } from 'prom-client';
import { expect, test } from 'vitest';
import { createRunMetrics } from '../../infra/reconcile/metrics.ts';
import { createDashboardMetrics } from '../../services/dashboard/metrics.ts';
import { createEscalationMetrics } from '../../services/escalations/metrics.ts';
import { countExported } from '../../services/event-export/service.ts';
import { createIngressMetrics } from '../../services/ingress/metrics.ts';
import { Attempts } from '../../services/runtime/consumer/attempt.ts';
import { ConsumerLoop } from '../../services/runtime/consumer/loop.ts';
import { createLogger } from '../../services/runtime/logger.ts';
import { Backlog } from '../../services/runtime/metrics/backlog.ts';
import { addServiceMetrics, createMetrics } from '../../services/runtime/metrics/process.ts';
import { PoisonBreaker } from '../../services/runtime/projection/breaker.ts';
import { ProjectionMetrics } from '../../services/runtime/projection/flush/metrics.ts';
import { countQuarantined } from '../../services/runtime/quarantine/metrics.ts';
import { watchSchemas } from '../../services/runtime/registry/schema-watch.ts';

const logger = createLogger('test', 'silent');
const never = (): never => {
  throw new Error('nothing is read here');
};

function ofEveryProcess(): Registry {
  const metrics = createMetrics('test');
  addServiceMetrics(metrics, { server: createServer(), ready: () => Promise.resolve(null), warnings: () => [] });
  return metrics;
}

/** The dashboard knows of no schemas. */
function ofEveryService(): Registry {
  const metrics = ofEveryProcess();
  void watchSchemas({ schemaById: () => Promise.resolve(null) }, [], metrics, logger).stop();
  return metrics;
}

function ofConsumers(metrics: Registry): void {
  new Backlog({ positions: () => Promise.resolve([]), metrics });
  countQuarantined(metrics);
}

const kinds: Readonly<Record<string, (metrics: Registry) => void>> = {
  ingress: (metrics) => void createIngressMetrics(metrics, { waiting: () => 0, integrationsValid: () => true }),
  projections: (metrics) => {
    ofConsumers(metrics);
    new ProjectionMetrics(metrics);
  },
  consumers: (metrics) => {
    ofConsumers(metrics);
    const consumer = { name: 'test', records: new Map(), from: 'latest' as const, concurrency: 1, sinkPerTenant: false, settings: {}, idle: () => null, open: never, handle: never };
    const attempts = new Attempts({ consumer, config: {}, logger, metrics, attempts: 1, quarantine: never });
    new ConsumerLoop({ attempts, sort: never, refused: new Set(), breaker: new PoisonBreaker(true), logger, metrics, concurrency: 1, dedupeEvents: 1, backoffMs: 1, maxBackoffMs: 1, positionOf: never });
  },
};

/** `npm run reconcile -- --every …` tells how its process is, as services do, and what it found. */
const RECONCILE = 'reconcile';
/** What one service tells besides what all do. */
const ESCALATIONS = 'escalations';
const EVENT_EXPORT = 'event-export';
const DASHBOARD = 'dashboard';
/** Those that are told beside what every service tells. */
const ownOnly = [ESCALATIONS, EVENT_EXPORT];
/** They tell what is told by all. */
const everybody = [...Object.keys(kinds), DASHBOARD];

interface Described {
  readonly help: string;
  readonly type: string;
  readonly labels: string;
  readonly services: string[];
}

/** By name, each with the kinds of services that tell it. */
async function everyMetric(): Promise<Map<string, Described>> {
  const all = new Map<string, Described>();
  for (const [kind, add] of [...Object.entries(kinds), [EVENT_EXPORT, countExported] as const, [RECONCILE, createRunMetrics] as const, [ESCALATIONS, (metrics: Registry) => void createEscalationMetrics(metrics, () => 0)] as const,
    [DASHBOARD, (metrics: Registry) => void createDashboardMetrics(metrics, () => 0)] as const]) {
    const metrics = ownOnly.includes(kind) ? new Registry() : kind === RECONCILE ? createMetrics('test') : kind === DASHBOARD ? ofEveryProcess() : ofEveryService();
    add(metrics);
    for (const { name, help, type } of await metrics.getMetricsAsJSON()) {
      const { labelNames } = metrics.getSingleMetric(name) as unknown as Gauge & { labelNames: readonly string[] };
      const known = all.get(name) ?? { help, type: String(type), labels: labelNames.map((label) => `\`${label}\``).join(', '), services: [] };
      expect({ ...known, services: [] }, `${name} is the same wherever it is`).toStrictEqual({ help, type, labels: known.labels, services: [] });
      known.services.push(kind);
      all.set(name, known);
    }
  }
  return all;
}

const all = await everyMetric();

test('the table of all metrics is what the code tells', async () => {
  const rows = [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { help, type, labels, services }]) =>
    `| \`${name}\` | ${type} | ${labels} | ${everybody.every((kind) => services.includes(kind)) ? 'all' : services.join(', ')} | ${help} |`);
  const page = `# Metrics

All that \`/metrics\` of the services tells, in Prometheus' text format, with the label \`service\` on every series. A histogram has
\`_bucket\`, \`_sum\` and \`_count\`. No label's value is chosen by a sender. Held to the code by \`test/contract/metrics.test.ts\`.

| metric | type | labels | services | what it says |
|---|---|---|---|---|
${rows.join('\n')}
`;
  await expect(page).toMatchFileSnapshot('../../infra/monitoring/METRICS.md');
});

test('names follow Prometheus: counters end in _total, nothing else does, and units are base units', () => {
  for (const [name, { type, help }] of all) {
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    expect(name, name).not.toMatch(/_(ms|milliseconds|micros|minutes|hours|kb|mb|kilobytes|percent)(_|$)/);
    expect(help.length, `${name} has a help text`).toBeGreaterThan(10);
  }
});
