// The desk arrives live: what the door has answered with 200 is on a page that is open, without a touch.
import { randomUUID } from 'node:crypto';
import { signedBody } from '../../infra/demo/crm.ts';
import { iso, type CrmEvent, type EventType } from '../../infra/demo/events.ts';
import { expectEqual, numberIn, settled, until, type Visit } from './journeys.ts';

export interface Door {
  readonly ingressUrl: string;
  readonly integrationId: string;
  readonly secret: string;
}

/** Sends events of one ticket, as the CRM does. @returns what a test needs to know: the door has said 200. */
export function sender({ ingressUrl, integrationId, secret }: Door, ticketId = `TKT-${randomUUID().slice(0, 8).toUpperCase()}`) {
  return async (eventType: EventType, payload: CrmEvent['payload']): Promise<void> => {
    const event: CrmEvent = { eventId: randomUUID(), eventType, integrationId, platform: 'telegram-crm', ticketId, at: Date.now(), version: '1.2', payload: { ticket_id: ticketId, ...payload } };
    const answer = await fetch(`${ingressUrl}/webhooks`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: signedBody(event, 'production', secret) });
    expectEqual('the answer of the door', answer.status, 200);
  };
}

/** A ticket comes, and is solved. @returns how long each took from the door's 200 to the page, in ms. */
export async function arrivesLive({ page, url, filters }: Visit, door: Door): Promise<readonly number[]> {
  const send = sender(door);
  await page.goto(`${url}/now?${filters}`);
  await settled(page);
  await page.waitForSelector('.connection.live');
  const BACKLOG = `document.querySelector('.tiles .figure').textContent`;
  const shown = numberIn(await page.evaluate<string>(BACKLOG));
  const took: number[] = [];
  const comes = async (tickets: number, eventType: EventType, payload: CrmEvent['payload']): Promise<void> => {
    await send(eventType, payload);
    const accepted = performance.now();
    await until(page, `Number(${BACKLOG}.replaceAll(/[^0-9]/g, '')) === ${tickets}`);
    took.push(Math.round(performance.now() - accepted));
  };
  const now = (): string => iso(Date.now());
  await comes(shown + 1, 'ticket.created', { customer: { telegram_user_id: 4_503_599_627, first_name: 'Mira', language_code: 'de' }, channel: { type: 'topic_group', chat_id: -1_001_987_654_321, topic_id: 42 }, initial_message: { message_id: '1', text: 'hello', content_type: 'text' }, created_at: now() });
  await comes(shown, 'status.changed', { previous_status: 'new', new_status: 'solved', changed_by: { type: 'agent', id: 'lea' }, changed_at: now() });
  return took;
}
