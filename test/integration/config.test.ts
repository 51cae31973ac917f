// Configuration on the running system: applied as a whole, live, repeatable, and refused as a
// whole. umbrella is the tenant of this file; no other test's numbers depend on what is applied.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bringIntoForce } from '../../infra/config/apply.ts';
import type { Desk, Integration } from '../../infra/config/desk.ts';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { closeClients, environment, landed, newTicketId, query, sendUntilAccepted, ticket, ticketRow } from '../system/support.ts';

const projectDir = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'desk-'));
const tenant = 'umbrella';
const id = newTicketId();

const config = (...args: string[]): Promise<{ code: number; stdout: string; output: string }> => new Promise((resolve) => {
  execFile(process.execPath, ['infra/start/run.mjs', 'infra/config/config.ts', ...args], { cwd: projectDir }, (error, stdout, stderr) =>
    resolve({ code: error === null ? 0 : Number(error.code), stdout, output: stdout + stderr }));
});

const workdays = ['mon', 'tue', 'wed', 'thu', 'fri'] as const;
const calendars: Desk['calendars'] = [{
  calendar_id: 'umbrella-office',
  versions: [{ version: 1, zone: 'Europe/Berlin', windows: [{ days: workdays, from: '09:00', to: '18:00' }], holidays: ['2026-04-03', '2026-04-06'] }],
}];
const desk = (umbrella: Integration): Desk => ({ calendars, integrations: { [tenant]: umbrella } });

const office: Integration = {
  calendar_id: 'umbrella-office',
  policies: [{ policy_id: 'hour', versions: [{ version: 1, first_response_seconds: 3600, calendar_id: 'umbrella-office' }] }],
  queues: { billing: 'Billing' },
  agents: { lea: { name: 'Lea', shifts: [{ from: '2026-03-30T09:00:00+02:00', to: '2026-03-30T11:00:00+02:00' }] } },
};

function fileOf(content: unknown): string {
  const file = join(folder, 'desk.json');
  writeFileSync(file, JSON.stringify(content));
  return file;
}

async function apply(content: unknown): Promise<string> {
  const { code, output } = await config('apply', fileOf(content), '--by', 'a test');
  expect(code, output).toBe(0);
  return output;
}

const liveVersion = async (): Promise<number> => (await query<{ version: number }>('SELECT live_config_version() AS version'))[0]?.version ?? -1;

beforeAll(async () => {
  await sendUntilAccepted(ticket(id, tenant).created('2026-03-27T16:00:00.000Z', 'It is Friday afternoon'));
  await sendUntilAccepted(ticket(id, tenant).assigned('2026-03-27T16:01:00.000Z', { agent_id: 'lea', group_id: 'billing' }));
  await sendUntilAccepted(ticket(id, tenant).message('2026-03-30T08:00:00.000Z', { agent: 'lea' }));
  await sendUntilAccepted(ticket(id, tenant).status('2026-03-30T08:30:00.000Z', 'new', 'Lab_Result-Awaited'));
  await landed(id, 4);
});

afterAll(async () => {
  await apply({});
  rmSync(folder, { recursive: true });
  await closeClients();
});

test('without configuration business time is 24x7 and an unknown status counts as open', async () => {
  const row = await ticketRow(id, tenant);
  expect(row['first_response_business_seconds']).toBe(row['first_response_seconds']);
  expect(row['status_category']).toBe('open');
});

test('a calendar applies at once to what was computed before: 7,200 s from Friday 17:00 to Monday 10:00 over the clock change', async () => {
  const output = await apply(desk(office));
  expect(output).toMatch(/facts change for umbrella/);
  expect(output).toMatch(/1 of 1 tickets recomputed, \d+\/s, 0 s left/);
  expect((await ticketRow(id, tenant))['first_response_business_seconds']).toBe(7200);
});

test('it applies to what comes later, too: 2,700 s over Good Friday and Easter Monday', async () => {
  const later = newTicketId();
  await sendUntilAccepted(ticket(later, tenant).created('2026-04-02T15:30:00.000Z', 'Happy Easter'));
  await sendUntilAccepted(ticket(later, tenant).message('2026-04-07T07:15:00.000Z', { agent: 'lea' }));
  await landed(later, 2);
  expect((await ticketRow(later, tenant))['first_response_business_seconds']).toBe(2700);
  const [timer] = await query<Record<string, unknown>>(`SELECT policy_id, due_at, outcome FROM queue.sla_timers WHERE integration_id = 'umbrella' AND ticket_id = {later:String}`, { later });
  expect(timer).toStrictEqual({ policy_id: 'hour', due_at: '2026-04-07 07:30:00.000', outcome: 'met' });
});

test('policies judge by their calendar, names and shifts are known', async () => {
  const [timer] = await query<Record<string, unknown>>(`SELECT due_at, outcome, breach_seconds FROM queue.sla_timers WHERE integration_id = 'umbrella' AND ticket_id = {id:String}`, { id });
  // Due at closing time is the closing instant, not the next opening.
  expect(timer).toStrictEqual({ due_at: '2026-03-27 17:00:00.000', outcome: 'breached', breach_seconds: 3600 });
  const [named] = await query<Record<string, unknown>>(`SELECT queue_name('umbrella', 'billing') AS queue, queue_name('umbrella', 'tech') AS unnamed, agent_name('umbrella', 'lea') AS agent`);
  expect(named).toStrictEqual({ queue: 'Billing', unnamed: 'tech', agent: 'Lea' });
  const [day] = await query<Record<string, unknown>>(`SELECT * FROM agents.agent_occupancy(zone = 'Europe/Berlin') WHERE integration_id = 'umbrella' AND day = '2026-03-30'`);
  // She answers and sets a status half an hour later: two sessions of a lone action each.
  expect([day?.['shift_seconds'], day?.['handle_seconds'], day?.['held_on_shift_seconds'], day?.['concurrency']]).toStrictEqual([7200, 120, 7200, 1]);
});

test('business time by hand: one ASOF JOIN for each end, over the open intervals', async () => {
  const spans = `[('2026-03-27 16:00:00', '2026-03-30 08:00:00'), ('2026-04-02 15:30:00', '2026-04-07 07:15:00'), ('1970-01-05 09:00:00', '1970-01-09 18:00:00')]`;
  const rows = await query<{ business_seconds: number }>(`
    WITH ends AS
    (
        SELECT n, side, 'umbrella-office' AS calendar_id, toDateTime64(if(side = 0, s.1, s.2), 3, 'UTC') AS t
        FROM (SELECT arrayJoin(arrayEnumerate(${spans})) AS n, ${spans}[n] AS s, arrayJoin([0, 1]) AS side)
    )
    SELECT sumIf(c, side = 1) - sumIf(c, side = 0) AS business_seconds
    FROM
    (
        SELECT e.n AS n, e.side AS side, i.cum_open_seconds + least(dateDiff('second', i.open_from, e.t), dateDiff('second', i.open_from, i.open_to)) AS c
        FROM ends AS e ASOF LEFT JOIN config.calendar_intervals AS i ON i.calendar_id = e.calendar_id AND i.open_from <= e.t
    )
    GROUP BY n ORDER BY n`);
  expect(rows.map((row) => row.business_seconds)).toStrictEqual([7200, 2700, 0]);
});

test("a tenant's list of no policies keeps the defaults' away", async () => {
  const timers = async (): Promise<number> => (await query(`SELECT policy_id FROM queue.sla_timers WHERE integration_id = 'umbrella' AND ticket_id = {id:String}`, { id })).length;
  const { policies = [], ...others } = office;
  await apply({ ...desk(others), defaults: { policies } });
  expect(await timers()).toBe(1);
  await apply({ ...desk({ ...others, policies: [] }), defaults: { policies } });
  expect(await timers()).toBe(0);
});

test('a status map changes what was computed before, for its tenant only', async () => {
  // Policies of the defaults are everybody's.
  await apply(desk(office));
  await apply(desk({ ...office, status_map: { 'lab result *': 'pending' } }));
  expect((await ticketRow(id, tenant))['status_category']).toBe('pending');
  const [other] = await query<Record<string, unknown>>(`SELECT facts_need_config('acme') < live_config_version() AS is_spared`);
  expect(other).toStrictEqual({ is_spared: 1 });
});

test('a file with problems is refused whole: all are told, and nothing changes', async () => {
  const version = await liveVersion();
  const { code, output } = await config('apply', fileOf(desk({ ...office, calendar_id: 'nowhere', status_map: { parked: 'gone' as 'open' } })));
  expect(code).toBe(2);
  expect(output).toMatch(/2 problems; nothing has changed/);
  expect(output).toMatch(/\/integrations\/umbrella\/status_map\/parked {2}"gone" is none of/);
  expect(output).toMatch(/\/integrations\/umbrella\/calendar_id {2}there is no calendar "nowhere"/);
  expect(await liveVersion()).toBe(version);
  expect((await ticketRow(id, tenant))['status_category']).toBe('pending');
});

test('an apply that is killed before the facts are recomputed is finished by another', async () => {
  const changed = desk({ ...office, status_map: { 'lab result *': 'on_hold' } });
  const clickhouse = connectClickHouse(environment.clickhouseUrl);
  await bringIntoForce(clickhouse, { name: 'desk.json', content: JSON.stringify(changed), desk: changed }, 'a test');
  await clickhouse.close();
  const [stale] = await query<{ n: number }>(`SELECT count() AS n FROM queue.ticket_facts FINAL WHERE integration_id = 'umbrella' AND config_version < facts_need_config(integration_id)`);
  expect(stale?.n).toBe(2);
  expect(await apply(changed)).toMatch(/in force already[\s\S]*facts of 2 tickets recomputed/);
  expect((await ticketRow(id, tenant))['status_category']).toBe('on_hold');
  expect(await apply(changed)).toMatch(/no facts depend/);
});

test('who applied what and when is kept, with the file', async () => {
  const { output } = await config('show');
  expect(output).toMatch(/version \d+, desk\.json, SHA-256 [0-9a-f]{64}\napplied .* by a test/);
  expect(JSON.parse((await config('show', '--content')).stdout)).toStrictEqual(desk({ ...office, status_map: { 'lab result *': 'on_hold' } }));
});
