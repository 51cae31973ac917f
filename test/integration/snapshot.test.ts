// A snapshot shows in every view what the oracle says of the events that count, under the desk that it was asked for. What is
// live stays as it is; a run that is killed goes on.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDeskFile } from '../../infra/config/desk-file.ts';
import { create } from '../../infra/snapshot/create.ts';
import { drop } from '../../infra/snapshot/drop.ts';
import { findSnapshots, openSnapshot, type Asked } from '../../infra/snapshot/record.ts';
import { inSnapshot, type Scope } from '../../infra/snapshot/render.ts';
import { connectClickHouse, instantText } from '../../services/runtime/clickhouse.ts';
import { compareRows, tellDifferences, type SqlRow } from '../oracle/compare.ts';
import type { CrmEvent } from '../oracle/events.ts';
import { historyConfig, otherPolicies } from '../oracle/history-config.ts';
import { baseTime, histories } from '../oracle/histories.ts';
import { inTenant } from '../oracle/history-variants.ts';
import { firstArrivals } from '../oracle/order.ts';
import { environment, eventually } from '../system/support.ts';
import { queryOf, type Compared, type Told } from './agreement.ts';
import { comparedViews, viewsByTime } from './compared-views.ts';
import { root } from './copy-of-the-code.ts';
import { deskFile } from './history-desk.ts';
import { forgetTenants, loadConfig } from './history-landing.ts';
import { land } from './landing-support.ts';
import { dropShards, onShards, playTwoShards, rowsOf } from './two-shards.ts';

const SEED = Number(process.env['SEED'] ?? 20_260_309);
const HOUR = 3_600_000;
const clickhouse = connectClickHouse(environment.clickhouseUrl);
const folder = mkdtempSync(join(tmpdir(), 'snapshot-'));

/** Two desks, each with the tickets of many histories: percentiles, medians and shares differ only among many. */
const integrationsOf = (desk: string): string[] => ['crm-a', 'crm-b'].map((id) => `${id}-snapshot-${desk}`);
const eventsOf = (desk: string, seed: number): CrmEvent[] => fc.sample(histories, { numRuns: 30, seed }).flatMap((history, index) =>
  inTenant(history, `snapshot-${desk}`).events.map((event) => ({ ...event, ticket_id: `${event.ticket_id}-${index}` })));
const everyone = [...integrationsOf('here'), ...integrationsOf('there')];

const live = historyConfig(everyone, true);
/** Other hours, other promises, other meanings of statuses. */
const other = {
  ...live, policies: otherPolicies(everyone), shifts: [],
  defaultCalendars: Object.fromEntries(everyone.map((id) => [id, 'history-night'])),
  statusMaps: Object.fromEntries(everyone.map((id) => [id, { 'awaiting *': 'open' as const, pending: 'solved' as const }])),
};
const otherDesk = join(folder, 'other-desk.json');

/** In the middle of the histories, soon after a midnight, so that whole days can be compared. */
const AT = baseTime + 9 * 24 * HOUR + 20 * 60_000 + 7;
const KNOWN = baseTime + 3 * 24 * HOUR + 11 * HOUR;

/** What was dated later than the present when it came is left out: a timer's way into the future is judged by no view. */
const isDatedAhead = ({ timestamp, received_at }: CrmEvent): boolean => received_at <= KNOWN && timestamp > KNOWN;
const here = eventsOf('here', SEED).filter((event) => !isDatedAhead(event));
const there = eventsOf('there', SEED + 1);

interface Ended { readonly code: number; readonly output: string }
const run = (...args: string[]): Promise<Ended> => new Promise((resolve) => {
  execFile(process.execPath, ['infra/start/run.mjs', ...args], { cwd: root }, (error, stdout, stderr) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr }));
});
const SNAPSHOT = 'infra/snapshot/snapshot.ts';
const snapshot = (...args: string[]): Promise<Ended> => run(SNAPSHOT, ...args);
const createPast = ['create', 'past', '--at', new Date(AT).toISOString(), '--chunk-tickets', '20'];

/** Everything that a snapshot must not touch. */
async function fingerprint(): Promise<unknown> {
  const names = await clickhouse.query<{ name: string; engine: string; definition: string }>(`
    SELECT concat(database, '.', name) AS name, engine, create_table_query AS definition FROM system.tables WHERE database IN ('queue', 'agents', 'log', 'config') ORDER BY name`);
  const tables = names.filter(({ engine }) => engine.endsWith('MergeTree'));
  const sums = await Promise.all(tables.map(({ name, engine }) =>
    clickhouse.query(`SELECT '${name}' AS name, count() AS rows, toString(sum(cityHash64(toString(tuple(*))))) AS hash FROM ${name}${engine === 'MergeTree' ? '' : ' FINAL'}`)));
  const functions = await clickhouse.query(`SELECT name, create_query FROM system.functions WHERE origin = 'SQLUserDefined' ORDER BY name`);
  const databases = await clickhouse.query('SELECT name FROM system.databases ORDER BY name');
  return { names, sums, functions, databases };
}

/** Starts a command and kills it as soon as a query finds something. */
async function killedWhen(sql: string): Promise<void> {
  const child = spawn(process.execPath, ['infra/start/run.mjs', SNAPSHOT, ...createPast], { cwd: root, stdio: 'ignore' });
  const ended = once(child, 'exit');
  await eventually(async () => (((await clickhouse.query<{ n: number }>(sql))[0]?.n ?? 0) > 0 ? true : null), sql);
  child.kill('SIGKILL');
  await ended;
}

let before: unknown;
beforeAll(async () => {
  writeFileSync(otherDesk, deskFile(everyone, other));
  // What other files left would be a part of each snapshot.
  for (const table of ['queue.timeline', 'queue.ticket_facts', 'queue.sla_timer_facts', 'agents.timeline', 'agents.ticket_facts']) await clickhouse.command(`TRUNCATE TABLE ${table}`);
  await loadConfig(clickhouse, everyone, live);
  await land(clickhouse, [...here, ...there]);
  before = await fingerprint();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await forgetTenants(clickhouse, '%-snapshot-%', ['queue', 'agents']);
  await clickhouse.close();
});

const ofDesks = comparedViews.filter(({ view }) => !view.startsWith('log.'));

/** Each view of a snapshot, whose now stands still, beside the oracle's rows. */
function agrees(scope: () => Scope, told: Told, now: () => number, views: readonly Compared[]): void {
  for (const view of views) {
    test(`${view.view}${view.parameters === undefined ? '' : `(${Object.values(view.parameters).join(', ')})`} equals the oracle`, async () => {
      const oracle = view.rowsOf(told, now());
      const sql = await clickhouse.query<SqlRow>(inSnapshot(queryOf(view, 'true'), scope()));
      expect(oracle.length).toBeGreaterThan(0);
      expect(tellDifferences(compareRows({ ...view, oracle, sql })), `SEED=${SEED}`).toBe('');
    });
  }
}

describe('as of an instant of event time, killed twice on the way', () => {
  test('a run that is killed before it builds starts clean, one that is killed later goes on', async () => {
    await killedWhen(`SELECT count() AS n FROM system.tables WHERE database = 'past_config' AND name = 'diary'`);
    expect((await snapshot('list')).output).toMatch(/past +│ unfinished/);
    expect(await run('infra/questions/questions.ts', '--snapshot', 'past')).toMatchObject({ code: 2, output: expect.stringContaining('snapshot past is not finished') as string });
    await killedWhen('SELECT count() AS n FROM past_queue.chunks_done');
    const { code, output } = await snapshot(...createPast);
    expect(code, output).toBe(0);
    expect(output).toContain('going on where a run was broken off');
    expect(output).toMatch(/snapshot past is ready.*its now is 2026-03-29 00:20:00.007 UTC[^]*past_queue for queue/);
    past = await openSnapshot(clickhouse, 'past');
  });

  let past: Scope = { name: '', databases: [], functions: [], present: 0 };
  const counted = firstArrivals([...here, ...there]).filter(({ timestamp }) => timestamp <= AT);
  agrees(() => past, { events: counted, config: live }, () => AT, [...ofDesks, ...viewsByTime(Math.floor(AT / HOUR) * HOUR)]);

  test('it has every view that is live, and each can be read', async () => {
    const viewsOf = async (prefix: string, which = '1'): Promise<string[]> => (await clickhouse.query<{ view: string; }>(`
      SELECT concat(database, '.', name) AS view FROM system.tables WHERE database IN ('${prefix}queue', '${prefix}agents', '${prefix}config') AND engine = 'View' AND name != 'timeline' AND ${which} ORDER BY view`)).map(({ view }) => view);
    expect(await viewsOf('past_')).toStrictEqual((await viewsOf('')).map((view) => `past_${view}`));
    const asked = new Set([...ofDesks, ...viewsByTime(0)].map(({ view }) => `past_${view}`));
    // Those with parameters are asked by the comparison, or by the questions below.
    for (const view of (await viewsOf('past_', 'empty(parameterized_view_parameters)')).filter((name) => !asked.has(name))) await clickhouse.command(`SELECT * FROM ${view} FORMAT Null`);
    const [catalog] = await clickhouse.query<{ n: number; own: number }>(`SELECT count() AS n, countIf(startsWith(view, 'past_')) AS own FROM past_config.metric_catalog`);
    expect(catalog?.n).toBe(catalog?.own);
  });

  test('on two shards every view has the same numbers', async () => {
    try {
      expect(Math.min(...(await playTwoShards(clickhouse, 'past')))).toBeGreaterThan(10);
      const plain = await clickhouse.query<{ view: string }>(`
        SELECT concat(database, '.', name) AS view FROM system.tables
        WHERE database IN ('past_queue', 'past_agents') AND engine = 'View' AND name NOT IN ('timeline', 'metric_catalog') AND empty(parameterized_view_parameters)`);
      const queries = new Set([...plain.map(({ view }) => `SELECT * FROM ${view}`), ...[...ofDesks, ...viewsByTime(AT)].filter(({ parameters }) => parameters !== undefined).map((view) => inSnapshot(queryOf(view, 'true'), past))]);
      for (const sql of queries) expect(await rowsOf(clickhouse, onShards(sql, 'past')), sql).toStrictEqual(await rowsOf(clickhouse, sql));
      expect(queries.size).toBeGreaterThan(30);
    } finally {
      await dropShards(clickhouse);
    }
  });

  test('all questions are answered', async () => {
    const { code, output } = await run('infra/questions/questions.ts', '--snapshot', 'past');
    expect(code, output).toBe(0);
    expect([...output.matchAll(/^## \d+\. /gm)]).toHaveLength(20);
  });
});

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('by what was known at an instant, of chosen tenants', () => {
  let shown: Scope = { name: '', databases: [], functions: [], present: 0 };
  const chosen = integrationsOf('here');
  beforeAll(async () => {
    shown = await create(clickhouse, { name: 'shown', asked: { at: null, known: KNOWN, desk: null, integrations: chosen }, source: null, chunkTickets: 5_000 });
  });
  agrees(() => shown, { events: here.filter(({ received_at }) => received_at <= KNOWN), config: historyConfig(chosen, true) }, () => KNOWN, ofDesks);
});

describe('under another desk', () => {
  let stricter: Scope = { name: '', databases: [], functions: [], present: 0 };
  beforeAll(async () => {
    const file = readDeskFile(otherDesk);
    const desk = { name: file.name, sha256: sha256(file.content) };
    stricter = await create(clickhouse, { name: 'stricter', asked: { at: null, known: null, desk, integrations: [] }, source: { file, sha256: desk.sha256 }, chunkTickets: 5_000 });
  });
  agrees(() => stricter, { events: [...here, ...there], config: other }, () => stricter.present, ofDesks);
});

test('what was asked for in another way is not mixed up, names are not taken twice, and nothing ahead is known', async () => {
  await clickhouse.command('CREATE DATABASE taken_agents');
  const nothing = { at: null, known: null, desk: null, integrations: [] };
  const refusals: readonly (readonly [name: string, asked: Partial<Asked>, RegExp])[] = [
    ['past', { at: AT + 1 }, /there is a snapshot past already, made with --at 2026-03-29T00:20:00.007Z: choose another name, or .*drop past/],
    ['last-monday', {}, /"last-monday" can't be the name of a snapshot/],
    ['queue', {}, /there is a database queue already/],
    ['taken', {}, /there is a database taken_agents already, which is none of a snapshot taken/],
    ['running', {}, /there is a function running_business_seconds already/],
    ['ahead', { at: Date.UTC(2126, 0) }, /--at 2126-01-01T00:00:00.000Z lies in the future/],
    ['nobody', { integrations: ['crm-z'] }, /no event has come of crm-z; events have come of .*crm-a-snapshot-here/],
  ];
  for (const [name, asked, message] of refusals) await expect(create(clickhouse, { name, asked: { ...nothing, ...asked }, source: null, chunkTickets: 1 }), name).rejects.toThrow(message);
  await clickhouse.command('DROP DATABASE taken_agents SYNC');
  expect(await snapshot('create', 'nofile', '--desk', join(folder, 'nowhere.json'))).toMatchObject({ code: 2, output: expect.stringMatching(/nowhere\.json: ENOENT/) as string });
  expect(await snapshot('drop', 'tuesday')).toMatchObject({ code: 2, output: expect.stringContaining('there is no snapshot tuesday; there is past, shown, stricter') as string });
});

test('they are listed with what they were asked for, and dropped with all that belongs to them; what is live was never touched', async () => {
  const { output } = await snapshot('list');
  const lineOf = (name: string): string => output.split('\n').find((line) => line.includes(` ${name} `)) ?? '';
  expect(lineOf('past')).toMatch(/complete .*2026-03-29 00:20:00.007 .*–.* all +│ +[\d,]+ +│ [\d.]+ MiB/);
  expect(lineOf('shown')).toMatch(new RegExp(`complete .*${instantText(KNOWN).slice(0, 19)} .*crm-a-snapshot-here, crm-b-snapshot-here`));
  expect(lineOf('stricter')).toMatch(/complete .*other-desk\.json [0-9a-f]{12} .*all/);
  expect(await snapshot('drop', 'past')).toMatchObject({ code: 0 });
  for (const found of await findSnapshots(clickhouse)) await drop(clickhouse, found);
  expect(await fingerprint()).toStrictEqual(before);
});
