// The fold says what the oracle says: random histories under random desks, ticket by ticket, every column of the views that
// speak of one ticket, without a database. HISTORIES and SEED choose how many and which.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { queueHours } from '../../services/ticket/story/hours.ts';
import { compareRows, tellDifferences } from '../oracle/compare.ts';
import { comparedViews } from '../integration/compared-views.ts';
import { backlogAt, openWaitSince } from '../oracle/backlog.ts';
import { crowdedHistories, inArrivalOrder } from '../oracle/crowded.ts';
import { historyDesks } from '../oracle/history-desks.ts';
import { baseTime, histories, historySpan, type History } from '../oracle/histories.ts';
import { ticketHappenings } from '../oracle/hourly.ts';
import { runRows, runViews, type ViewName } from '../oracle/oracle.ts';
import type { OracleConfig } from '../oracle/config.ts';
import type { Timeline } from '../oracle/timeline.ts';
import { foldHistory, type Folded } from './folded.ts';
import { viewRows, viewsOfOneTicket } from './rows.ts';

const HISTORIES = Number(process.env['HISTORIES'] ?? 400);
const SEED = Number(process.env['SEED'] ?? 358_440_570);

type Desk = Omit<OracleConfig, 'now'>;
const integrations = ['crm-a', 'crm-b'];
const HOUR = 3_600_000;

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

const hourOf = (at: number): number => Math.floor(at / HOUR) * HOUR;

/** What the oracle counts in the hours of a ticket, and what is left at their ends. */
function oracleHours(timeline: Timeline): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { at, flow, key } of ticketHappenings(timeline)) {
    const name = `${hourOf(at)} ${key} ${flow}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

function foldedHours({ story }: Folded, timeline: Timeline): { readonly counts: Record<string, number>; readonly stocks: string[] } {
  const counts: Record<string, number> = {};
  const stocks: string[] = [];
  const [backlog, waiting] = [new Map<string, number>(), new Map<string, number>()];
  for (const { hour, queueId, flows, netFlow, waitsStarted, firstResponses, waitingChange } of queueHours(story)) {
    for (const [flow, n] of Object.entries({ ...flows, waits_started: waitsStarted, first_responses: firstResponses })) if (n > 0) counts[`${hour} ${queueId} ${flow}`] = n;
    backlog.set(queueId, (backlog.get(queueId) ?? 0) + netFlow);
    waiting.set(queueId, (waiting.get(queueId) ?? 0) + waitingChange);
    const held = backlogAt([timeline], hour + HOUR - 1).filter((ticket) => ticket.queue_id === queueId).length;
    const waits = held > 0 && openWaitSince(timeline, hour + HOUR - 1) !== null ? 1 : 0;
    if (backlog.get(queueId) !== held || waiting.get(queueId) !== waits) stocks.push(`${hour} ${queueId}: backlog ${held}, waiting ${waits}`);
  }
  return { counts, stocks };
}

function assertSameHours({ events, now }: Log, desk: Desk, folded: readonly Folded[]): void {
  runRows(events, { ...desk, now }, (timelines) => {
    for (const timeline of timelines) {
      const own = folded.find((one) => one.integration_id === timeline.integration_id && one.ticket_id === timeline.ticket_id);
      expect.assert(own);
      const { counts, stocks } = foldedHours(own, timeline);
      expect(counts).toStrictEqual(oracleHours(timeline));
      expect(stocks).toStrictEqual([]);
    }
    return [];
  });
}

function assertAgrees(log: Log, desk: Desk): void {
  const folded = foldHistory(log.events, desk);
  expect(differencesOf(log, desk, folded)).toBe('');
  assertSameHours(log, desk, folded);
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
