// What each service does just now, by what it tells of itself: ready or why not, how far behind the log, what it has done since
// it started. Asked when somebody looks, for all who look within a second.
import { shared } from '../runtime/shared-work.ts';
import type { ServiceState } from './answer.ts';

interface Sample {
  readonly name: string;
  readonly outcome: string;
  readonly value: number;
}

const DEADLINE_MS = 2_000;
const LOOKS_PER_SECOND = 1;
const COUNTED = new Set(['ticketstream_consumer_events_total', 'ticketstream_records_total', 'ticketstream_webhooks_total']);

const samplesOf = (page: string): Sample[] => [...page.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = '', labels = '', value = '']) =>
  ({ name, outcome: /(?:^|,)outcome="([^"]*)"/.exec(labels)?.[1] ?? '', value: Number(value) }));

const away = (service: string): ServiceState => ({ service, state: 'away', amiss: [], lag_records: null, lag_seconds: null, held_partitions: 0, outcomes: {} });

function outcomesOf(samples: readonly Sample[]): Record<string, number> {
  const outcomes: Record<string, number> = {};
  for (const { name, outcome, value } of samples) if (COUNTED.has(name)) outcomes[outcome] = (outcomes[outcome] ?? 0) + value;
  return outcomes;
}

async function stateOf(service: string, url: string): Promise<ServiceState> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const [ready, metrics] = await Promise.all(['/health/ready', '/metrics'].map((path) => fetch(url + path, { signal, redirect: 'error' })));
  const { reason, warnings = [] } = (await ready?.json()) as { reason?: string; warnings?: string[] };
  const samples = samplesOf(metrics?.ok === true ? await metrics.text() : '');
  const valuesOf = (wanted: string): number[] => samples.filter(({ name }) => name === wanted).map(({ value }) => value);
  const [lags, ages] = [valuesOf('ticketstream_lag_records'), valuesOf('ticketstream_lag_seconds')];
  return {
    service, state: ready?.ok === true ? 'ready' : 'not_ready', amiss: [...(reason === undefined ? [] : [reason]), ...warnings],
    lag_records: lags.length === 0 ? null : lags.reduce((sum, lag) => sum + lag, 0), lag_seconds: ages.length === 0 ? null : Math.max(...ages),
    held_partitions: valuesOf('ticketstream_held_partitions').reduce((sum, held) => sum + held, 0), outcomes: outcomesOf(samples),
  };
}

/** `name=url` of each, as DASHBOARD_SERVICES says. @throws Error that says what is wrong. */
export function servicesIn(list: readonly string[]): ReadonlyMap<string, string> {
  return new Map(list.map((item) => {
    const [, name, url = ''] = /^([\w-]+)=(.+)$/.exec(item) ?? [];
    if (name === undefined || !URL.canParse(url)) throw new Error(`${item} is not name=url`);
    return [name, url.replace(/\/+$/, '')];
  }));
}

/** Of all services, in the order given. */
export const serviceStates = (services: ReadonlyMap<string, string>): (() => Promise<readonly ServiceState[]>) =>
  shared(LOOKS_PER_SECOND, () => Promise.all([...services].map(([name, url]) => stateOf(name, url).catch(() => away(name)))));
