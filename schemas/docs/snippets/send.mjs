// Signs one event and sends it, with retries. Node ≥ 18, nothing to install.
import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const { TICKETSTREAM_URL: url = 'http://127.0.0.1:8080/webhooks', TICKETSTREAM_INTEGRATION: integration, TICKETSTREAM_SECRET: secret } = process.env;
const pauses = [5, 30, 300, 300]; // seconds between five attempts
const timeoutMs = 5_000;

function signed(eventType, payload) {
  const eventId = randomUUID();
  const timestamp = new Date().toISOString();
  return {
    event_id: eventId, event_type: eventType, timestamp,
    signature: createHmac('sha256', secret).update(eventId + eventType + timestamp).digest('hex'), version: '1.2',
    source: { platform: 'my-crm', integration_id: integration, environment: 'production' },
    payload,
  };
}

function post(eventId, body) {
  const sentAt = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', secret).update(`${eventId}.${sentAt}.${body}`).digest('base64'); // covers the body too
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'webhook-id': eventId, 'webhook-timestamp': String(sentAt), 'webhook-signature': `v1,${signature}` },
    body,
    signal: AbortSignal.timeout(timeoutMs),
  });
}

async function send(event) {
  const body = JSON.stringify(event);
  let problem;
  for (const pause of [...pauses, null]) {
    let asked = 0;
    try {
      const answer = await post(event.event_id, body);
      const text = await answer.text();
      if (answer.ok) return text;
      problem = `${answer.status} ${text}`;
      if (answer.status < 500 && answer.status !== 408 && answer.status !== 429) break; // it would be refused again
      asked = Number(answer.headers.get('retry-after') ?? 0);
    } catch (error) {
      problem = error.message; // no connection, or no answer in time
    }
    if (pause !== null) await sleep(Math.max(pause, asked) * 1_000);
  }
  throw new Error(`not sent: ${problem}`);
}

console.log(await send(signed('ticket.created', {
  ticket_id: 'TKT-8F3A21C0',
  created_at: '2026-03-02T09:00:00.000Z',
  customer: { telegram_user_id: 4503599627370495, first_name: 'Mira' },
  channel: { type: 'direct_message', chat_id: 77 },
  initial_message: { message_id: '1', text: 'Паке́т не пришёл 📦', content_type: 'text' },
})));
