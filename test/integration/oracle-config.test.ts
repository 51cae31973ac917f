// What an operator writes is what the numbers use: open hours from the desk file's wall times, and
// the meaning of status names, beside the oracle's own calendars and map.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { deskOf } from '../../services/ticket/desk/desk.ts';
import { liveDeskOf, liveDeskQuery, type DeskAnswer } from '../../services/ticket/reading/desk.ts';
import { CalendarClock, endOfTime, type Calendar } from '../oracle/calendar.ts';
import { historyCalendars } from '../oracle/history-config.ts';
import { categoryOf, defaultStatusMap } from '../oracle/statuses.ts';
import { environment } from '../system/support.ts';
import { forgetTenants, loadConfig } from './history-landing.ts';

const clickhouse = connectClickHouse(environment.clickhouseUrl);
const from = Date.UTC(2000, 0, 3);
const to = Date.UTC(2031, 0, 1);

const workdays = [1, 2, 3, 4, 5];
const berlin = { version: 1, valid_from: 0, zone: 'Europe/Berlin', holidays: ['2026-04-03'] };
const once: Calendar = {
  calendar_id: 'history-once',
  versions: [{ ...berlin, windows: [{ weekdays: workdays, from: '09:00', to: '18:00' }, { weekdays: [5, 6], from: '22:00', to: '06:00' }] }],
};
/** The same hours: listed twice, in parts that overlap or touch, over midnight, and by a version that changes nothing within an open window. */
const twice: Calendar = {
  calendar_id: 'history-twice',
  versions: [berlin, { ...berlin, version: 2, valid_from: Date.UTC(2026, 5, 1, 10, 30) }].map((version) => ({
    ...version,
    holidays: ['2026-04-03', '2026-04-03'],
    windows: [
      ...[1, 2].flatMap(() => [{ weekdays: workdays, from: '09:00', to: '18:00' }, { weekdays: [5, 6], from: '22:00', to: '06:00' }]),
      { weekdays: workdays, from: '09:00', to: '12:00' }, { weekdays: [2, 4], from: '12:00', to: '18:00' }, { weekdays: [5, 6], from: '22:00', to: '24:00' },
    ],
  })),
};

beforeAll(() => loadConfig(clickhouse, [], { calendars: [...historyCalendars, once, twice], defaultCalendars: {}, policies: [] }));
afterAll(async () => {
  await forgetTenants(clickhouse, 'nobody', []);
  await clickhouse.close();
});

for (const calendar of historyCalendars) {
  test(`three decades of open hours of ${calendar.calendar_id} are laid out as the oracle does`, async () => {
    const rows = await clickhouse.query<{ opened: number; closed: number; before: number; next: number }>(`
      SELECT toUnixTimestamp64Milli(open_from) AS opened, toUnixTimestamp64Milli(open_to) AS closed, cum_open_ms AS before, toUnixTimestamp64Milli(next_open_from) AS next
      FROM config.loaded_intervals
      WHERE calendar_id = '${calendar.calendar_id}' AND config_version = live_config_version() AND opened >= ${from} AND closed < ${to} ORDER BY opened`);
    const spans = new CalendarClock(calendar).open(from - 7 * 86_400_000, to + 7 * 86_400_000).filter(([opened]) => opened >= from);
    const within = spans.filter(([, closed]) => closed < to);
    expect(within.length).toBeGreaterThan(1_000);
    let open = rows[0]?.before ?? 0;
    const expected = within.map(([opened, closed], i) => {
      const before = open;
      open += closed - opened;
      return { opened, closed, before, next: spans[i + 1]?.[0] ?? endOfTime };
    });
    expect(rows).toStrictEqual(expected);
  });
}

interface Hours { readonly intervals: number; readonly hash: string }

const hoursOf = async ({ calendar_id }: Calendar): Promise<Hours | undefined> => (await clickhouse.query<Hours>(`
  SELECT count() AS intervals, toString(sum(cityHash64(open_from, open_to, cum_open_ms, next_open_from))) AS hash
  FROM config.loaded_intervals WHERE calendar_id = {calendar:String} AND config_version = live_config_version()`, { calendar: calendar_id }))[0];

test('six decades of open hours are the same from windows listed twice and in parts, and from rows written once more', async () => {
  const hours = await hoursOf(once);
  expect((hours?.intervals ?? 0)).toBeGreaterThan(20_000);
  expect(await hoursOf(twice)).toStrictEqual(hours);
  await loadConfig(clickhouse, [], { calendars: [once, twice], defaultCalendars: {}, policies: [] });
  expect([await hoursOf(once), await hoursOf(twice)]).toStrictEqual([hours, hours]);
});

test('the status names known out of the box are those of the oracle', async () => {
  const rows = await clickhouse.query<{ status_key: string; category: string }>(
    `SELECT status_key, category FROM config.status_map FINAL WHERE config_version = 0 AND integration_id = '' ORDER BY status_key`);
  const known = Object.entries(defaultStatusMap).map(([status_key, category]) => ({ status_key, category }));
  expect(rows).toStrictEqual(known.sort((a, b) => (a.status_key < b.status_key ? -1 : 1)));
});

test('names mean the same in any spelling, and names of service desks that nobody listed, too', async () => {
  const listed = Object.keys(defaultStatusMap).map((name) => name.replace('*', 'whoever'));
  const spelt = listed.flatMap((name) => [name, name.toUpperCase(), name.replaceAll(' ', '_'), name.replaceAll(' ', '-'), `${name}ish`, ` ${name}`, `${name.replaceAll(' ', ' - ')}_ `]);
  const serviceDesk = ['New', 'Active', 'Awaiting User Info', 'Awaiting Vendor', 'Awaiting Problem', 'Awaiting Evidence', 'Resolved', 'Closed', '-100', 'Awaiting', 'Ändern', 'WARTE_AUF_KUNDE', ''];
  const names = [...spelt, ...serviceDesk];
  const [answer] = await clickhouse.query<DeskAnswer>(liveDeskQuery);
  expect.assert(answer);
  const { statuses } = deskOf(liveDeskOf(answer).config)('tenant of this test');
  expect(names.map((name) => [name, statuses.read(name).category])).toStrictEqual(names.map((name) => [name, categoryOf(name, [defaultStatusMap])]));
});
