// The questions of infra/questions as a Grafana dashboard for its ClickHouse data source: range, tenant and zone are Grafana's.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { VariableRefresh, type Dashboard, type Panel } from '@grafana/schema';
import { examplesOf } from '../questions/examples.ts';

const questions = fileURLToPath(new URL('../questions/', import.meta.url));
const datasource = { type: 'grafana-clickhouse-datasource', uid: '${datasource}' };
const [WIDTH, HEIGHT] = [12, 9];

/** What Grafana knows by itself; the rest stays at its example. */
const known: Readonly<Record<string, string>> = {
  integration: '${tenant:singlequote}', zone: '${zone:singlequote}',
  from: '$__fromTime', to: '$__toTime', at: '$__toTime',
};

function literal(value: string, type: string): string {
  if (/^(U?Int|Float)/.test(type) || value.startsWith('[')) return value;
  return `'${value}'`;
}

export function grafanaSql(sql: string): string {
  const examples = examplesOf(sql);
  return sql.replaceAll(/^--.*\n/gm, '').replaceAll(/\{(\w+):([^{}]+)\}/g, (_, name: string, type: string) => `CAST(${known[name] ?? literal(examples[name] ?? '', type)}, '${type.replaceAll("'", "\\'")}')`).trim();
}

/** Typed by Grafana's own schema. */
export function grafanaDashboard(): Dashboard {
  const files = readdirSync(questions).filter((name) => name.endsWith('.sql')).sort();
  const panels = files.map((file, index): Panel => {
    const sql = readFileSync(questions + file, 'utf8');
    const [title = file, ...about] = sql.split('\n').filter((line) => line.startsWith('--')).map((line) => line.replace(/^-- ?/, ''));
    return {
      id: index + 1, type: 'table', title: title.replace(/^\d+\. /, ''), description: about.filter((line) => !/^ {2}|^Parameters/.test(line)).join(' '), datasource,
      gridPos: { h: HEIGHT, w: WIDTH, x: (index % 2) * WIDTH, y: Math.floor(index / 2) * HEIGHT },
      fieldConfig: { defaults: {}, overrides: [{ matcher: { id: 'byRegexp', options: '.*_seconds$' }, properties: [{ id: 'unit', value: 's' }] }, { matcher: { id: 'byRegexp', options: '.*(_share|_rate.*|attainment)$' }, properties: [{ id: 'unit', value: 'percentunit' }] }] },
      options: { showHeader: true },
      targets: [{ refId: 'A', datasource, editorType: 'sql', queryType: 'table', format: 1, rawSql: grafanaSql(sql) }],
    };
  });
  return {
    uid: 'ticketstream-desk', title: 'Ticketstream: the desk', tags: ['ticketstream'], schemaVersion: 38, version: 1, timezone: 'browser', editable: true,
    time: { from: 'now-14d', to: 'now' },
    templating: { list: [
      { name: 'datasource', label: 'ClickHouse', type: 'datasource', query: 'grafana-clickhouse-datasource' },
      { name: 'tenant', label: 'Tenant', type: 'query', datasource, query: 'SELECT DISTINCT integration_id FROM queue.tickets ORDER BY integration_id', refresh: VariableRefresh.onDashboardLoad },
      { name: 'zone', label: 'Time zone', type: 'textbox', query: 'Europe/Berlin', current: { text: 'Europe/Berlin', value: 'Europe/Berlin' } },
    ] },
    panels,
  };
}

export const grafanaText = (): string => `${JSON.stringify(grafanaDashboard(), null, 2)}\n`;
