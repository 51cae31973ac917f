// What must hold for any history, judged without a second implementation.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareRows, tellDifferences } from './compare.ts';
import type { CrmEvent } from './events.ts';
import { histories, rearranged } from './histories.ts';
import { runHourly, runOracle, viewKeys, type OracleViews, type ViewName } from './oracle.ts';
import { firstArrivals } from './timeline.ts';
import type { OracleConfig } from './config.ts';

const runs = { numRuns: 150 };

const config: Omit<OracleConfig, 'now'> = {
  calendars: [{
    calendar_id: 'office',
    versions: [{
      version: 1, valid_from: 0, zone: 'Europe/Berlin', holidays: ['2026-04-03'],
      windows: [{ weekdays: [1, 2, 3, 4, 5], from: '09:00', to: '18:00' }],
    }],
  }],
  defaultCalendars: { 'crm-a': 'office' },
  policies: ['crm-a', 'crm-b'].flatMap((integration_id) => [
    {
      policy_id: 'billing', integration_id,
      versions: [{
        version: 1, valid_from: 0, calendar_id: 'office', match: { queue_id: 'billing' }, first_response_seconds: 1800,
        resolution_seconds: 14_400, pause_statuses: ['pending' as const],
      }],
    },
    {
      policy_id: 'all', integration_id,
      versions: [{
        version: 1, valid_from: 0, calendar_id: '', first_response_seconds: 3600, next_response_seconds: 7200,
        resolution_seconds: 86_400, pause_statuses: ['pending' as const, 'on_hold' as const],
      }],
    },
  ]),
};

const arrivalFree: ViewName[] = (Object.keys(viewKeys) as (keyof typeof viewKeys)[])
  .filter((view): view is ViewName => !['queue_hourly', 'agent_hourly', 'resolution_survival', 'data_quality'].includes(view));

function run(events: readonly CrmEvent[], now: number, cut: Partial<OracleConfig> = {}): OracleViews {
  return runOracle(events, { ...config, now, ...cut });
}

function assertSameViews(left: OracleViews, right: OracleViews): void {
  for (const view of arrivalFree) {
    const differences = compareRows({ view, keys: viewKeys[view], oracle: left[view], sql: right[view] });
    assert.equal(tellDifferences(differences), '');
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
      assert.equal(new Set(keys).size, keys.length, view);
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
        assert.equal(interval.valid_to, next.valid_from);
      } else {
        assert.equal(interval.valid_to, Date.UTC(2106, 0, 1));
      }
    });
  }), runs);
});

test('hourly flows reconcile with the backlog of queues and agents', () => {
  fc.assert(fc.property(histories, (history) => {
    const hourly = runHourly(history.events, { ...config, now: history.now });
    for (const [rows, column] of [[hourly.queue_hourly, 'queue_id'], [hourly.agent_hourly, 'agent_id']] as const) {
      const backlog = new Map<string, number>();
      for (const row of rows) {
        const key = JSON.stringify([row.integration_id, row[column]]);
        const before = backlog.get(key) ?? 0;
        assert.equal(Number(row.backlog_end) - before, row.net_flow, `${key} ${String(row.hour)}`);
        backlog.set(key, Number(row.backlog_end));
      }
    }
  }), { numRuns: 15 });
});
