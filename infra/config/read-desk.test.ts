import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Desk } from './desk.ts';
import { readDesk } from './read-desk.ts';
import { changedFacts } from './rows.ts';

const example = readFileSync(new URL('desk.example.json', import.meta.url), 'utf8');

const problemsOf = (desk: unknown): string[] => {
  const read = readDesk(typeof desk === 'string' ? desk : JSON.stringify(desk));
  return 'problems' in read ? read.problems.map(({ path, message }) => `${path} ${message}`) : [];
};

test('the example, the demo’s and the empty desk are valid', () => {
  expect(problemsOf(example)).toStrictEqual([]);
  expect(problemsOf(readFileSync(new URL('../demo/desk.json', import.meta.url), 'utf8'))).toStrictEqual([]);
  expect(problemsOf({})).toStrictEqual([]);
});

test('a file that still has what-if policies is told where they went', () => {
  expect(problemsOf({ what_if: { stricter: {} } })).toStrictEqual([expect.stringMatching(/^\/what_if .*npm run snapshot -- create NAME --desk FILE/)]);
});

test('all problems are told at once, each with its place', () => {
  const office = { version: 1, zone: 'Europe/Berlin', windows: [{ days: ['mon'], from: '18:00', to: '09:00' }] };
  expect(problemsOf({
    calendars: [
      { calendar_id: 'office', versions: [office, { ...office, version: 1, windows: [] }] },
      { calendar_id: 'office', versions: [{ ...office, windows: [{ days: ['mon'], from: '09:00', to: '18:00', overnight: true }] }] },
      { calendar_id: 'mars', versions: [{ version: 1, zone: 'Mars/Olympus', windows: [] }] },
    ],
    defaults: { calendar_id: 'mars', status_map: { parked: 'waiting', 'On-Hold': 'on_hold', 'on hold': 'pending', 'Junk__mail ': 'discarded', 'junk mail': 'closed' } },
    integrations: {
      acme: {
        calendar_id: 'nowhere',
        policies: [
          { policy_id: 'vip', versions: [{ version: 1, resolution_seconds: 0, calendar_id: 'office' }] },
          { policy_id: 'all', versions: [{ version: 1, calendar_id: 'none' }] },
          { policy_id: 'all', versions: [{ version: 1 }] },
        ],
        agents: { lea: { shifts: [{ from: '2026-03-02T10:00:00Z', to: '2026-03-02T09:00:00Z' }] } },
      },
      globex: { timezone: 'UTC', status_map: { '_-': 'open' } },
    },
  }).sort()).toStrictEqual([
    '/calendars/0/versions/0/windows/0/to 09:00 is not after 18:00; a window that ends on the next date needs "overnight": true',
    '/calendars/0/versions/1 needs `from`: only the first version may be in force since ever',
    '/calendars/0/versions/1/version 1 must be higher than 1, the one before',
    '/calendars/1/calendar_id "office" occurs twice',
    '/calendars/1/versions/0/windows/0/overnight 18:00 is later than 09:00: such a window ends on the same date',
    '/calendars/2/versions/0/zone "Mars/Olympus" is no IANA time zone',
    '/defaults/status_map/junk mail "junk mail" and "Junk__mail " are one status',
    '/defaults/status_map/on hold "on hold" and "On-Hold" are one status',
    '/defaults/status_map/parked "waiting" is none of new, open, pending, on_hold, solved, closed, discarded',
    '/integrations/acme/agents/lea/shifts/0/to 2026-03-02T09:00:00Z is not after 2026-03-02T10:00:00Z',
    '/integrations/acme/calendar_id there is no calendar "nowhere"',
    '/integrations/acme/policies/0/versions/0/resolution_seconds 0 must be >= 1',
    '/integrations/acme/policies/1/versions/0/calendar_id there is no calendar "none"',
    '/integrations/acme/policies/2/policy_id "all" occurs twice',
    '/integrations/globex/status_map "_-" must match pattern "^[^*]*[^*\\s_-][^*]*\\*?$"',
    '/integrations/globex/timezone is not known here',
  ]);
});

test('a member that occurs twice and a text that is no JSON are refused', () => {
  expect(problemsOf('{"integrations": {"acme": {}, "acme": {"calendar_id": ""}}}')[0] ?? '').toMatch(/Duplicate key 'acme'/);
  expect(problemsOf('{"calendars": [')[0] ?? '').toMatch(/^\/ /);
});

test('dates and instants must exist, and instants need an offset', () => {
  const version = { version: 1, zone: 'Europe/Berlin', windows: [], holidays: ['2026-02-30'], from: '2026-01-01T00:00:00' };
  expect(problemsOf({ calendars: [{ calendar_id: 'a', versions: [version] }] }).sort()).toStrictEqual([
    '/calendars/0/versions/0/from "2026-01-01T00:00:00" is no date-time with an offset',
    '/calendars/0/versions/0/holidays/0 "2026-02-30" is no date',
  ]);
});

test('a closure is a part of one date', () => {
  const closures = [{ date: '2026-12-24', from: '12:00', to: '12:00' }, { date: '2026-12-24', from: '24:00' }, { date: '24 December', from: '12:00' }, { from: '12:00' }, { date: '2026-12-24', from: '12:00', until: '24:00' }];
  const windows = [{ days: ['mon'], from: '9:00', to: '18:00' }];
  expect(problemsOf({ calendars: [{ calendar_id: 'a', versions: [{ version: 1, zone: 'Europe/Berlin', windows: [], closures: closures.slice(0, 1) }] }] })).toStrictEqual(['/calendars/0/versions/0/closures/0/to 12:00 is not after 12:00; a closure that ends on the next date is two closures']);
  expect(problemsOf({ calendars: [{ calendar_id: 'a', versions: [{ version: 1, zone: 'Europe/Berlin', windows, closures: closures.slice(1) }] }] }).map((problem) => problem.split(' ')[0]).sort()).toStrictEqual([
    '/calendars/0/versions/0/closures/0/from', '/calendars/0/versions/0/closures/1/date', '/calendars/0/versions/0/closures/2', '/calendars/0/versions/0/closures/3/until', '/calendars/0/versions/0/windows/0/from',
  ]);
});

test('facts change for those whose calendars, status map or policies change, and for nobody else', () => {
  const read = readDesk(example);
  expect.assert('desk' in read);
  const { desk } = read;
  const acme = desk.integrations?.['acme'] ?? {};
  const withAcme = (change: object): Desk => ({ ...desk, integrations: { acme: { ...acme, ...change } } });
  expect(changedFacts({}, desk)).toStrictEqual(['']);
  expect(changedFacts(desk, desk)).toStrictEqual([]);
  expect(changedFacts(desk, withAcme({ queues: {}, agents: {} }))).toStrictEqual([]);
  expect(changedFacts(desk, withAcme({ policies: [] }))).toStrictEqual(['acme']);
  expect(changedFacts(desk, withAcme({ calendar_id: '' }))).toStrictEqual(['acme']);
  expect(changedFacts(desk, withAcme({ status_map: {} }))).toStrictEqual(['acme']);
  expect(changedFacts(desk, { ...desk, integrations: {} })).toStrictEqual(['acme']);
  const closed = { ...desk, calendars: (desk.calendars ?? []).map((calendar) => ({ ...calendar, versions: calendar.versions.map((version) => ({ ...version, closures: [] })) })) };
  expect(changedFacts(desk, closed)).toStrictEqual(['']);
});
