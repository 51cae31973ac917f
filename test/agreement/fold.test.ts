// The fold says what the oracle says: random histories under random desks, ticket by ticket, every column of the views that
// speak of one ticket, without a database. HISTORIES and SEED choose how many and which.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareRows, tellDifferences } from '../oracle/compare.ts';
import { comparedViews } from '../integration/compared-views.ts';
import { crowdedHistories, inArrivalOrder } from '../oracle/crowded.ts';
import { historyDesks } from '../oracle/history-desks.ts';
import { baseTime, histories, historySpan, type History } from '../oracle/histories.ts';
import { runViews, type ViewName } from '../oracle/oracle.ts';
import type { OracleConfig } from '../oracle/config.ts';
import { foldHistory, type Folded } from './folded.ts';
import { differencesOfHours } from './hours.ts';
import { viewRows, viewsOfOneTicket } from './rows.ts';

const HISTORIES = Number(process.env['HISTORIES'] ?? 250);
const SEED = Number(process.env['SEED'] ?? 358_440_570);

type Desk = Omit<OracleConfig, 'now'>;
const integrations = ['crm-a', 'crm-b'];
type Log = Pick<History, 'events' | 'now'>;

const compared = new Map(comparedViews.filter(({ parameters }) => parameters === undefined).map((view) => [view.view, view]));
const oracleName = (view: string): ViewName => view.slice(view.indexOf('.') + 1) as ViewName;

/** What differs between both readings of the views, as text; '' where nothing does. */
function differencesOf({ events, now }: Log, desk: Desk, folded: readonly Folded[]): string {
  const rows = viewRows(folded, now);
  const oracle = runViews(viewsOfOneTicket.map(oracleName), events, { ...desk, now });
  const differences = viewsOfOneTicket.flatMap((view) => {
    const comparison = compared.get(view);
    expect.assert(comparison);
    const found = compareRows({ ...comparison, oracle: oracle[oracleName(view)] ?? [], sql: rows.get(view) ?? [] });
    // The rows of a fact have more columns than the view that is made of them.
    return found.filter(({ kind }) => kind !== 'column without a twin' && kind !== 'needless excuse');
  });
  return tellDifferences(differences, 8);
}

function assertAgrees(log: Log, desk: Desk): void {
  const folded = foldHistory(log.events, desk);
  expect(differencesOf(log, desk, folded)).toBe('');
  expect(differencesOfHours(log.events, { ...desk, now: log.now }, folded)).toStrictEqual([]);
}

test(`${HISTORIES} random histories under random desks say the same to the fold and to the oracle`, () => {
  fc.assert(fc.property(histories, historyDesks(integrations), (history, desk) => {
    assertAgrees(history, desk);
  }), { numRuns: HISTORIES, seed: SEED });
}, 3_600_000);

test('so do desks on which hundreds of events of a ticket share a few instants', () => {
  fc.assert(fc.property(fc.integer(), historyDesks(['crm-a']), (seed, desk) => {
    assertAgrees({ events: inArrivalOrder(crowdedHistories('crm-a', 40, seed), seed), now: baseTime + 2 * historySpan }, desk);
  }), { numRuns: Math.max(4, HISTORIES / 100), seed: SEED });
}, 3_600_000);
