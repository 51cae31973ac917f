// Arrivals by first queue and UTC hour, their seasonal-naive forecast (the same hour one week
// before), how wrong it was, and the agents that the forecast takes.
import type { Row } from './events.ts';
import type { Rules } from './config.ts';
import { integrationsOf } from './agents.ts';
import { answeredWithin, erlangC } from './erlang.ts';
import { share, sum } from './figures.ts';
import type { Timeline } from './timeline.ts';

const hour = 3_600_000;
const week = 168 * hour;

interface Arrived {
  timeline: Timeline;
  queue: string;
  hour: number;
}

interface ForecastHour {
  hour: number;
  /** Null until the hour is over. */
  arrivals: number | null;
  /** Null in the first week. */
  forecast: number | null;
}

interface QueueForecast {
  integration_id: string;
  queue_id: string;
  tickets: Timeline[];
  hours: ForecastHour[];
  /** Those that are over and have a forecast. */
  compared: { arrivals: number; forecast: number }[];
}

function arrivedOf(tenant: readonly Timeline[]): Arrived[] {
  return tenant.map((timeline) => ({
    timeline,
    queue: timeline.steps.find((s) => s.after.queue !== '')?.after.queue ?? '',
    hour: Math.floor(timeline.created_at / hour) * hour,
  }));
}

function queueForecast(queue_id: string, arrived: readonly Arrived[], now: number): QueueForecast {
  const own = arrived.filter((a) => a.queue === queue_id);
  const arrivalsIn = (at: number): number => own.filter((a) => a.hour === at).length;
  const first = Math.min(...arrived.map((a) => a.hour));
  // While the log stands still, silence is no quiet hour: an hour is over when something later has come.
  const heard = Math.min(now, Math.max(...arrived.map((a) => a.timeline.steps.at(-1)?.at ?? 0)));
  const hours: ForecastHour[] = [];
  for (let at = first; at <= now + week; at += hour) {
    hours.push({ hour: at, arrivals: at + hour > heard ? null : arrivalsIn(at), forecast: at < first + week ? null : arrivalsIn(at - week) });
  }
  const compared = hours.flatMap(({ arrivals, forecast }) => (arrivals === null || forecast === null ? [] : [{ arrivals, forecast }]));
  return { integration_id: own[0]?.timeline.integration_id ?? '', queue_id, tickets: own.map((a) => a.timeline), hours, compared };
}

function forecasts(timelines: readonly Timeline[], now: number): QueueForecast[] {
  return integrationsOf(timelines).flatMap((id) => {
    const arrived = arrivedOf(timelines.filter((t) => t.integration_id === id));
    return [...new Set(arrived.map((a) => a.queue))].map((queue) => queueForecast(queue, arrived, now));
  });
}

const absoluteError = ({ compared }: QueueForecast): number => sum(compared.map((c) => Math.abs(c.forecast - c.arrivals)));

const wapeOf = (queue: QueueForecast): number | null => share(absoluteError(queue), sum(queue.compared.map((c) => c.arrivals)));

export function arrivalsForecastRows(timelines: readonly Timeline[], rules: Rules): Row[] {
  return forecasts(timelines, rules.now).flatMap((queue) => queue.hours.map(({ hour: at, arrivals, forecast }): Row => ({
    integration_id: queue.integration_id,
    queue_id: queue.queue_id,
    hour: at,
    arrivals,
    forecast,
    forecast_error: forecast === null || arrivals === null ? null : forecast - arrivals,
    wape: wapeOf(queue),
  })));
}

export function forecastErrorRows(timelines: readonly Timeline[], rules: Rules): Row[] {
  return forecasts(timelines, rules.now).map((queue) => {
    const [arrivals, forecast] = [sum(queue.compared.map((c) => c.arrivals)), sum(queue.compared.map((c) => c.forecast))];
    return {
      integration_id: queue.integration_id,
      queue_id: queue.queue_id,
      hours: queue.compared.length,
      arrivals,
      forecast,
      absolute_error: absoluteError(queue),
      wape: wapeOf(queue),
      bias: share(forecast - arrivals, arrivals),
    };
  });
}

export interface ServicePromise {
  liveChannelTypes: readonly string[];
  handleSeconds: number;
  withinSeconds: number;
  targetShare: number;
}

/** The fewest agents with whom the promise is kept. */
function agentsFor(load: number, promise: ServicePromise): number {
  let agents = 0;
  while (answeredWithin(load, agents, promise.withinSeconds / promise.handleSeconds) < promise.targetShare) agents += 1;
  return agents;
}

export function agentsNeededRows(timelines: readonly Timeline[], rules: Rules, promise: ServicePromise): Row[] {
  return forecasts(timelines, rules.now).flatMap((queue) => {
    const live = queue.tickets.filter((t) => promise.liveChannelTypes.includes(t.creation?.channel.type ?? ''));
    const live_share = live.length / queue.tickets.length;
    return queue.hours.flatMap(({ hour: at, arrivals, forecast }): Row[] => {
      if (forecast === null) return [];
      const load = (forecast * live_share * promise.handleSeconds) / 3600;
      const agents_needed = agentsFor(load, promise);
      return [{
        integration_id: queue.integration_id,
        queue_id: queue.queue_id,
        hour: at,
        forecast,
        arrivals,
        wape: wapeOf(queue),
        live_share,
        live_contacts: forecast * live_share,
        load,
        agents_needed,
        wait_probability: erlangC(load, agents_needed),
        service_level: answeredWithin(load, agents_needed, promise.withinSeconds / promise.handleSeconds),
        occupancy: share(load, agents_needed),
      }];
    });
  });
}
