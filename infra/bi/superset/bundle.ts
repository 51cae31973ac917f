// A dashboard for Superset as it imports one: datasets with their metrics over the views, charts, and the page that they stand
// on. Ids are made of names, so importing it again replaces what was imported before. JSON is YAML, too.
import { createHash } from 'node:crypto';
import { strToU8, zipSync } from 'fflate';
import type { Described } from '../views.ts';

interface Dataset {
  readonly time: string;
  /** Expressions by name. Never the name of a column: ClickHouse would read the metric where the column is meant. */
  readonly metrics: Readonly<Record<string, string>>;
}

/** By `database.view`. */
export const datasets: Readonly<Record<string, Dataset>> = {
  'queue.tickets': { time: 'created_at', metrics: {
    number_of_tickets: 'count()', answered_share: 'count(first_response_seconds) / count()', first_response_p50_seconds: 'quantileExact(0.5)(first_response_seconds)',
    first_response_p90_seconds: 'quantileExact(0.9)(first_response_seconds)', one_touch_share: 'countIf(is_one_touch = 1) / count(is_one_touch)',
  } },
  'queue.customer_waits': { time: 'waiting_since', metrics: { number_of_waits: 'count()', wait_p90_seconds: "quantileExactIf(0.9)(wait_seconds, ended_by = 'agent_reply')", waiting_now: 'countIf(is_waiting_now = 1)' } },
  'queue.sla_timers': { time: 'due_at', metrics: { judged: "countIf(outcome IN ('met', 'breached'))", breaches: "countIf(outcome = 'breached')", attainment: "countIf(outcome = 'met') / countIf(outcome IN ('met', 'breached'))" } },
  // backlog_end is a level: added over queues of one hour, never over hours.
  'queue.queue_hourly': { time: 'hour', metrics: { tickets_created: 'sum(created)', tickets_solved: 'sum(solved)', flow: 'sum(net_flow)' } },
  'agents.agent_replies': { time: 'replied_at', metrics: { turns: 'count()', waits_ended: 'count(wait_seconds)', customers_wait_p50_seconds: 'quantileExact(0.5)(wait_seconds)', own_wait_p50_seconds: 'quantileExact(0.5)(agent_wait_seconds)' } },
};

interface Chart {
  readonly title: string;
  readonly of: string;
  readonly kind: 'big_number_total' | 'echarts_timeseries_line' | 'echarts_timeseries_bar' | 'table';
  readonly metrics: readonly string[];
  readonly by?: readonly string[];
  /** Of twelve columns. */
  readonly width: number;
}

export const charts: readonly Chart[] = [
  { title: 'Tickets', of: 'queue.tickets', kind: 'big_number_total', metrics: ['number_of_tickets'], width: 3 },
  { title: 'Answered', of: 'queue.tickets', kind: 'big_number_total', metrics: ['answered_share'], width: 3 },
  { title: 'Customers waiting now', of: 'queue.customer_waits', kind: 'big_number_total', metrics: ['waiting_now'], width: 3 },
  { title: 'Promises kept', of: 'queue.sla_timers', kind: 'big_number_total', metrics: ['attainment'], width: 3 },
  { title: 'Created and solved by day', of: 'queue.queue_hourly', kind: 'echarts_timeseries_bar', metrics: ['tickets_created', 'tickets_solved'], width: 6 },
  { title: 'First response by day of arrival', of: 'queue.tickets', kind: 'echarts_timeseries_line', metrics: ['first_response_p50_seconds', 'first_response_p90_seconds', 'answered_share'], width: 6 },
  { title: 'Promises by queue', of: 'queue.sla_timers', kind: 'table', metrics: ['attainment', 'breaches', 'judged'], by: ['metric', 'queue_id_at_end'], width: 6 },
  { title: 'Replies of agents, by both clocks', of: 'agents.agent_replies', kind: 'table', metrics: ['waits_ended', 'customers_wait_p50_seconds', 'own_wait_p50_seconds'], by: ['queue_id', 'agent_id'], width: 6 },
];

const ROOT = 'ticketstream';
const VERSION = '1.0.0';
const ROW_LIMIT = 10_000;
const WIDTH = 12;
const HEIGHT = 50;

/** The same name, the same id. */
function idOf(name: string): string {
  const hex = createHash('sha256').update(`${ROOT} ${name}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const fileName = (title: string): string => title.toLowerCase().replaceAll(/\W+/g, '_');

function datasetFile(name: string, described: readonly Described[]): object {
  const [schema = '', table = ''] = name.split('.');
  const columns = described.filter(({ database, view }) => database === schema && view === table);
  if (columns.length === 0) throw new Error(`ClickHouse has no view ${name}`);
  const { time = '', metrics = {} } = datasets[name] ?? {};
  return {
    table_name: table, schema, main_dttm_col: time, description: columns[0]?.about ?? '', filter_select_enabled: true, uuid: idOf(name), database_uuid: idOf('database'), version: VERSION,
    columns: columns.map(({ column, type, says }) => ({ column_name: column, type, description: says, is_dttm: /DateTime|Date\b/.test(type), groupby: true, filterable: true, is_active: true })),
    metrics: Object.entries(metrics).map(([metric, expression]) => ({ metric_name: metric, verbose_name: metric.replaceAll('_', ' '), expression, d3format: metric.endsWith('share') || metric === 'attainment' ? '.1%' : ',.0f' })),
  };
}

/** What Superset asks for a chart, and how the chart is drawn; a browser would make the first of the second. */
function chartFile({ title, of, kind, metrics, by = [] }: Chart): object {
  const isOverTime = kind.startsWith('echarts_timeseries');
  const { time = '' } = datasets[of] ?? {};
  const alongTime = { timeGrain: 'P1D', columnType: 'BASE_AXIS', sqlExpression: time, label: time, expressionType: 'SQL' };
  const params = {
    viz_type: kind, adhoc_filters: [], row_limit: ROW_LIMIT, time_range: 'No filter',
    ...(kind === 'big_number_total' ? { metric: metrics[0] } : { metrics, groupby: by }),
    ...(isOverTime ? { x_axis: time, time_grain_sqla: 'P1D' } : {}), ...(kind === 'table' ? { query_mode: 'aggregate' } : {}),
  };
  const query = { metrics, columns: [...(isOverTime ? [alongTime] : []), ...by], filters: [], row_limit: ROW_LIMIT, time_range: 'No filter', orderby: isOverTime ? [] : [[metrics[0], false]] };
  return {
    slice_name: title, viz_type: kind, uuid: idOf(title), dataset_uuid: idOf(of), version: VERSION, params,
    query_context: JSON.stringify({ datasource: { id: 0, type: 'table' }, force: false, queries: [query], result_format: 'json', result_type: 'full' }),
  };
}

/** Rows are filled from left to right. */
function rowsOfCharts(): Chart[][] {
  const rows: Chart[][] = [];
  for (const chart of charts) {
    const row = rows.at(-1);
    if (row === undefined || row.reduce((sum, { width }) => sum + width, chart.width) > WIDTH) rows.push([chart]);
    else row.push(chart);
  }
  return rows;
}

function positions(): object {
  const rows = rowsOfCharts();
  const placed = rows.flatMap((row, nth) => {
    const parents = ['ROOT_ID', 'GRID_ID', `ROW-${nth}`];
    const own = row.map(({ title, width }) => ({ type: 'CHART', id: `CHART-${fileName(title)}`, children: [], parents, meta: { chartId: charts.findIndex((chart) => chart.title === title) + 1, uuid: idOf(title), sliceName: title, width, height: HEIGHT } }));
    return [{ type: 'ROW', id: `ROW-${nth}`, children: own.map(({ id }) => id), parents: parents.slice(0, 2), meta: { background: 'BACKGROUND_TRANSPARENT' } }, ...own];
  });
  return {
    DASHBOARD_VERSION_KEY: 'v2', ROOT_ID: { type: 'ROOT', id: 'ROOT_ID', children: ['GRID_ID'] },
    GRID_ID: { type: 'GRID', id: 'GRID_ID', children: rows.map((_, nth) => `ROW-${nth}`), parents: ['ROOT_ID'] },
    ...Object.fromEntries(placed.map((part) => [part.id, part])),
  };
}

function dashboardFile(): object {
  const filter = (name: string, filterType: string, targets: readonly object[]): object => ({
    id: `NATIVE_FILTER-${fileName(name)}`, name, filterType, targets, type: 'NATIVE_FILTER', scope: { rootPath: ['ROOT_ID'], excluded: [] }, cascadeParentIds: [],
    defaultDataMask: { extraFormData: {}, filterState: {} }, controlValues: { enableEmptyFilter: false, multiSelect: false },
  });
  const native = [filter('Tenant', 'filter_select', [{ datasetUuid: idOf('queue.tickets'), column: { name: 'integration_id' } }]), filter('Time', 'filter_time', [{}])];
  return { dashboard_title: 'Ticketstream: the desk', slug: 'ticketstream-desk', published: true, uuid: idOf('dashboard'), version: VERSION, position: positions(), metadata: { native_filter_configuration: native } };
}

/** The connection as Superset's driver names it. */
export const dsnOf = (clickhouseUrl: string, withPassword: boolean): string => {
  const { hostname, port, username, password, protocol } = new URL(clickhouseUrl);
  const secret = withPassword && password !== '' ? `:${password}` : '';
  return `clickhousedb://${username || 'default'}${secret}@${hostname}:${port || (protocol === 'https:' ? '443' : '80')}/queue${protocol === 'https:' ? '?secure=true' : ''}`;
};

/** A zip for `superset import-dashboards`, or its page Import. */
export function supersetBundle(described: readonly Described[], dsn: string): Uint8Array {
  const files: Readonly<Record<string, object>> = {
    'metadata.yaml': { version: VERSION, type: 'Dashboard', timestamp: '2026-11-30T00:00:00+00:00' },
    'databases/ticketstream.yaml': { database_name: 'Ticketstream', sqlalchemy_uri: dsn, uuid: idOf('database'), version: VERSION, expose_in_sqllab: true, allow_dml: false, extra: {} },
    ...Object.fromEntries(Object.keys(datasets).map((name) => [`datasets/ticketstream/${name.replace('.', '_')}.yaml`, datasetFile(name, described)])),
    ...Object.fromEntries(charts.map((chart) => [`charts/${fileName(chart.title)}.yaml`, chartFile(chart)])),
    'dashboards/desk.yaml': dashboardFile(),
  };
  return zipSync(Object.fromEntries(Object.entries(files).map(([name, content]) => [`${ROOT}/${name}`, strToU8(JSON.stringify(content, null, 2))])));
}
