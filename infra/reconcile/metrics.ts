// The same on a schedule: what the last run found, for Prometheus.
import { Counter, Gauge, type Registry } from 'prom-client';
import { isNote, kinds, type Kind, type Report } from './findings.ts';

export interface RunMetrics {
  /** @param report of the run; null when it could not look. */
  readonly ended: (report: Report | null, seconds: number) => void;
}

export function createRunMetrics(registry: Registry): RunMetrics {
  const registers = [registry];
  const findings = new Gauge({ name: 'ticketstream_reconcile_findings', help: 'Findings of the last run that are not repaired, by kind', labelNames: ['kind'], registers });
  const conflicts = new Gauge({ name: 'ticketstream_reconcile_conflicts', help: 'Events with copies of different bodies that the last run saw; the first one counts', registers });
  const repaired = new Counter({ name: 'ticketstream_reconcile_repaired_total', help: 'Findings that were repaired, by kind', labelNames: ['kind'], registers });
  const lastRun = new Gauge({ name: 'ticketstream_reconcile_last_run_timestamp_seconds', help: 'When the last run ended that could look at everything, seconds since 1970', registers });
  const duration = new Gauge({ name: 'ticketstream_reconcile_last_run_duration_seconds', help: 'How long the last run took', registers });
  const looked = new Gauge({ name: 'ticketstream_reconcile_last_run_looked', help: '1 when the last run could look at everything, 0 when Kafka, the registry or ClickHouse did not answer', registers });
  const names = (Object.keys(kinds) as Kind[]).filter((kind) => !isNote({ kind }));
  return {
    ended: (report, seconds) => {
      looked.set(report === null ? 0 : 1);
      duration.set(seconds);
      if (report === null) return;
      lastRun.set(Math.floor(Date.now() / 1_000));
      conflicts.set(report.found.get('conflict') ?? 0);
      for (const kind of names) {
        findings.set({ kind }, (report.found.get(kind) ?? 0) - (report.repaired.get(kind) ?? 0));
        repaired.inc({ kind }, report.repaired.get(kind) ?? 0);
      }
    },
  };
}
