// The metric catalogue and the views say the same: a metric whose column is gone would drop out
// of the catalogue silently, and a metric that nobody listed would be missing from it.
import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { closeClients, query } from '../system/support.ts';

afterAll(closeClients);

const source = readFileSync(new URL('../../infra/clickhouse/06-metric-catalog.sql', import.meta.url), 'utf8');
const listed = [...source.matchAll(/^\s+\('(\w+)', '(\w+)', '(\w+)', '(\w+)', '/gm)].map(([, name = '', database = '', view = '', column = '']) => ({ name, view: `${database}.${view}`, column }));

interface Metric {
  name: string;
  view: string;
  column: string;
  type: string;
  definition: string;
  anchor_column: string;
  actor_rule: string;
  clock: string;
  null_rule: string;
}

const catalog = await query<Metric>('SELECT * FROM config.metric_catalog');
const columns = await query<{ view: string; column: string; type: string; comment: string }>(`
  SELECT concat(database, '.', table) AS view, name AS column, type, comment FROM system.columns WHERE database IN ('queue', 'agents')`);

test('every metric that is listed has its column, once', () => {
  expect(listed.length).toBeGreaterThan(30);
  const key = (metric: { name: string; view: string; column: string }): string => `${metric.name} = ${metric.view}.${metric.column}`;
  expect(catalog.map(key).sort()).toStrictEqual(listed.map(key).sort());
  expect(new Set(catalog.map(({ name }) => name)).size).toBe(catalog.length);
});

test('a definition and a type are those of the column', () => {
  for (const metric of catalog) {
    const ofView = columns.filter(({ view }) => view === metric.view);
    // system.columns knows none of a view with parameters.
    if (ofView.length > 0) {
      const column = ofView.find(({ column: name }) => name === metric.column);
      expect([metric.definition, metric.type], metric.name).toStrictEqual([column?.comment, column?.type]);
    }
    expect(metric.definition.length > 3 && metric.actor_rule !== '' && metric.clock !== '' && metric.anchor_column !== '', metric.name).toBe(true);
  }
});

test('a metric that can be NULL says when', () => {
  const silent = catalog.filter(({ type, definition, null_rule: rule }) => type.startsWith('Nullable') && rule === '' && !definition.startsWith('The same'));
  expect(silent.map(({ name }) => name)).toStrictEqual([]);
});

test('every duration, share and rate of a view at its own grain is in the catalogue, by either clock', () => {
  const grains = ['queue.tickets', 'queue.customer_waits', 'queue.ticket_resolutions', 'queue.escalations', 'agents.ticket_assignments', 'agents.agent_replies', 'agents.agent_sessions'];
  const known = new Set(catalog.map(({ column }) => column));
  const derived = new Set(['elapsed_seconds', 'threshold_seconds', 'handle_seconds_per_ticket']);
  const missing = columns.filter(({ view, column }) => grains.includes(view) && /_(seconds|share|rate_7d)$/.test(column) && !known.has(column) && !derived.has(column));
  expect(missing.map(({ view, column }) => `${view}.${column}`)).toStrictEqual([]);
});
