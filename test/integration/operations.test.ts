// A real Prometheus watches the running services with our configuration, and says so when one is gone.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rows } from '../../infra/monitoring/dashboard.ts';
import { folder, missingForPrometheus, prometheusPrograms, startPrometheus, type Prometheus } from '../../infra/monitoring/prometheus.ts';
import { newDataFolder } from '../system/data-folder.ts';
import { freePorts } from '../system/free-ports.ts';
import { control, environment, eventually, landed, newTicketId, send, ticket } from '../system/support.ts';

const services = Object.entries(environment.healthUrls);
const page = async (url: string): Promise<string> => (await fetch(`${url}/metrics`)).text();
const namesIn = (text: string): string[] => [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name = '']) => name);

it('the table of metrics is what the running services tell', async () => {
  const table = [...(await readFile(join(folder, 'METRICS.md'), 'utf8')).matchAll(/^\| `(\w+)` \| \w+ \| .*? \| (.*?) \|/gm)].map(([, name = '', where = '']) => ({ name, where }));
  for (const [service, url] of services) {
    const kind = ['ingress', 'dashboard'].includes(service) ? service : 'projections';
    const wanted = table.filter(({ where }) => where === 'all' || where.includes(kind)).map(({ name }) => name);
    expect(namesIn(await page(url)).sort(), service).toStrictEqual(wanted.sort());
  }
});

const missing = await missingForPrometheus(process.env);
describe.skipIf(missing !== null)(`Prometheus${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  let prometheus: Prometheus | undefined;
  let [programs, dir] = ['', ''];
  beforeAll(async () => {
    programs = await prometheusPrograms(process.env);
    dir = await newDataFolder();
    const [port = 0] = await freePorts(1);
    prometheus = await startPrometheus({
      programs, dir, port, targets: services.map(([, url]) => new URL(url).host),
      // As ours, but that nothing takes minutes.
      edit: (_file, text) => text.replaceAll(/(scrape_interval|evaluation_interval): \w+/g, '$1: 250ms').replaceAll(/for: \d+m/g, 'for: 250ms'),
    });
  });
  afterAll(async () => {
    await prometheus?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  async function ask<T>(path: string): Promise<T> {
    const answer = (await (await fetch(`${prometheus?.url ?? ''}/api/v1/${path}`)).json()) as { status: string; error?: string; data: T };
    expect(answer.status, `${path}: ${answer.error ?? ''}`).toBe('success');
    return answer.data;
  }
  const query = (expr: string) => ask<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(`query?query=${encodeURIComponent(expr)}`);
  const firing = async (): Promise<string[]> => (await query('ALERTS{alertstate="firing"}')).result.map(({ metric }) => `${metric['alertname'] ?? ''} ${metric['instance'] ?? ''}`);

  it('sees all services, loads all rules, and follows an event through the pipeline', async () => {
    await eventually(async () => {
      const { activeTargets } = await ask<{ activeTargets: { health: string }[] }>('targets');
      return activeTargets.length === services.length && activeTargets.every(({ health }) => health === 'up') ? true : null;
    }, 'all targets up');
    const { groups } = await ask<{ groups: { rules: { health: string; lastError?: string }[] }[] }>('rules');
    expect(groups.flatMap(({ rules }) => rules).length).toBeGreaterThan(20);
    const id = newTicketId();
    expect((await send(ticket(id).created('2026-03-02T09:00:00.000Z'))).status).toBe(200);
    await landed(id, 1);
    await eventually(async () => ((await query('ticketstream_freshness_seconds_count{service="queue-analytics"} > 0 and on() (sum(ticketstream_lag_records) == 0)')).result.length > 0 ? true : null), 'the event in Prometheus');
    expect((await query('sum(ticketstream_webhooks_total{outcome="accepted"})')).result.length).toBe(1);
  });

  it('is started on the stack of the data folder by npm run monitoring, and ends with it', async () => {
    const [port = 0] = await freePorts(1);
    const child = spawn(process.execPath, ['infra/start/run.mjs', join(folder, 'monitoring.ts'), 'start', '--port', String(port)], { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = once(child, 'exit');
    const targets = await eventually(async () => {
      const { data } = (await (await fetch(`http://127.0.0.1:${port}/api/v1/targets`)).json()) as { data: { activeTargets: { labels: { instance: string } }[] } };
      return data.activeTargets.length > 0 ? data.activeTargets.map(({ labels }) => labels.instance) : null;
    }, 'its targets');
    expect(targets.sort()).toStrictEqual(services.map(([, url]) => new URL(url).host).sort());
    child.kill('SIGTERM');
    expect(await ended).toStrictEqual([0, null]);
    await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow();
  });

  it('answers every query of the dashboard', async () => {
    for (const { title, queries } of rows.flatMap(({ panels }) => panels)) {
      for (const { expr } of queries) expect(await query(expr.replaceAll('$service', '.+').replaceAll('$__rate_interval', '1m')), title).toBeTruthy();
    }
  });

  it('finds nothing to mend in the names and help texts of the running services', async () => {
    for (const [service, url] of services) {
      const text = await page(url);
      const told = await new Promise<string>((resolve) => execFile(join(programs, 'promtool'), ['check', 'metrics'], (_error, stdout, stderr) => resolve(stdout + stderr)).stdin?.end(text));
      expect(told, service).toBe('');
    }
  });

  it('raises the alert when a consumer is stopped, and drops it when it is back', async () => {
    const [, url = ''] = services.find(([name]) => name === 'event-archive') ?? [];
    const gone = `ServiceDown ${new URL(url).host}`;
    expect(await firing()).not.toContain(gone);
    await control({ action: 'stop', name: 'event-archive' });
    try {
      await eventually(async () => ((await firing()).includes(gone) ? true : null), 'the alert');
    } finally {
      await control({ action: 'start', name: 'event-archive' });
    }
    await eventually(async () => ((await firing()).includes(gone) ? null : true), 'the alert is gone');
  });
});
