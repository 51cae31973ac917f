// Every analyst question of infra/questions, asked over plain HTTP as its README says,
// answers what follows from the oracle's rows for random histories. HISTORIES and SEED choose which.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { compareRows, tellDifferences, type SqlRow } from '../oracle/compare.ts';
import type { CrmEvent, Row } from '../oracle/events.ts';
import { baseTime, histories, historySpan } from '../oracle/histories.ts';
import { runHourly, runOracle, runSurvival } from '../oracle/oracle.ts';
import type { OracleConfig } from '../oracle/config.ts';
import { environment } from '../system/support.ts';
import { land } from './landing-support.ts';
import * as byTime from './question-answers-by-time.ts';
import * as answers from './question-answers.ts';
import { HOUR, ZONE, type Known } from './question-answers.ts';

const HISTORIES = Number(process.env['HISTORIES'] ?? 150);
// One population for every run, so that a change is what fails it; explore others with SEED=$RANDOM.
const SEED = Number(process.env['SEED'] ?? 623_073_331);
const RESOLUTION_SECONDS = 86_400;
const folder = fileURLToPath(new URL('../../infra/questions', import.meta.url));
const files = readdirSync(folder).filter((file) => file.endsWith('.sql')).sort();
const clickhouse = connectClickHouse(environment.clickhouseUrl);
afterAll(() => clickhouse.close());

/** One tenant with the tickets of all histories, and a neighbour with the same ticket ids. */
const run = `questions-${SEED}-${Date.now()}`;
const tenant = `${run}-crm-a`;
const population: CrmEvent[] = fc.sample(histories, { numRuns: HISTORIES, seed: SEED }).flatMap((history, index) => history.events.map((event) => ({
  ...event,
  ticket_id: `${event.ticket_id}-${index}`,
  source: { ...event.source, integration_id: `${run}-${event.source.integration_id}` },
})));

const ownEvents = population.filter((event) => event.source.integration_id === tenant);
const promise = { channels: ['direct_message', 'topic_group'], handleSeconds: 1800, withinSeconds: 60, target: 0.8 };
const config = (now: number): OracleConfig => ({
  now,
  calendars: [{ calendar_id: tenant, versions: [{ version: 1, valid_from: 0, zone: 'UTC', holidays: [], windows: [{ weekdays: [1, 2, 3, 4, 5], from: '09:00', to: '18:00' }] }] }],
  defaultCalendars: { [tenant]: tenant },
  policies: [{
    policy_id: 'standard', integration_id: tenant,
    versions: [{ version: 1, valid_from: 0, calendar_id: '', first_response_seconds: 3600, next_response_seconds: 7200, resolution_seconds: RESOLUTION_SECONDS, pause_statuses: ['pending'] }],
  }],
});

const utc = (at: number): string => new Date(at).toISOString().slice(0, 19).replace('T', ' ');

async function configure(): Promise<void> {
  const days = Array.from({ length: 60 }, (_, i) => baseTime + (i - 5) * 24 * HOUR).filter((at) => ![0, 6].includes(new Date(at).getUTCDay()));
  const windows = days.map((at) => `('${tenant}', 1, '1970-01-01', '2106-01-01', '${utc(at + 9 * HOUR)}', '${utc(at + 18 * HOUR)}')`);
  await clickhouse.command(`INSERT INTO config.calendar_windows (calendar_id, version, in_force_from, in_force_to, open_from, open_to) VALUES ${windows.join(', ')}`);
  await clickhouse.command(`INSERT INTO config.default_calendars (integration_id, calendar_id) VALUES ('${tenant}', '${tenant}')`);
  await clickhouse.command(`INSERT INTO config.sla_policies (integration_id, policy_id, version, position, in_force_from, in_force_to, first_response_seconds, next_response_seconds, resolution_seconds, pause_statuses)
    VALUES ('${tenant}', 'standard', 1, 1, '1970-01-01', '2106-01-01', 3600, 7200, ${RESOLUTION_SECONDS}, ['pending'])`);
  for (const dictionary of ['calendar', 'default_calendar']) await clickhouse.command(`SYSTEM RELOAD DICTIONARY config.${dictionary}`);
}

/** Most tickets of the histories come in their first ten hours. */
const from = baseTime + 2 * HOUR;
const to = baseTime + historySpan - 24 * HOUR;
const instant = baseTime + 3 * 24 * HOUR + 900_000;
const parameters: Readonly<Record<string, string>> = {
  integration: tenant, from: utc(from), to: utc(to), zone: ZONE, at: utc(instant), limit: '7',
  shift_from: '22', shift_to: '6', weekdays: '[1,2,3,4,5]', live_channel_types: `['${promise.channels.join("','")}']`,
  handle_seconds: String(promise.handleSeconds), within_seconds: String(promise.withinSeconds), target_share: String(promise.target),
};

/** By HTTP and with the parameters in the address, as curl does it. */
async function ask(file: string, special: Readonly<Record<string, string>> = {}): Promise<SqlRow[]> {
  const url = new URL(environment.clickhouseUrl);
  url.searchParams.set('default_format', 'JSONEachRow');
  url.searchParams.set('output_format_json_quote_64bit_integers', '0');
  for (const [name, value] of Object.entries({ ...parameters, ...special })) url.searchParams.set(`param_${name}`, value);
  const response = await fetch(url, { method: 'POST', body: readFileSync(join(folder, file), 'utf8') });
  const body = await response.text();
  expect(response.status, `${file}: ${body}`).toBe(200);
  return body.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as SqlRow);
}

let known: Known;
beforeAll(async () => {
  console.log(`${HISTORIES} histories, ${ownEvents.length} events, SEED=${SEED}`);
  await configure();
  await land(clickhouse, population);
  const now = Date.now();
  known = {
    views: runOracle(ownEvents, config(now)),
    backlog: runOracle(ownEvents, config(instant)).backlog,
    queueHours: runHourly(ownEvents, config(baseTime + historySpan)).queue_hourly,
    survival: runSurvival(ownEvents, config(now)),
    from, to, now,
  };
});

interface Check {
  readonly keys: readonly string[];
  readonly expected: (known: Known) => Row[];
  readonly parameters?: Readonly<Record<string, string>>;
  /** Columns that run up to the present, or that another test compares. */
  readonly apart?: readonly string[];
  readonly rowsOf?: (rows: SqlRow[]) => SqlRow[];
}

/** Sums by metric and week over the queues. */
function overQueues(rows: readonly SqlRow[]): Row[] {
  const plain = rows.map((row) => row as Row);
  return answers.grouped(plain, (row) => ({ metric: row['metric'] ?? '', week: row['week'] ?? '' }), (same) =>
    Object.fromEntries(['met', 'breached', 'active', 'cancelled'].map((column) => [column, answers.total(same, column)])));
}

const checks: Readonly<Record<string, Check>> = {
  '01': { keys: ['queue_id'], expected: answers.backlogByQueue },
  '02': { keys: ['day'], expected: answers.firstResponses },
  '03': { keys: [], expected: answers.resolutionTime },
  '04': { keys: ['agent_id', 'ticket_of'], expected: answers.answersByHolder },
  '05': { keys: ['metric', 'week'], expected: answers.attainment, parameters: { from: '2026-01-01', to: '2106-01-01' }, rowsOf: overQueues, apart: ['queue_id', 'sla_attainment'] },
  '06': { keys: ['ticket_id'], expected: (k) => answers.waitingLongest(k, 7), apart: ['wait_seconds'] },
  '07': { keys: ['agent_id'], expected: answers.scorecard, apart: ['held_seconds'], rowsOf: (rows) => rows.filter((row) => [row['solves'], row['agent_replies'], row['stations']].some((n) => n !== 0)) },
  '08': { keys: ['queue_id', 'solved_by_type'], expected: answers.solvesTicketsCustomers },
  '09': { keys: ['agent_id'], expected: answers.reopenRates },
  '10': { keys: ['from_agent_id', 'to_agent_id'], expected: answers.handovers },
  '11': { keys: [], expected: answers.pingPong },
  '12': { keys: ['hour', 'queue_id'], expected: byTime.netFlow },
  '13': { keys: ['weekday', 'local_hour'], expected: byTime.heatMap },
  '14': { keys: ['queue_id', 'status_category'], expected: byTime.timeByStatus },
  '15': { keys: ['queue_id'], expected: byTime.touches },
  '16': { keys: ['agent_id'], expected: byTime.heldInShift, apart: ['mean_tickets_held'] },
  '17': { keys: ['policy_id', 'level'], expected: byTime.escalations },
  '18': { keys: ['hour', 'queue_id'], expected: byTime.forecasts },
  '19': { keys: ['hour', 'queue_id'], expected: (k) => byTime.agentsNeeded(k, promise) },
  '20': { keys: ['agent_id'], expected: (k) => byTime.pendingBeforeDeadline(k, 36_000, RESOLUTION_SECONDS), parameters: { within_seconds: '36000' } },
};

for (const file of files) {
  const number = file.slice(0, 2);
  test(`question ${file.replace('.sql', '').replaceAll('-', ' ')} is answered as by the oracle's rows`, async () => {
    const check = checks[number];
    expect.assert(check, `${file} has no check`);
    const rows = await ask(file, check.parameters);
    const expected = check.expected(known);
    expect(expected.length, 'there is something to compare').toBeGreaterThan(0);
    expect([...new Set([...Object.keys(expected[0] ?? {}), ...(check.apart ?? [])])].sort()).toStrictEqual(Object.keys(rows[0] ?? {}).sort());
    const sql = check.rowsOf?.(rows) ?? rows;
    const excused = Object.fromEntries((check.apart ?? []).filter((column) => column in (sql[0] ?? {})).map((column) => [column, 'judged by a test of its own']));
    const differences = compareRows({ view: file, keys: check.keys, oracle: expected, sql, ignore: check.apart ?? [], excused });
    expect(differences.length, `SEED=${SEED} HISTORIES=${HISTORIES}\n${tellDifferences(differences)}`).toBe(0);
  });
}

test('attainment is met / (met + breached) in every row, and NULL where nothing is judged', async () => {
  for (const row of await ask('05-sla-attainment-by-week.sql', { from: '2026-01-01', to: '2106-01-01' })) {
    const [met, breached] = [Number(row['met']), Number(row['breached'])];
    expect(row['sla_attainment']).toBe(answers.share(met, met + breached));
  }
});

test('the longest wait is the one on the backlog card', async () => {
  const [longest] = await ask('06-waiting-longest.sql');
  const [card] = await clickhouse.query<{ oldest: number }>('SELECT max(oldest_wait_seconds) AS oldest FROM queue.backlog WHERE integration_id = {tenant:String}', { tenant });
  const later = Number(card?.oldest) - Number(longest?.['wait_seconds']);
  expect(later >= 0 && later < 60, `${later} s between the two questions`).toBe(true);
});

test('mean open tickets held is the time held in the shift over its hours, each hour cut to whole seconds', async () => {
  const expected = new Map(byTime.heldInShift(known).map((row) => [row['agent_id'], Number(row['mean_tickets_held'])]));
  for (const row of await ask('16-open-tickets-held-in-a-shift.sql')) {
    const difference = (expected.get(String(row['agent_id'])) ?? NaN) - Number(row['mean_tickets_held']);
    expect(difference >= -1e-9 && difference <= 1 / 3600, `${String(row['agent_id'])}: ${difference}`).toBe(true);
  }
});

test('each question tells its parameters, what a row is and what NULL means, and is listed with an answer', () => {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  expect(files.length).toBe(20);
  for (const file of files) {
    const sql = readFileSync(join(folder, file), 'utf8');
    const header = sql.split('\n').filter((line) => line.startsWith('--')).join('\n');
    for (const part of ['A row:', 'NULL:']) expect(header, `${file}: ${part}`).toContain(part);
    const told = [...header.matchAll(/^-- {3}(\w+) {2,}(\S.*?) {2,}\S.*? {2,}\S/gm)].map(([, name = '', type = '']) => `${name}:${type}`);
    const used = [...sql.matchAll(/\{(\w+:[^}]+)\}/g)].map(([, parameter = '']) => parameter);
    expect(told.sort(), file).toStrictEqual([...new Set(used)].sort());
    expect(readme, `${file} is not in the README`).toContain(file);
  }
});
