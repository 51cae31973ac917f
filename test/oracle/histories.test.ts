// What must hold for any history, judged without a second implementation.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareRows, tellDifferences } from './compare.ts';
import type { CrmEvent } from './events.ts';
import { histories } from './histories.ts';
import { rearranged } from './history-variants.ts';
import { historyConfig } from './history-config.ts';
import { runHourly, runOracle, viewKeys, type OracleViews, type ViewName } from './oracle.ts';
import { firstArrivals } from './order.ts';
import type { OracleConfig } from './config.ts';

const runs = { numRuns: 150 };

const config = historyConfig(['crm-a', 'crm-b']);

const arrivalFree: ViewName[] = (Object.keys(viewKeys) as (keyof typeof viewKeys)[])
  .filter((view): view is ViewName => !['queue_hourly', 'agent_hourly', 'resolution_survival', 'data_quality'].includes(view));

function run(events: readonly CrmEvent[], now: number, cut: Partial<OracleConfig> = {}): OracleViews {
  return runOracle(events, { ...config, now, ...cut });
}

/** Findings depend on arrival. */
const flagsLeftOut = { ignore: ['data_quality'], excused: { data_quality: 'depends on arrival' } };

function assertSameViews(left: OracleViews, right: OracleViews): void {
  for (const view of arrivalFree) {
    const differences = compareRows({ view, keys: viewKeys[view], oracle: left[view], sql: right[view], ...(view === 'tickets' ? flagsLeftOut : {}) });
    expect(tellDifferences(differences)).toBe('');
  }
}

test('any order of arrival gives identical tables', () => {
  fc.assert(fc.property(histories, fc.array(fc.nat({ max: 50 }), { minLength: 1 }), (history, order) => {
    const once = { ...history, events: firstArrivals(history.events) };
    assertSameViews(run(once.events, once.now), run(rearranged(once, order).events, once.now));
  }), runs);
});

test('a duplicate changes nothing, whatever its body says', () => {
  fc.assert(fc.property(histories, (history) => {
    assertSameViews(run(history.events, history.now), run(firstArrivals(history.events), history.now));
  }), runs);
});

test('the keys of a view name each row once', () => {
  fc.assert(fc.property(histories, (history) => {
    const views = run(history.events, history.now);
    for (const view of arrivalFree) {
      const keys = views[view].map((row) => JSON.stringify(viewKeys[view].map((key) => row[key])));
      expect(new Set(keys).size, view).toBe(keys.length);
    }
  }), runs);
});

test('an as-of cut is the same as a log that ends there', () => {
  fc.assert(fc.property(histories, (history) => {
    const { asOf, knownAt } = history;
    const cut = firstArrivals(history.events.filter((e) => e.received_at <= knownAt)).filter((e) => e.timestamp <= asOf);
    assertSameViews(run(history.events, asOf, { asOf, knownAt }), run(cut, asOf));
  }), runs);
});

test('intervals leave no gap and stations cover them', () => {
  fc.assert(fc.property(histories, (history) => {
    const { ticket_state_intervals: intervals } = run(history.events, history.now);
    intervals.forEach((interval, i) => {
      const next = intervals[i + 1];
      if (next && next.ticket_id === interval.ticket_id && next.integration_id === interval.integration_id) {
        expect(interval.valid_to).toBe(next.valid_from);
      } else {
        expect(interval.valid_to).toBe(Date.UTC(2106, 0, 1));
      }
    });
  }), runs);
});

test('hourly flows reconcile with the backlog of queues', () => {
  fc.assert(fc.property(histories, (history) => {
    const hourly = runHourly(history.events, { ...config, now: history.now });
    const backlog = new Map<string, number>();
    for (const row of hourly.queue_hourly) {
      const key = JSON.stringify([row.integration_id, row.queue_id]);
      const before = backlog.get(key) ?? 0;
      expect(Number(row.backlog_end) - before, `${key} ${String(row.hour)}`).toBe(row.net_flow);
      backlog.set(key, Number(row.backlog_end));
    }
  }), { numRuns: 15 });
});

test('the histories are rich: each outcome, end and verdict occurs', () => {
  const seen = new Set<string>();
  for (const history of fc.sample(histories, { numRuns: 400, seed: 7 })) {
    const views = run(history.events, history.now);
    const note = (view: ViewName, ...columns: string[]): void => {
      for (const row of views[view]) for (const column of columns) seen.add(`${column} ${String(row[column])}`);
    };
    note('customer_waits', 'ended_by');
    note('ticket_assignments', 'ended_by', 'is_bounced', 'is_handoff');
    note('sla_timers', 'outcome', 'metric', 'policy_id', 'policy_version');
    note('escalation_audit', 'verdict');
    note('process_edges', 'to_activity');
    note('tickets', 'is_discarded', 'is_provisional', 'is_one_touch', 'is_no_touch', 'reopens');
    note('data_quality', 'rule');
  }
  const expected = [
    'ended_by agent_reply', 'ended_by solved', 'ended_by discarded', 'ended_by reassigned', 'ended_by unassigned', 'is_bounced 1', 'is_handoff 1',
    'outcome active', 'outcome met', 'outcome breached', 'outcome cancelled', 'metric next_response', 'policy_id spring', 'policy_version 2',
    'verdict matched', 'verdict missed', 'verdict unfounded', 'is_provisional 1', 'is_one_touch 1', 'is_no_touch 1', 'reopens 2', 'is_discarded 1', 'rule unknown_status', 'rule status_contradiction', 'to_activity restored',
  ];
  expect(expected.filter((value) => !seen.has(value))).toStrictEqual([]);
});
