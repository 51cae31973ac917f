// PagerDuty's Events API v2. An incident has one dedup_key, so whatever is sent twice is one incident.
import { dedupKey } from '../alert.ts';
import type { PagerDutySettings } from '../section.ts';
import { details, news, severityOf, summary } from '../text.ts';
import { ourFault, type Channel, type ChannelPlace, type Delivery } from './channel.ts';
import type { Step } from '../book.ts';

const LONGEST_SUMMARY = 1_024;
/** Repeats are the business of PagerDuty's own escalation policies. */
const actions: Readonly<Record<Step, string>> = { fired: 'trigger', repeated: 'trigger', acknowledged: 'acknowledge', resolved: 'resolve' };

export function pagerDutyEvent({ step, tracked, now }: Pick<Delivery, 'step' | 'tracked' | 'now'>, { routing_key }: PagerDutySettings, severities: ChannelPlace['section']['severities']): object {
  const last = tracked.at(-1);
  if (last === undefined) throw new Error('nothing to send');
  const { alert, outcome } = last;
  const event = { routing_key, event_action: actions[step], dedup_key: dedupKey(alert) };
  if (step === 'acknowledged' || step === 'resolved') return event;
  const text = [summary(last), news(last, step, now)].filter((part) => part !== '').join(', ');
  return {
    ...event,
    client: 'Ticketstream',
    payload: {
      summary: text.slice(0, LONGEST_SUMMARY), source: `${alert.integrationId}/${alert.ticketId}`, severity: severityOf(alert, severities),
      timestamp: new Date(alert.kind === 'due_soon' ? alert.seenAt : alert.at).toISOString(), group: alert.integrationId, class: alert.metric,
      ...(outcome.queueId === null || outcome.queueId === '' ? {} : { component: outcome.queueId }),
      custom_details: details(last),
    },
  };
}

export function pagerDuty(settings: PagerDutySettings, { name, section, api }: ChannelPlace): Channel {
  const client = api({ name: `PagerDuty ${name}`, baseUrl: settings.url, alsoNotNow: ourFault, answersJson: true });
  return {
    name, isKeyed: true,
    manner: { bundles: 'incidents', groupWaitMs: 0, repeats: false },
    send: async (delivery) => {
      await client.request({ method: 'POST', path: '/v2/enqueue', json: pagerDutyEvent(delivery, settings, section.severities), signal: delivery.signal });
      return undefined;
    },
    check: async () => {
      // The end of an incident that never was: PagerDuty drops it.
      await client.request({ method: 'POST', path: '/v2/enqueue', json: { routing_key: settings.routing_key, event_action: 'resolve', dedup_key: 'ticketstream/check' } });
      return 'PagerDuty takes events of this routing key';
    },
  };
}
