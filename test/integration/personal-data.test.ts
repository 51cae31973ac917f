// Where a person's name, phone, address and words are: in the archive and nowhere else.
import { afterAll, expect, test } from 'vitest';
import { sign, closeClients, landed, newTicketId, query, send, ticket, type SignedEvent } from '../system/support.ts';

afterAll(closeClients);

const mark = newTicketId().slice(4).toLowerCase();
/** A word that nothing else says. */
const said = (what: string): string => `${what}-${mark}`;

/** An event that says something personal wherever the contract, or a field that it does not know, lets it. */
function withPerson(event: SignedEvent, more: Record<string, unknown>): SignedEvent {
  return sign({ ...event, payload: { ...event.payload, ...more, nickname: said('nickname') } });
}

const files = [{ file_url: `https://files.example/${said('file')}`, file_name: said('file') }];

function personalEvents(id: string): SignedEvent[] {
  const told = ticket(id);
  return [
    withPerson(told.created('2026-03-02T09:00:00.000Z'), {
      customer: { telegram_user_id: 77, username: said('username'), first_name: said('first'), last_name: said('last'), language_code: 'de', contact_phone: said('phone'), email: said('email') },
      initial_message: { message_id: '1', text: said('text'), content_type: 'photo', files },
    }),
    withPerson(told.message('2026-03-02T09:01:00.000Z', 'customer', said('text')), { sender: { type: 'customer', telegram_user_id: 77, username: said('username') }, content: { text: said('text'), content_type: 'photo', files } }),
    withPerson(told.message('2026-03-02T09:02:00.000Z', { agent: 'lea' }, said('text'), true), {}),
    withPerson(told.status('2026-03-02T09:03:00.000Z', 'new', 'open'), { changed_by: { type: 'customer', id: '77', name: said('first') } }),
    withPerson(told.assigned('2026-03-02T09:04:00.000Z', { agent_id: 'lea' }), { assigned_by: { type: 'customer', id: '77', name: said('first') } }),
  ];
}

/** Tables that hold rows, with how many rows have the mark anywhere in them. */
async function tablesWithMark(): Promise<Map<string, number>> {
  const tables = await query<{ name: string }>(`
    SELECT concat('\`', database, '\`.\`', name, '\`') AS name FROM system.tables
    WHERE database NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema') AND engine LIKE '%MergeTree' ORDER BY name`);
  const found = new Map<string, number>();
  for (const { name } of tables) {
    const [row] = await query<{ n: number }>(`SELECT count() AS n FROM ${name} WHERE positionCaseInsensitive(toString(tuple(*)), {mark:String}) > 0`, { mark });
    found.set(name, row?.n ?? 0);
  }
  return found;
}

test('names, user names, phones, addresses and texts are in the database log and in no other', async () => {
  const id = newTicketId();
  const events = personalEvents(id);
  for (const event of events) expect((await send(event)).body.status).toBe('accepted');
  const [first] = events;
  expect.assert(first);
  // One that can't be used is kept as well, and as it came.
  const unusable = sign({ ...first, event_id: first.event_id.replace(/^./, (digit) => (digit === '0' ? '1' : '0')), version: '7.0' });
  expect((await send(unusable)).body.status).toBe('quarantined');
  await landed(id, events.length);
  const found = await tablesWithMark();
  expect(found.get('`log`.`event_store`'), 'what is looked for can be found').toBe(events.length);
  expect(found.size).toBeGreaterThan(15);
  expect([...found].filter(([name, rows]) => rows > 0 && !name.startsWith('`log`.'))).toStrictEqual([]);
});
