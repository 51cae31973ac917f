// The dashboard on the running system: what it shows is what SQL says, live, on a card, in its rows and in its files.
import { get, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { afterAll, expect, test } from 'vitest';
import type { Answer } from '../../services/dashboard/answers.ts';
import { readCatalogue } from '../../services/dashboard/catalogue.ts';
import { Pseudonyms } from '../../services/dashboard/names.ts';
import { pseudonymOf } from '../../services/runtime/personal/pseudonyms.ts';
import { columns } from '../../services/dashboard/page/texts/columns-en.ts';
import { valuesOf } from '../../services/dashboard/parameters.ts';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { ADDRESS, numbers, stories } from './dashboard-numbers.ts';
import { closeClients, control, environment, eventually, landed, newTicketId, query, sendUntilAccepted, ticket } from '../system/support.ts';

const base = environment.healthUrls['dashboard'] ?? '';
const clickhouse = connectClickHouse(environment.clickhouseUrl);
afterAll(async () => {
  await clickhouse.close();
  await closeClients();
});

const TENANT = 'umbrella';
const HOUR = 3_600_000;
const before = (ms: number): string => new Date(Date.now() - ms).toISOString();

const ask = async (name: string, more: Readonly<Record<string, string>> = {}): Promise<Answer> => {
  const response = await fetch(`${base}/api/queries/${name}?${new URLSearchParams({ tenant: TENANT, ...more }).toString()}`);
  expect(response.status, name).toBe(200);
  return (await response.json()) as Answer;
};
const file = async (name: string, ending: string, more: Readonly<Record<string, string>> = {}): Promise<Buffer> => {
  const response = await fetch(`${base}/api/queries/${name}.${ending}?${new URLSearchParams({ tenant: TENANT, ...more }).toString()}`);
  expect(response.status, `${name}.${ending}`).toBe(200);
  return Buffer.from(await response.arrayBuffer());
};
const sum = ({ rows }: Answer, column: string): number => rows.reduce((all, row) => all + Number(row[column]), 0);

/** What a page that is open hears. */
async function watch(): Promise<{ heard: () => string; close: () => void }> {
  const request = get(`${base}/api/live?tenant=${TENANT}`);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  response.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  }).on('error', () => undefined);
  return { heard: () => text, close: () => request.destroy() };
}

test('a ticket is on an open page, and the same number is on the card, in the rows behind it and in the files', async () => {
  const page = await watch();
  const [waits, answered] = [newTicketId(), newTicketId()];
  try {
    await sendUntilAccepted(ticket(answered, TENANT).created(before(2 * HOUR), 'hello'));
    await sendUntilAccepted(ticket(answered, TENANT).message(before(HOUR), { agent: 'lea' }));
    await sendUntilAccepted(ticket(answered, TENANT).assigned(before(HOUR), { agent_id: 'lea', group_id: 'billing' }));
    await sendUntilAccepted(ticket(waits, TENANT).created(before(HOUR), 'hello'));
    await eventually(() => Promise.resolve(page.heard().includes(waits) ? true : null), 'the ticket on the open page');
  } finally {
    page.close();
  }
  await landed(answered, 3);
  for (const [column, which] of [['tickets', 'all'], ['waiting', 'waiting'], ['breached', 'breached']] as const) {
    const [card, rows] = [sum(await ask('now/cells'), column), (await ask('now/tickets', { which, limit: '1000000' })).rows.length];
    const csv = (await file('now/tickets', 'csv', { which })).toString().trimEnd().split('\n').length - 1;
    expect({ column, rows, csv }).toStrictEqual({ column, rows: card, csv: card });
  }
  const [sql] = await query<{ n: number }>('SELECT count() AS n FROM queue.tickets WHERE integration_id = {t:String} AND NOT is_finished(status_category)', { t: TENANT });
  expect(sum(await ask('now/cells'), 'tickets')).toBe(sql?.n);
  expect((await file('now/tickets', 'parquet')).subarray(0, 4).toString()).toBe('PAR1');
  // The SQL that is shown is the SQL: run by hand it gives the same.
  const shown = await ask('now/tickets', { which: 'waiting' });
  expect(await query(shown.sql)).toStrictEqual(shown.rows);
  expect((await ask('ticket/events', { ticket: answered })).rows.map((row) => row['event_type'])).toStrictEqual(['ticket.created', 'message.received', 'agent.assigned']);
});

test('two dozen numbers are what somebody counts by hand, on the page, in the rows behind it, in its file, and by SQL of somebody else', async () => {
  const told = stories();
  await Promise.all([...told.values()].flat().map(sendUntilAccepted));
  for (const [id, events] of told) await landed(id, events.length);
  const compared = await Promise.all(numbers.map(async ({ name, query: page, pick, asked = {}, sql, rows, is }) => {
    const [bySql = {}] = await query<Record<string, number>>(sql);
    const behind = rows === undefined ? {} : { rows: (await ask(rows[0], { ...ADDRESS, ...rows[1], limit: '1000' })).rows.length, csv: (await file(rows[0], 'csv', { ...ADDRESS, ...rows[1] })).toString().trimEnd().split('\n').length - 1 };
    return { got: { name, page: pick(await ask(page, { ...ADDRESS, ...asked })), sql: Number(Object.values(bySql)[0]), ...behind }, wanted: { name, page: is, sql: is, ...(rows === undefined ? {} : { rows: is, csv: is }) } };
  }));
  expect(compared.map(({ got }) => got)).toStrictEqual(compared.map(({ wanted }) => wanted));
  expect(compared.length).toBeGreaterThanOrEqual(20);
  // Of two waits nothing bounds the median; two of three assignments answered, and one lost, are no certainty either.
  const nora = (await ask('agents/scorecard', ADDRESS)).rows.find((row) => row['agent_id'] === 'nora') ?? {};
  const range = (column: string): unknown[] => ['from', 'to'].map((end) => nora[`${column}_likely_${end}`]).map((value) => (typeof value === 'number' ? value.toFixed(3) : value));
  expect([nora['customer_n'], range('customer_p50_seconds'), range('own_p50_seconds'), range('answered_share'), range('bounced_share')]).toStrictEqual([2, [null, null], [null, null], ['0.208', '0.938'], ['0.062', '0.792']]);
});

test('who may not see names sees pseudonyms in every answer, and a link with one finds the same agent', async () => {
  const catalogue = readCatalogue();
  const names = new Pseudonyms(clickhouse, 'key', catalogue.get('desk/agent-ids') ?? expect.fail());
  const [held] = await query<{ ticket_id: string }>("SELECT ticket_id FROM queue.tickets WHERE integration_id = {t:String} AND assignee_id = 'lea'", { t: TENANT });
  const today = new Date().toISOString().slice(0, 10);
  const address = { tenant: TENANT, from: '2026-01-01', to: today, at: new Date().toISOString(), ticket: held?.ticket_id ?? '', search: '' };
  let shown = 0;
  for (const one of catalogue.values()) {
    const asked = await names.asked(one, valuesOf(one, new URLSearchParams(address)));
    const rows = JSON.stringify(await clickhouse.query(asked.sql, asked.values));
    expect(rows, one.name).not.toMatch(/"lea"/);
    shown += Number(rows.includes(pseudonymOf('key', 'lea')));
  }
  expect(shown).toBeGreaterThan(5);
  const turns = catalogue.get('agents/replies') ?? expect.fail();
  const asked = await names.asked(turns, valuesOf(turns, new URLSearchParams({ ...address, agent: pseudonymOf('key', 'lea') })));
  expect((await clickhouse.query(asked.sql, asked.values)).length).toBeGreaterThan(0);
});

test('every question of every page is answered for a tenant without anything; what can’t be meant is refused', async () => {
  const address = { from: '2026-03-02', to: '2026-03-15', at: '2026-03-12T09:00:00Z', zone: 'Europe/Berlin', ticket: 'TKT-NONE', search: 'TKT' };
  for (const name of readCatalogue().keys()) expect((await ask(name, { ...address, tenant: 'nobody' })).columns.map((column) => column.name).filter((column) => !name.startsWith('desk/') && !(column in columns)), `${name}: columns without a heading`).toStrictEqual([]);
  expect((await fetch(`${base}/api/queries/now/tickets?tenant=${TENANT}&which=both`)).status).toBe(400);
  expect((await fetch(`${base}/api/queries/now/nothing?tenant=${TENANT}`)).status).toBe(404);
  expect((await fetch(`${base}/api/queries/now/cells?tenant=${TENANT}`, { method: 'POST', body: '{}' })).status).toBe(405);
});

test('while ClickHouse is away the page shows the last data, says so, and goes on by itself', async () => {
  const fresh = await ask('now/cells');
  const page = await watch();
  try {
    await control({ action: 'stop', name: 'clickhouse' });
    await eventually(() => Promise.resolve(page.heard().includes('"stale":') ? true : null), 'the page says that its data are old');
    const old = await ask('now/cells');
    expect({ rows: old.rows, isStale: old.stale !== undefined }).toStrictEqual({ rows: fresh.rows, isStale: true });
    expect((await fetch(`${base}/api/queries/now/cells?tenant=not-asked-yet`)).status).toBe(503);
    await control({ action: 'start', name: 'clickhouse' });
    const at = page.heard().length;
    await eventually(() => Promise.resolve(/event: (answer\ndata: (?!.*"stale")|same)/.test(page.heard().slice(at)) ? true : null), 'the page is live again');
  } finally {
    page.close();
  }
});
