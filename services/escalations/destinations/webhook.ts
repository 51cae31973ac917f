// Each step of each alert as a signed POST: what its body says, and by which id its receiver knows a repetition.
import { SignedWebhook, webhookId, type WebhookMessage, type WebhookSettings } from '../../destinations/signed-webhook.ts';
import type { Kind } from '../alert.ts';
import { nothingSent } from '../book.ts';
import { summary } from '../text.ts';
import type { Channel, ChannelPlace, Delivery } from './channel.ts';

const types: Readonly<Record<Kind, string>> = { escalated: 'escalation', due_soon: 'sla_due_soon', missed: 'sla_missed' };
const instant = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

export function webhookMessage({ step, tracked }: Pick<Delivery, 'step' | 'tracked'>, name: string): WebhookMessage {
  const [first] = tracked;
  if (first === undefined) throw new Error('nothing to send');
  const { alert, outcome, sent } = first;
  const { repeats } = sent.get(name) ?? nothingSent;
  const data = {
    integration_id: alert.integrationId, ticket_id: alert.ticketId, event_id: alert.eventId === '' ? null : alert.eventId, summary: summary(first),
    metric: alert.metric, level: alert.level === '' ? null : alert.level, policy: { id: alert.policyId, name: alert.policyName === '' ? null : alert.policyName },
    threshold_seconds: alert.thresholdSeconds, elapsed_seconds: alert.elapsedSeconds, escalated_to: alert.escalatedTo === '' ? null : alert.escalatedTo,
    queue_id: outcome.queueId, assignee_id: outcome.assigneeId === '' ? null : outcome.assigneeId,
    acknowledged_at: instant(outcome.acknowledgedAt), acknowledged_by: outcome.acknowledgedBy === '' ? null : outcome.acknowledgedBy, over_at: instant(outcome.overAt),
    ...(step === 'repeated' ? { repeat: repeats + 1 } : {}),
  };
  return { id: webhookId([alert.id, step, step === 'repeated' ? repeats : 0]), type: `${types[alert.kind]}.${step}`, at: new Date(alert.at), data };
}

export function webhook(settings: WebhookSettings, { name, api }: ChannelPlace): Channel {
  const hook = new SignedWebhook(settings, { name: `Webhook ${name}`, api });
  return {
    name, isKeyed: true,
    manner: { bundles: 'alerts', groupWaitMs: 0, repeats: true },
    send: async (delivery) => {
      await hook.post(webhookMessage(delivery, name), delivery.signal);
      return undefined;
    },
    check: () => Promise.resolve('the webhook’s secret can sign; nothing is sent to look'),
  };
}
