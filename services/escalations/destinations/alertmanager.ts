// Prometheus's Alertmanager, API v2. It knows an alert by its labels, keeps alerts in memory only, and ends one that nobody
// renews: so all that is open is sent again each minute, and an end is given that outlasts a restart of ours.
import type { AlertmanagerSettings } from '../section.ts';
import type { Tracked } from '../book.ts';
import type { Kind } from '../alert.ts';
import { context, details, news, severityOf, summary } from '../text.ts';
import { ourFault, type Channel, type ChannelPlace } from './channel.ts';

const RENEW_EVERY_MS = 60_000;
const MOST_AT_ONCE = 1_000;
/** When an alert ends though nobody said so: this service has been gone for so long. */
const LASTS_MS = 3_600_000;

const names: Readonly<Record<Kind, string>> = { escalated: 'TicketEscalated', due_soon: 'SlaDueSoon', missed: 'SlaBreachNotEscalated' };

export function postableAlert(tracked: Tracked, { settings, severities, now }: { settings: AlertmanagerSettings; severities: ChannelPlace['section']['severities']; now: number }): object {
  const { alert, outcome } = tracked;
  const { integration_id, ticket_id, policy_id, metric, level, queue_id = '', assignee_id = '' } = details(tracked);
  // A CRM's clock may be ahead: then it began, and is over, when we heard of it.
  const startsAt = alert.kind === 'due_soon' ? alert.seenAt : Math.min(alert.at, alert.seenAt);
  // Alertmanager refuses an end that isn't after the start.
  const endsAt = outcome.overAt === null ? now + LASTS_MS : Math.max(Math.min(outcome.overAt, now), startsAt + 1);
  // An alert is its labels, so nothing that changes is one.
  const labels = { ...settings.labels, alertname: names[alert.kind], severity: severityOf(alert, severities), integration_id, ticket_id, policy_id, metric, level };
  const annotations = {
    summary: summary(tracked), description: context(tracked), queue_id, assignee_id,
    acknowledged: outcome.acknowledgedAt === null ? '' : news(tracked, 'acknowledged', now),
  };
  const filled = (all: Readonly<Record<string, string | undefined>>): object => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== ''));
  return { labels: filled(labels), annotations: filled(annotations), startsAt: new Date(startsAt).toISOString(), endsAt: new Date(endsAt).toISOString() };
}

export function alertmanager(settings: AlertmanagerSettings, { name, section, api }: ChannelPlace): Channel {
  const client = api({ name: `Alertmanager ${name}`, baseUrl: settings.url, alsoNotNow: ourFault });
  const post = async (tracked: readonly Tracked[], { now, signal }: { now: number; signal: AbortSignal }): Promise<undefined> => {
    const json = tracked.map((one) => postableAlert(one, { settings, severities: section.severities, now }));
    await client.request({ method: 'POST', path: '/api/v2/alerts', json, signal });
  };
  return {
    name, isKeyed: true,
    manner: { bundles: 'everything', groupWaitMs: 0, repeats: false },
    send: (delivery) => post(delivery.tracked, delivery),
    check: async () => {
      const { versionInfo } = (await client.request({ method: 'GET', path: '/api/v2/status' })).body as { versionInfo?: { version?: string } };
      return `Alertmanager answers, version ${versionInfo?.version ?? 'unknown'}`;
    },
    renew: {
      everyMs: RENEW_EVERY_MS,
      send: async (open, at) => {
        for (let from = 0; from < open.length; from += MOST_AT_ONCE) await post(open.slice(from, from + MOST_AT_ONCE), at);
      },
    },
  };
}
