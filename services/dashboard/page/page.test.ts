// What the browser gets, drawn without one.
import { h, type ComponentChild } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { expect, test } from 'vitest';
import { changed, hrefOf, withoutDrill } from './address.ts';
import { Refused, type Answer, type Row } from './api.ts';
import { DeskProvider, type Desk } from './desk.ts';
import { count, dayOf, duration, plusDays, shortDuration } from './format.ts';
import { byKey, soonest, sumOf } from './pages/now-cells.ts';
import { planOf } from './pages/staffing.tsx';
import { lanesOf } from './pages/ticket-lanes.ts';
import { Count, Duration, Share } from './parts/figure.tsx';
import { Measured, mostOf } from './parts/measured.tsx';
import { Answered, Panel } from './parts/panel.tsx';
import { Rows } from './parts/rows.tsx';
import { de } from './texts/de.ts';
import { en } from './texts/en.ts';

const desk: Desk = {
  tenant: 'acme', tenants: ['acme'], from: '2026-03-02', to: '2026-03-15', lastDay: '2026-03-15', zone: 'Europe/Berlin', clock: 'elapsed', isOperator: true,
  queues: [], channels: [], languages: [], queueName: (id) => (id === 'q-1' ? 'Billing' : id), agentName: (id) => (id === 'a-1' ? 'Lea' : id), query: new URLSearchParams({ tenant: 'acme', channel: 'bot_form' }),
};
const drawn = (child: ComponentChild): string => renderToString(h(DeskProvider, { value: desk, children: child }));
const drill = { made: 'now/cells' };
const answer = (rows: readonly Row[], more: Partial<Answer> = {}): Answer => ({
  query: 'a/b', title: 'T.', about: '', sql: '', at: '2026-03-02T09:00:00.000Z', took_ms: 1, read_rows: 1, rows,
  columns: Object.keys(rows[0] ?? {}).map((name) => ({ name, type: name.endsWith('_at') ? "DateTime64(3, 'UTC')" : typeof rows[0]?.[name] === 'number' ? 'UInt64' : 'String' })), ...more,
});

test('durations say two units at most, and none is not zero', () => {
  expect([0, 45, 60, 3_600, 7_505, 86_399, 90_061, 31_536_000, -61].map(duration)).toStrictEqual(['0 s', '45 s', '1 min', '1 h', '2 h 5 min', '23 h 59 min', '1 d 1 h', '365 d', '−1 min 1 s']);
  expect(duration(null)).toBe('–');
  expect([0, 59, 3_700, 200_000].map(shortDuration)).toStrictEqual(['0 s', '59 s', '1 h', '2 d']);
  expect(count(1234567.891, 2)).toBe('1,234,567.89');
});

test('days are those of the zone, whatever the zone of the browser', () => {
  expect(dayOf(Date.parse('2026-03-01T23:30:00Z'), 'Europe/Berlin')).toBe('2026-03-02');
  expect(dayOf(Date.parse('2026-03-01T23:30:00Z'), 'America/New_York')).toBe('2026-03-01');
  expect(plusDays('2026-03-01', -1)).toBe('2026-02-28');
});

test('an address keeps every filter, an empty queue, too, and loses what was opened only', () => {
  const query = new URLSearchParams('tenant=acme&queue=&queue=a&open=now/tickets&made=now/cells&o.queue=b');
  expect(hrefOf('now', changed(query, withoutDrill(query)))).toBe('/now?tenant=acme&queue=&queue=a');
});

const cells: readonly Row[] = [
  { queue_id: 'a', assignee_id: '', tickets: 3, longest_waits: [['2026-03-02 09:00:00.000', 'T3', '7'], ['2026-03-02 11:00:00.000', 'T1', '']] },
  { queue_id: 'b', assignee_id: 'lea', tickets: 4, longest_waits: [['2026-03-02 10:00:00.000', 'T2', '8']] },
  { queue_id: 'a', assignee_id: 'lea', tickets: 5, longest_waits: [] },
];

test('what is shown of the desk are sums of its cells, and the earliest over all of them', () => {
  expect(sumOf(cells, 'tickets')).toBe(12);
  expect([...byKey(cells, 'queue_id')].map(([queue, own]) => [queue, sumOf(own, 'tickets')])).toStrictEqual([['a', 8], ['b', 4]]);
  expect(soonest(cells, 'longest_waits', 2).map(({ ticket, customer, queue, assignee }) => [ticket, customer, queue, assignee])).toStrictEqual([['T3', '7', 'a', ''], ['T2', '8', 'b', 'lea']]);
});

test('the plan of the week ahead is by local day and hour, and an hour that is there twice takes the larger number of agents', () => {
  const row = (hour: string, agents: number, forecast: number): Row => ({ hour, agents_needed: agents, forecast });
  // Summer time ends in Berlin on the 25th: two o'clock comes twice.
  const plan = planOf([row('2026-10-23 22:00:00', 9, 9), row('2026-10-25 00:00:00', 2, 5), row('2026-10-25 01:00:00', 3, 4), row('2026-10-25 08:00:00', 1, 2)], '2026-10-24', 'Europe/Berlin');
  expect([...plan].map(([day, hours]) => [day, [...hours].map(([hour, { agents, forecast }]) => [hour, agents, forecast])])).toStrictEqual([['2026-10-25', [[2, 3, 9], [9, 1, 2]]]]);
});

test('a number is a button that says what it is and what it opens, with its exact value on hover', () => {
  const wait = drawn(h(Duration, { value: 7_505, label: 'Longest wait', drill }));
  expect(wait).toContain('aria-label="Longest wait: 2 h 5 min. SQL and rows of Longest wait"');
  expect(wait).toContain('title="7,505 s"');
  expect(wait).toMatch(/^<button type="button"/);
  expect(drawn(h(Count, { value: 0, label: 'x', tone: 'bad', drill }))).toContain('class="figure quiet"');
  expect(drawn(h(Share, { value: null, label: 'x', drill }))).toContain('>–<');
});

test('each state is drawn as what it is', () => {
  const asked = (state: object): string => drawn(h(Answered, { asked: { answer: null, error: null, isLoading: false, ...state }, children: () => 'THERE' }));
  expect(asked({ isLoading: true })).toContain('aria-busy="true"');
  expect(asked({ error: new Refused(403, 'no_permission', '') })).toContain(en.no_permission);
  expect(asked({ error: new Refused(503, 'clickhouse_unavailable', '') })).toContain(en.unavailable_why);
  expect(asked({ answer: answer([]) })).toContain(en.empty);
  expect(asked({ answer: answer([{ a: 1 }]) })).toContain('THERE');
  expect(asked({ answer: answer([{ a: 1 }], { stale: 'away' }) })).toMatch(/ClickHouse does not answer\. Data of 10:00:00.*old\..*THERE/);
});

test('a filter that a number can’t depend on is named beside it, when it is set', () => {
  expect(drawn(h(Panel, { title: 'T', ignores: ['channel', 'language'], children: null }))).toContain('Not filtered by Channel</p>');
  expect(drawn(h(Panel, { title: 'T', ignores: ['language'], children: null }))).not.toContain('Not filtered');
});

test('rows are columns by what people call them, as in the SQL on hover, with instants in the zone, what people wrote in its own direction, and nothing as markup', () => {
  const table = drawn(h(Rows, { caption: 'C', answer: answer([{ ticket_id: 'T-1', created_at: '2026-03-02 09:00:00.000', wait_seconds: 61, status: '<b>مفتوح</b>', ended_at: null }]) }));
  expect(table).toContain('title="created_at">Created</th>');
  expect(table).toMatch(/<time title="2026-03-02 09:00:00 UTC">Mar 2, 2026, 10:00.AM<\/time>/);
  expect(table).toContain('title="61 s">1 min 1 s<');
  expect(table).toContain('<bdi>&lt;b>مفتوح&lt;/b></bdi>');
  expect(table).toContain('href="/ticket?tenant=acme&amp;channel=bot_form&amp;ticket=T-1"');
});

test('who and what has a name is called by it, and our own words say what they mean', () => {
  const table = drawn(h(Rows, { caption: 'C', answer: answer([{ agent_id: 'a-1', queue_id: 'q-1', from_queue_id: 'q-2', outcome: 'breached', is_bounced: 0, status: 'breached', rule: 'never_seen', agent_ids: ['a-1', 'a-2'] }]) }));
  const cells = [...table.matchAll(/<td[^>]*>(.*?)<\/td>/g)].map(([, cell = '']) => cell);
  expect(cells).toStrictEqual([
    '<bdi title="a-1">Lea</bdi>', '<bdi title="q-1">Billing</bdi>', '<bdi>q-2</bdi>', '<bdi title="breached">broken</bdi>', 'no', '<bdi>breached</bdi>', '<bdi title="never_seen">never seen</bdi>',
    '<span><bdi title="a-1">Lea</bdi></span><span>, <bdi>a-2</bdi></span>',
  ]);
});

test('a figure stands with n and its range, and where cases are too few for one, that stands there', () => {
  const measured = (row: Row): string => drawn(h(Measured, { row, of: 'p50', n: 9, label: 'L', drill, most: 100, format: duration })).replaceAll(/<[^>]+>/g, '|').replaceAll(/\|+/g, '|');
  expect(measured({ p50: 60, p50_likely_from: 20, p50_likely_to: 100 })).toBe('|1 min|n 9|20 s to 1 min 40 s|');
  expect(measured({ p50: 60, p50_likely_from: null, p50_likely_to: null })).toBe(`|1 min|n 9|${en.too_few}|`);
  expect(measured({ p50: null, p50_likely_from: null, p50_likely_to: null })).toBe('|–|');
  expect(mostOf([{ p50: 60, p50_likely_to: 100 }, { p50: 120, p50_likely_to: null }], ['p50'])).toBe(120);
});

test('both languages say everything, with the same places for values', () => {
  const places = (text: string): string => [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort().join();
  for (const [key, text] of Object.entries(en)) expect(places(de[key as keyof typeof en]), key).toBe(places(text));
});

test('the lanes of a ticket that nobody touches any more show its story, not the months since, and tell how long it lies there', () => {
  const hour = 3_600_000;
  const begun = Date.parse('2026-03-02T09:00:00Z');
  const none = answer([]);
  const states = answer([{ valid_from: '2026-03-02 09:00:00.000', ended_at: '2026-03-02 10:00:00.000', status: 'new', category: 'new' }, { valid_from: '2026-03-02 10:00:00.000', ended_at: null, status: 'open', category: 'open' }]);
  const { from, to, lanes } = lanesOf({ ticket: none, intervals: states, stations: none, waits: none, turns: answer([{ agent_id: 'lea', replied_at: '2026-03-02 11:00:00.000', last_reply_at: '2026-03-02 11:00:00.000', replies: 1 }]), timers: none, escalations: none }, begun + 5_000 * hour);
  expect([from - begun, to - begun]).toStrictEqual([0, 2.6 * hour]);
  expect(lanes[0]?.spans.map((span) => [span.text, (span.to - span.from) / hour, span.isOpen])).toStrictEqual([['new', 1, false], ['open', 4_999, true]]);
});
