// The exporter as a service: looks every few minutes whether a day is over that is not exported yet, for each integration that
// has a section event_export. What fails is told, at /health/ready too, and tried again the next time.
import { Counter, type Registry } from 'prom-client';
import { destinationSettings, watchDestinations, type Sections } from '../destinations/file.ts';
import { connectClickHouse } from '../runtime/clickhouse.ts';
import { commonSettings, healthSettings, integer, masked, readConfig, url, type Config } from '../runtime/config.ts';
import { messageOf } from '../runtime/errors.ts';
import { startHealthServer } from '../runtime/health.ts';
import { runService, type Stoppable } from '../runtime/lifecycle.ts';
import { createLogger, type Logger } from '../runtime/logger.ts';
import { createMetrics } from '../runtime/metrics/process.ts';
import { failpointOf } from '../runtime/projection/failpoint.ts';
import { archivePositions, closedDays, dayStart, type Closed } from './cut.ts';
import type { Chain, Manifest } from './manifest.ts';
import { exportSection, formatNames, type ExportSection } from './section.ts';
import { exportChain, type Archive, type Source } from './step.ts';
import { openTarget } from './open-target.ts';
import { kafkaConnection } from '../runtime/kafka/connection.ts';

export const exportSettings = {
  ...commonSettings,
  ...destinationSettings,
  CLICKHOUSE_URL: { parse: url, default: 'http://127.0.0.1:8123', doc: 'ClickHouse HTTP endpoint; user and password may be part of the URL', secret: true },
  EXPORT_GRACE_SECONDS: { parse: integer(10, 86_400), default: 300, doc: 'How long after midnight (UTC) the day before is held open for what is still on its way into the log' },
  EXPORT_WAIT_SECONDS: { parse: integer(0, 86_400), default: 60, doc: 'How long the archive is waited for when it is behind the log; then it is tried again later' },
};
const serviceSettings = {
  ...exportSettings,
  ...healthSettings,
  EXPORT_EVERY_SECONDS: { parse: integer(1, 86_400), default: 300, doc: 'How often it is looked whether a day is over, or what failed works again' },
};

export type ExportConfig = Config<typeof exportSettings>;

/** All chains of a section; each is to be closed with its target. */
export function chainsOf(section: ExportSection, integrationId: string, environment: string): Chain[] {
  return (section.profiles ?? ['audit']).map((profile) => ({ target: openTarget(section.to), environment, integrationId, profile }));
}

export function closedFor(config: ExportConfig, logger: Logger): Promise<Closed> {
  const connection = kafkaConnection(config, 'event-export', logger);
  return closedDays(archivePositions(connection, config.ENVIRONMENT), { graceMs: config.EXPORT_GRACE_SECONDS * 1_000, waitMs: config.EXPORT_WAIT_SECONDS * 1_000 });
}

export const sourceFor = (archive: Archive, section: ExportSection, failpoint: string | undefined): Source =>
  ({ archive, formats: section.formats ?? formatNames, at: failpointOf(failpoint), now: () => new Date() });

export function countExported(registry: Registry): (manifest: Manifest) => void {
  const counter = new Counter({ name: 'ticketstream_exported_events_total', help: 'Events written to export files, by profile and kind of file: day, or late', labelNames: ['profile', 'kind'], registers: [registry] });
  return ({ profile, files }) => {
    for (const { kind, format, events } of files) if (format === files[0]?.format) counter.inc({ profile, kind }, events);
  };
}

/** What fails besides integrations; no integration has this id. */
const LOG = 'log and archive';

class Exporter {
  readonly #config: ExportConfig;
  readonly #logger: Logger;
  readonly #archive: Archive;
  readonly #count: (manifest: Manifest) => void;
  readonly #failpoint: string | undefined;
  /** By chain, up to which day it is exported: until the next day is over nobody is asked anything. */
  readonly #done = new Map<string, number>();
  readonly failures = new Map<string, string>();

  constructor({ config, logger, archive, count, failpoint }: { config: ExportConfig; logger: Logger; archive: Archive; count: (manifest: Manifest) => void; failpoint: string | undefined }) {
    [this.#config, this.#logger, this.#archive, this.#count, this.#failpoint] = [config, logger, archive, count, failpoint];
  }

  async round(sections: Sections<ExportSection>): Promise<void> {
    for (const what of this.failures.keys()) if (what !== LOG && !sections.has(what)) this.failures.delete(what);
    const end = dayStart(Date.now() - this.#config.EXPORT_GRACE_SECONDS * 1_000).getTime();
    const open = [...sections].filter(([integrationId, section]) => this.#done.get(keyOf(integrationId, section)) !== end);
    if (open.length === 0) return;
    await this.#told(LOG, async () => {
      const closed = await closedFor(this.#config, this.#logger);
      for (const [integrationId, section] of open) {
        const isDone = await this.#told(integrationId, () => this.#integration(integrationId, section, closed));
        if (isDone) this.#done.set(keyOf(integrationId, section), closed.end.getTime());
      }
    });
  }

  async #integration(integrationId: string, section: ExportSection, closed: Closed): Promise<void> {
    for (const chain of chainsOf(section, integrationId, this.#config.ENVIRONMENT)) {
      try {
        await exportChain(sourceFor(this.#archive, section, this.#failpoint), chain, closed, (manifest) => {
          this.#count(manifest);
          this.#logger.info({ integration_id: integrationId, profile: manifest.profile, through: manifest.through, files: manifest.files.length, sequence: manifest.sequence }, 'exported');
        });
      } finally {
        chain.target.close();
      }
    }
  }

  async #told(what: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      this.failures.delete(what);
      return true;
    } catch (error) {
      this.failures.set(what, `${what}: ${messageOf(error)}`);
      this.#logger.warn({ integration_id: what, error: messageOf(error) }, 'not exported; it is tried again');
      return false;
    }
  }
}

const keyOf = (integrationId: string, section: ExportSection): string => JSON.stringify([integrationId, section]);

export function runExportService(env: NodeJS.ProcessEnv): Promise<void> {
  const config = readConfig(serviceSettings, env);
  const logger = createLogger('event-export', config.LOG_LEVEL);
  return runService(logger, async (parts) => {
    logger.info({ config: masked(serviceSettings, config) }, 'starting');
    const metrics = createMetrics('event-export');
    const clickhouse = connectClickHouse(config.CLICKHOUSE_URL);
    parts.push({ name: 'clickhouse', stop: () => clickhouse.close() });
    const destinations = await watchDestinations(config.DESTINATIONS_FILE, exportSection, logger);
    parts.push({
      name: 'destinations',
      stop: () => {
        destinations.close();
        return Promise.resolve();
      },
    });
    const exporter = new Exporter({ config, logger, archive: clickhouse, count: countExported(metrics), failpoint: env['FAILPOINT'] });
    const ready = (): Promise<string | null> => Promise.resolve([...exporter.failures.values()][0] ?? null);
    const health = await startHealthServer(config, metrics, ready, () => destinations.warnings());
    parts.push(health);
    logger.info({ port: health.port }, 'health and metrics');
    parts.push(repeat(() => exporter.round(destinations.all()), config.EXPORT_EVERY_SECONDS * 1_000));
  });
}

/** Again and again, with a pause between the end of one and the begin of the next. An export under way is left as a kill would leave it. */
function repeat(work: () => Promise<void>, pauseMs: number): Stoppable {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const next = async (): Promise<void> => {
    await work();
    if (!stopped) timer = setTimeout(() => void next(), pauseMs);
  };
  void next();
  return {
    name: 'rounds',
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      return Promise.resolve();
    },
  };
}
