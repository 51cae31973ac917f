// Posts every escalation to an HTTP address as JSON: to a pager, a chat, an automation. The
// receiver may get one twice (after a crash or a lost answer), with the same Idempotency-Key; traceparent lets it go on with
// the event's trace.
import { ticketEvents } from '../../schemas/events.ts';
import { defineConsumer, reject, retryLater } from '../runtime/consumer.ts';
import { url } from '../runtime/config.ts';

const TIMEOUT_MS = 10_000;
/** Statuses below 500 that say "not now". */
const notNow = [408, 425, 429];

export const consumer = defineConsumer(ticketEvents, {
  name: 'escalation-webhook',
  events: ['escalation.fired'],
  from: 'latest', // whoever switches it on wants to hear of escalations from then on
  settings: {
    ESCALATION_WEBHOOK_URL: { parse: url, default: '', doc: 'Address that gets each escalation as a POST of JSON; may carry a token', secret: true },
  },
  idle: ({ ESCALATION_WEBHOOK_URL }) => (ESCALATION_WEBHOOK_URL === '' ? 'ESCALATION_WEBHOOK_URL is not set' : null),
  async handle(event, { config, signal, traceparent }) {
    const response = await fetch(config.ESCALATION_WEBHOOK_URL, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': event.event_id, traceparent },
      body: JSON.stringify(event),
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    await response.body?.cancel();
    if (response.ok) return;
    const said = `the receiver answered ${response.status}`;
    return response.status < 500 && !notNow.includes(response.status) ? reject(said) : retryLater(said);
  },
});
