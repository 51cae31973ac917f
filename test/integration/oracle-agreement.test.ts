// The numbers are right: random histories go through the real configuration, landing tables, facts
// and views, and every column of every view must be what the oracle computes from the specification.
// HISTORIES and SEED choose how many and which; a failing run prints its seed.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { tellDifferences } from '../oracle/compare.ts';
import { historyConfig } from '../oracle/history-config.ts';
import { baseTime, histories, historySpan } from '../oracle/histories.ts';
import { inTenant, later } from '../oracle/history-variants.ts';
import { environment } from '../system/support.ts';
import { answer, differencesOf, queryOf, type Answer, type Compared, type Told } from './agreement.ts';
import { comparedViews, costlyViews, excusedViews } from './compared-views.ts';
import { forgetTenants, landEvents, loadConfig } from './history-landing.ts';
import { computeFactsWhere } from './landing-support.ts';

const HISTORIES = Number(process.env['HISTORIES'] ?? 2_000);
// One population for every run, so that a change is what fails it; explore others with SEED=$RANDOM.
const SEED = Number(process.env['SEED'] ?? 358_440_570);
/** Seeds that once failed: a hundred histories of each run again and again. */
const REGRESSION_SEEDS = [3];
/** Histories that end an hour ago: their timers run, their solves are young. */
const RECENT_HISTORIES = 200;
/** A small crowd and two dozens of single histories. */
const COSTLY = 25;

const clickhouse = connectClickHouse(environment.clickhouseUrl);

/** Tenants of this file: no other test writes or asks for them. */
const TENANT = `oracle-${SEED}`;
const PATTERN = `%-${TENANT}-%`;

const quarter = 900_000;
const untilLately = Math.floor((Date.now() - 3_600_000 - baseTime - historySpan) / quarter) * quarter;

function toldOf(seed: number, count: number, name: string, shift = 0): Told[] {
  return fc.sample(histories, { numRuns: count, seed }).map((sampled, index) => {
    const history = later(sampled, shift);
    const tenant = `${TENANT}-${name}${index}`;
    const integrations = ['crm-a', 'crm-b'].map((id) => `${id}-${tenant}`);
    return {
      events: inTenant(history, tenant).events,
      config: historyConfig(integrations, index % 2 === 1),
    };
  });
}

/** The tickets of many histories in one desk: percentiles, medians and shares differ only among many. */
function crowdOf(seed: number, count: number, name: string): Told {
  const tenant = `${TENANT}-${name}`;
  const integrations = ['crm-a', 'crm-b'].map((id) => `${id}-${tenant}`);
  const events = fc.sample(histories, { numRuns: count, seed }).flatMap((history, index) =>
    inTenant(history, tenant).events.map((event) => ({ ...event, ticket_id: `${event.ticket_id}-${index}` })));
  return { events, config: historyConfig(integrations, true) };
}

const population: readonly Told[] = [
  crowdOf(SEED + 2, 40, 'few'),
  ...toldOf(SEED, HISTORIES, ''),
  crowdOf(SEED + 3, 200, 'many'),
  ...toldOf(SEED + 1, RECENT_HISTORIES, 'recent-', untilLately),
  ...REGRESSION_SEEDS.flatMap((seed) => toldOf(seed, 100, `${seed}-`)),
];
const events = population.flatMap((told) => told.events);
const integrationsOf = (tolds: readonly Told[]): string[] => [...new Set(tolds.flatMap((told) => told.events.map((event) => event.source.integration_id)))];

const costly = population.slice(0, COSTLY);
const costlyAnswers = new Map<Compared, Answer>();

function configOf(tolds: readonly Told[]): Parameters<typeof loadConfig>[2] {
  const merged = <T>(part: (told: Told) => Readonly<Record<string, T>> | undefined): Record<string, T> =>
    Object.fromEntries(tolds.flatMap((told) => Object.entries(part(told) ?? {})));
  return {
    calendars: historyConfig([]).calendars,
    defaultCalendars: merged((told) => told.config.defaultCalendars),
    statusMaps: merged((told) => told.config.statusMaps),
    agentNames: merged((told) => told.config.agentNames),
    policies: tolds.flatMap((told) => told.config.policies ?? []),
    shifts: tolds.flatMap((told) => told.config.shifts ?? []),
  };
}

async function land(tolds: readonly Told[], databases: readonly string[]): Promise<void> {
  await landEvents(clickhouse, tolds.flatMap((told) => told.events), databases);
  await computeFactsWhere(clickhouse, `like(integration_id, '${PATTERN}')`);
}

beforeAll(async () => {
  console.log(`${HISTORIES} histories and ${population.length - HISTORIES} more desks, ${events.length} events, SEED=${SEED}, the recent ones ${untilLately} ms later`);
  await loadConfig(clickhouse, integrationsOf(population), configOf(population));
  await land(costly, ['queue', 'agents', 'log']);
  const tenants = `integration_id IN ('${integrationsOf(costly).join("', '")}')`;
  for (const view of costlyViews) costlyAnswers.set(view, await answer(clickhouse, queryOf(view, tenants)));
  await land(population.slice(COSTLY), ['queue', 'agents']);
});

afterAll(async () => {
  if (process.env['KEEP_HISTORIES'] === undefined) await forgetTenants(clickhouse, PATTERN, ['queue', 'agents', 'log']);
  await clickhouse.close();
});

function assertAgrees(view: Compared, answered: Answer, tolds: readonly Told[]): void {
  const differences = differencesOf(view, answered, tolds);
  expect(differences.length, `SEED=${SEED} HISTORIES=${HISTORIES}\n${tellDifferences(differences)}`).toBe(0);
}

const nameOf = ({ view, parameters }: Compared): string =>
  (parameters === undefined ? view : `${view}(${Object.values(parameters).join(', ')})`);

for (const view of costlyViews) {
  test(`${nameOf(view)} equals the oracle in every column of every row`, () => {
    const answered = costlyAnswers.get(view);
    expect.assert(answered);
    assertAgrees(view, answered, costly);
  });
}

for (const view of comparedViews) {
  test(`${nameOf(view)} equals the oracle in every column of every row`, async () =>
    assertAgrees(view, await answer(clickhouse, queryOf(view, `like(integration_id, '${PATTERN}')`)), population));
}

test('every view is compared, or excused with a reason', async () => {
  const found = await clickhouse.query<{ view: string }>(
    `SELECT concat(database, '.', name) AS view FROM system.tables WHERE engine = 'View' AND database IN ('queue', 'agents', 'log', 'config') ORDER BY view`);
  const accounted = [...new Set([...comparedViews, ...costlyViews].map(({ view }) => view)), ...Object.keys(excusedViews)].sort();
  expect(found.map(({ view }) => view)).toStrictEqual(accounted);
});
