// A POST of JSON to an address of one's own, signed as Standard Webhooks says. A repetition has the same webhook-id.
import { createHash } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { Kind } from '../alert.ts';
import { nothingSent } from '../book.ts';
import type { WebhookSettings } from '../section.ts';
import { summary } from '../text.ts';
import { ourFault, type Channel, type ChannelPlace, type Delivery } from './channel.ts';

const types: Readonly<Record<Kind, string>> = { escalated: 'escalation', due_soon: 'sla_due_soon', missed: 'sla_missed' };
const instant = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

export function webhookMessage({ step, tracked }: Pick<Delivery, 'step' | 'tracked'>, name: string): { readonly id: string; readonly body: string } {
  const [first] = tracked;
  if (first === undefined) throw new Error('nothing to send');
  const { alert, outcome, sent } = first;
  const { repeats } = sent.get(name) ?? nothingSent;
  const id = createHash('sha256').update(JSON.stringify([alert.id, step, step === 'repeated' ? repeats : 0])).digest('hex').slice(0, 32);
  const data = {
    integration_id: alert.integrationId, ticket_id: alert.ticketId, event_id: alert.eventId === '' ? null : alert.eventId, summary: summary(first),
    metric: alert.metric, level: alert.level === '' ? null : alert.level, policy: { id: alert.policyId, name: alert.policyName === '' ? null : alert.policyName },
    threshold_seconds: alert.thresholdSeconds, elapsed_seconds: alert.elapsedSeconds, escalated_to: alert.escalatedTo === '' ? null : alert.escalatedTo,
    queue_id: outcome.queueId, assignee_id: outcome.assigneeId === '' ? null : outcome.assigneeId,
    acknowledged_at: instant(outcome.acknowledgedAt), acknowledged_by: outcome.acknowledgedBy === '' ? null : outcome.acknowledgedBy, over_at: instant(outcome.overAt),
    ...(step === 'repeated' ? { repeat: repeats + 1 } : {}),
  };
  return { id: `msg_${id}`, body: JSON.stringify({ type: `${types[alert.kind]}.${step}`, timestamp: instant(alert.at), data }) };
}

export function webhook(settings: WebhookSettings, { name, api }: ChannelPlace): Channel {
  const client = api({ name: `Webhook ${name}`, baseUrl: settings.url, alsoNotNow: ourFault });
  const signer = new Webhook(settings.signing_secret);
  return {
    name, isKeyed: true,
    manner: { bundles: 'alerts', groupWaitMs: 0, repeats: true },
    send: async (delivery) => {
      const { id, body } = webhookMessage(delivery, name);
      const at = new Date(delivery.now);
      const headers = { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)), 'webhook-signature': signer.sign(id, at, body) };
      await client.request({ method: 'POST', path: '', body, headers, signal: delivery.signal });
      return undefined;
    },
    check: () => Promise.resolve(`Webhook ${name}: its secret can sign; nothing is sent to look`),
  };
}
