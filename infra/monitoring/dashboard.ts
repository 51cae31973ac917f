// The Grafana dashboard, as code: `npm run monitoring -- dashboard` writes dashboard.json from it. Rows follow the golden
// signals: traffic and errors at the door, latency, how far behind, saturation.
import { VariableRefresh, type Dashboard, type Panel as GrafanaPanel, type RowPanel } from '@grafana/schema';

interface Query {
  readonly expr: string;
  readonly legend: string;
}

interface Panel {
  readonly title: string;
  /** Grafana's name of it: reqps, percentunit, s, bytes, short. */
  readonly unit: string;
  readonly says: string;
  readonly queries: readonly Query[];
}

const of = (service = '$service'): string => `service=~"${service}"`;
const quantiles = (metric: string): Query[] => [0.5, 0.95, 0.99].map((share) => ({
  expr: `histogram_quantile(${share}, sum by (le) (rate(${metric}_bucket{${of()}}[$__rate_interval])))`, legend: `p${share * 100}`,
}));

export const rows: readonly { readonly title: string; readonly panels: readonly Panel[] }[] = [
  { title: 'Is all well?', panels: [
    { title: 'Ready', unit: 'short', says: '1 is ready. /health/ready says why not.', queries: [{ expr: `ticketstream_ready{${of()}}`, legend: '{{service}}' }] },
    { title: 'Warnings', unit: 'short', says: 'What is amiss although the service works.', queries: [{ expr: `ticketstream_warnings{${of()}}`, legend: '{{service}}' }] },
    { title: 'Partitions held', unit: 'short', says: 'Waiting behind poison, or for something that is away.', queries: [{ expr: `ticketstream_held_partitions{${of()}}`, legend: '{{service}} {{cause}}' }] },
    { title: 'Reconcile: findings', unit: 'short', says: 'Of the last comparison of the log with the tables; not repaired.', queries: [{ expr: 'sum by (kind) (ticketstream_reconcile_findings)', legend: '{{kind}}' }] },
    { title: 'Failed tickets', unit: 'short', says: 'Facts that could not be computed.', queries: [{ expr: `ticketstream_failed_tickets{${of()}}`, legend: '{{service}}' }] },
  ] },
  { title: 'The door: traffic and errors', panels: [
    { title: 'Answers by outcome', unit: 'reqps', says: 'All answers to senders.', queries: [{ expr: 'sum by (status, outcome) (rate(ticketstream_webhooks_total[$__rate_interval]))', legend: '{{status}} {{outcome}}' }] },
    { title: 'Share answered 5xx', unit: 'percentunit', says: 'Of authentic webhooks. The objective is 0.1 % over 30 days.', queries: [
      { expr: 'ticketstream:webhooks_failed:ratio_rate5m', legend: '5 m' }, { expr: 'ticketstream:webhooks_failed:ratio_rate1h', legend: '1 h' }] },
    { title: 'Signatures by key', unit: 'reqps', says: 'A key that verifies nothing any more can be removed. The log names the keys of each integration.', queries: [{ expr: 'sum by (kid, result) (rate(ticketstream_signatures_total[$__rate_interval]))', legend: '{{kid}} {{result}}' }] },
    { title: 'Quarantined by reason', unit: 'short', says: 'In the last hour.', queries: [{ expr: 'sum by (service, reason) (increase(ticketstream_quarantined_total[1h]))', legend: '{{service}} {{reason}}' }] },
    { title: 'Versions that are not listed', unit: 'short', says: 'In the last hour; accepted, since they validate.', queries: [{ expr: 'sum by (event_type, version) (increase(ticketstream_unlisted_versions_total[1h]))', legend: '{{event_type}} {{version}}' }] },
  ] },
  { title: 'Latency', panels: [
    { title: 'From the request to the 200', unit: 's', says: 'Kafka\'s acknowledgement included.', queries: quantiles('ticketstream_ack_seconds').map(({ expr, legend }) => ({ expr: expr.replace(`{${of()}}`, ''), legend })) },
    { title: 'From the log to what counts', unit: 's', says: 'Of the oldest record of each batch.', queries: quantiles('ticketstream_freshness_seconds') },
    { title: 'Flush', unit: 's', says: 'Landing, facts and offsets of what was read together.', queries: quantiles('ticketstream_flush_seconds') },
    { title: 'Steps of a flush', unit: 's', says: 'Mean seconds of each step in a flush.', queries: [{ expr: `sum by (service, step) (rate(ticketstream_flush_step_seconds_total{${of()}}[$__rate_interval])) / ignoring(step) group_left() sum by (service) (rate(ticketstream_flush_seconds_count{${of()}}[$__rate_interval]))`, legend: '{{service}} {{step}}' }] },
    { title: 'A consumer\'s handler', unit: 's', says: 'One try of one event.', queries: quantiles('ticketstream_consumer_handle_seconds') },
  ] },
  { title: 'How far behind', panels: [
    { title: 'Oldest event that is not done', unit: 's', says: 'By the slowest partition; exports and integrations too.', queries: [{ expr: `max by (service) (ticketstream_lag_seconds{${of()}})`, legend: '{{service}}' }] },
    { title: 'Records behind', unit: 'short', says: 'Of the whole consumer group.', queries: [{ expr: `sum by (service) (max by (service, partition) (ticketstream_lag_records{${of()}}))`, legend: '{{service}}' }] },
    { title: 'Records by outcome', unit: 'cps', says: 'What the projections read.', queries: [{ expr: `sum by (service, outcome) (rate(ticketstream_records_total{${of()}}[$__rate_interval]))`, legend: '{{service}} {{outcome}}' }] },
    { title: 'Events by outcome', unit: 'cps', says: 'What the consumers handled.', queries: [{ expr: `sum by (service, outcome) (rate(ticketstream_consumer_events_total{${of()}}[$__rate_interval]))`, legend: '{{service}} {{outcome}}' }] },
    { title: 'Tries that failed', unit: 'cps', says: 'Flushes by error code, handlers by cause.', queries: [
      { expr: `sum by (service, code) (rate(ticketstream_flush_failures_total{${of()}}[$__rate_interval]))`, legend: '{{service}} {{code}}' },
      { expr: `sum by (service, cause) (rate(ticketstream_consumer_retries_total{${of()}}[$__rate_interval]))`, legend: '{{service}} {{cause}}' }] },
    { title: 'Tickets computed', unit: 'cps', says: 'Facts of a ticket are computed anew whenever it is touched.', queries: [{ expr: `sum by (service) (rate(ticketstream_facts_recomputed_total{${of()}}[$__rate_interval]))`, legend: '{{service}}' }] },
  ] },
  { title: 'Saturation', panels: [
    { title: 'Memory', unit: 'bytes', says: 'Resident.', queries: [{ expr: `process_resident_memory_bytes{${of()}}`, legend: '{{service}}' }] },
    { title: 'CPU', unit: 'percentunit', says: 'Of one core.', queries: [{ expr: `rate(process_cpu_seconds_total{${of()}}[$__rate_interval])`, legend: '{{service}}' }] },
    { title: 'Event loop lag', unit: 's', says: 'p99; what takes long keeps all others waiting. An idle one shows 0.05.', queries: [{ expr: `nodejs_eventloop_lag_p99_seconds{${of()}}`, legend: '{{service}}' }] },
    { title: 'Open descriptors', unit: 'short', says: 'Files and sockets.', queries: [{ expr: `process_open_fds{${of()}}`, legend: '{{service}}' }] },
    { title: 'Connections', unit: 'short', says: 'To the port of each service.', queries: [{ expr: `ticketstream_http_connections{${of()}}`, legend: '{{service}}' }] },
    { title: 'Events that wait for Kafka', unit: 'short', says: 'At 10,000 the door answers 503.', queries: [{ expr: 'ticketstream_waiting_events', legend: '{{instance}}' }] },
    { title: 'Schema registry', unit: 'short', says: 'Reachable, and ids that it has wrong.', queries: [
      { expr: `min(ticketstream_registry_reachable{${of()}})`, legend: 'reachable' }, { expr: `max by (finding) (ticketstream_registry_wrong_schemas{${of()}})`, legend: '{{finding}}' }] },
  ] },
];

const datasource = { type: 'prometheus', uid: '${datasource}' };
/** The formats are its data source's, which the schema does not know. */
const alerts = {
  name: 'Alerts', enable: true, iconColor: 'red', datasource, target: { refId: 'Alerts', expr: 'ALERTS{alertstate="firing"}' }, titleFormat: '{{alertname}}', textFormat: '{{service}}',
};
const [COLUMNS, WIDTH, HEIGHT] = [24, 6, 7];

/** Typed by Grafana's own schema. */
export function dashboard(): Dashboard {
  let [id, y] = [0, 0];
  const panels = rows.flatMap(({ title, panels: inRow }) => {
    const row: RowPanel = { id: ++id, type: 'row', title, collapsed: false, panels: [], gridPos: { h: 1, w: COLUMNS, x: 0, y } };
    const perLine = COLUMNS / WIDTH;
    const placed = inRow.map(({ title: name, unit, says, queries }, index): GrafanaPanel => ({
      id: ++id, type: 'timeseries', title: name, description: says, datasource,
      gridPos: { h: HEIGHT, w: WIDTH, x: (index % perLine) * WIDTH, y: y + 1 + Math.floor(index / perLine) * HEIGHT },
      fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
      options: { legend: { displayMode: 'list', placement: 'bottom', showLegend: true }, tooltip: { mode: 'multi', sort: 'desc' } },
      targets: queries.map(({ expr, legend }, place) => ({ refId: String.fromCharCode(65 + place), datasource, expr, legendFormat: legend })),
    }));
    y += 1 + Math.ceil(inRow.length / perLine) * HEIGHT;
    return [row, ...placed];
  });
  return {
    uid: 'ticketstream', title: 'Ticketstream', tags: ['ticketstream'], schemaVersion: 38, version: 1, timezone: 'utc', editable: true, refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: { list: [
      { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' },
      { name: 'service', label: 'Service', type: 'query', datasource, query: 'label_values(ticketstream_ready, service)', refresh: VariableRefresh.onTimeRangeChanged, includeAll: true, multi: true, current: { text: 'All', value: '$__all' } },
    ] },
    annotations: { list: [alerts] },
    panels,
  };
}

export const dashboardText = (): string => `${JSON.stringify(dashboard(), null, 2)}\n`;
