// Hand-computed numbers of the reports: scorecards, attainment, occupancy, local days, forecasts, conflicts.
import { describe, expect, test } from 'vitest';
import { arrivalsForecastRows, forecastErrorRows } from './arrivals.ts';
import { answeredWithin, erlangC } from './erlang.ts';
import { quantileExact } from './figures.ts';
import { queueDailyRows } from './hourly.ts';
import { conflictRows, eventRows } from './log.ts';
import { occupancyRows } from './occupancy.ts';
import { runRows } from './oracle.ts';
import { scorecardRows } from './scorecard.ts';
import { story, table, tell, time } from './story.ts';

describe('tickets', () => {
  test('queue changes are those of the groups that assignments name after the creation; none is a group', () => {
    const moved = story().created('09:00').assign('09:00', 'anna@tech').assign('09:10', 'ben').assign('09:20', 'ben@tech').assign('09:30', '@tech');
    expect(table(moved.run().tickets, 'queue_changes', 'queue_stations')).toStrictEqual([[2, 1]]);
  });
  test('closed is when it was first closed since it was last not over, and only while it is over', () => {
    const lost = story().created('09:00').status('10:00', 'closed').status('11:00', 'open').status('12:00', 'spam');
    expect(table(lost.run().tickets, 'closed_at')).toStrictEqual([[null]]);
    expect(table(lost.status('13:00', 'closed').status('14:00', 'merged').run().tickets, 'closed_at', 'last_solved_at')).toStrictEqual([[time('13:00'), time('10:00')]]);
    const closed = story().created('09:00').status('10:00', 'closed').status('11:00', 'open').status('12:00', 'solved').status('13:00', 'closed').status('14:00', 'solved').status('15:00', 'closed');
    expect(table(closed.run().tickets, 'closed_at', 'last_solved_at')).toStrictEqual([[time('13:00'), time('12:00')]]);
    expect(table(story().created('09:00').status('10:00', 'closed').status('11:00', 'open').run().tickets, 'closed_at', 'last_solved_at')).toStrictEqual([[null, time('10:00')]]);
  });
});

describe('scorecards', () => {
  test('a percentile is a measured value: the one at level times n, counted from 0', () => {
    expect([0.5, 0.9, 0.95].map((level) => quantileExact([40, 10, 30, 20], level))).toStrictEqual([30, 40, 40]);
    expect(quantileExact([], 0.5)).toBeNull();
  });
  test('in a period each fact counts by its own anchor', () => {
    const told = story().created('09:00').assign('09:00', 'anna@tech').reply('09:10', 'anna').customer('09:20').assign('09:25', 'ben@tech').reply('09:30', 'ben').status('10:00', 'solved', 'anna');
    const rows = runRows(told.events, { now: time('11:00') }, (timelines, rules) => scorecardRows(timelines, rules, { from: time('09:10'), to: time('10:00') }));
    expect(table(rows, 'agent_id', 'solves', 'stations', 'handoffs', 'reply_turns', 'wait_seconds_p50', 'agent_wait_seconds_p90', 'held_seconds')).toStrictEqual([
      ['anna', 0, 0, 0, 1, 600, 600, 0],
      ['ben', 0, 1, 1, 1, 600, 300, 2100],
    ]);
  });
});

describe('attainment', () => {
  test('counts what was due in a week, by the queue of the end', () => {
    const policies = [{ policy_id: 'p', integration_id: 'crm', versions: [{ version: 1, valid_from: 0, calendar_id: '', first_response_seconds: 3600, resolution_seconds: 900_000, pause_statuses: [] }] }];
    const views = tell([
      story('A').created('09:00').assign('09:05', '@tech').reply('09:30', 'anna').assign('09:40', '@billing'),
      story('B').created('09:00').reply('10:30', 'anna'),
    ], { policies, now: time('8 00:00') });
    expect(table(views.sla_attainment, 'metric', 'queue_id', 'week', 'met', 'breached', 'active', 'sla_attainment')).toStrictEqual([
      ['first_response', 'tech', '2026-03-23', 1, 0, 0, 1],
      ['resolution', 'billing', '2026-03-30', 0, 0, 1, null],
      ['first_response', '', '2026-03-23', 0, 1, 0, 0],
      ['resolution', '', '2026-03-30', 0, 0, 1, null],
    ]);
  });
});

describe('local days', () => {
  const zone = 'Europe/Berlin';
  test('the day of the change to summer time has 23 hours, and flows lie in their local day', () => {
    const told = story().created('6 22:59').assign('7 22:00', '@tech');
    const rows = runRows(told.events, { now: time('8 12:00') }, (timelines, rules) => queueDailyRows(timelines, rules, zone));
    expect(table(rows.filter((row) => row.queue_id === 'tech'), 'day', 'moved_in', 'backlog_end')).toStrictEqual([['2026-03-28', 0, 0], ['2026-03-29', 0, 0], ['2026-03-30', 1, 1]]);
  });
  test('occupancy is NULL off shift, and held time on shift is added in whole seconds of tickets', () => {
    const shifts = [{ integration_id: 'crm', agent_id: 'anna', from: time('10:00'), to: time('11:00') }];
    const held = (ticket: string): ReturnType<typeof story> => story(ticket).created('09:00').assign('10:00:00.500', 'anna').status('10:10', 'solved', 'rule');
    const told = [held('A'), held('B'), story('C').created('2 09:00').reply('2 09:30', 'anna')].flatMap((s) => s.events);
    const rows = runRows(told, { now: time('3 00:00'), shifts }, (timelines, rules) => occupancyRows(timelines, rules, zone));
    expect(table(rows, 'day', 'shift_seconds', 'handle_seconds', 'occupancy', 'held_on_shift_seconds')).toStrictEqual([['2026-03-23', 3600, 0, 0, 1198], ['2026-03-24', 0, 60, null, 0]]);
  });
});

describe('forecasts', () => {
  test('an hour is forecast by the same hour of the week before, and is over when something later has come', () => {
    const told = [story('A').created('09:30'), story('B').created('8 09:10'), story('C').created('8 09:20').customer('8 11:00')].flatMap((s) => s.events);
    const rows = runRows(told, { now: time('8 12:00') }, arrivalsForecastRows).filter((row) => Number(row.hour) >= time('8 08:00') && Number(row.hour) < time('8 12:00'));
    expect(table(rows, 'arrivals', 'forecast', 'forecast_error')).toStrictEqual([[0, null, null], [2, 1, -1], [0, 0, 0], [null, 0, null]]);
    expect(table(runRows(told, { now: time('8 12:00') }, forecastErrorRows), 'hours', 'absolute_error', 'wape', 'bias')).toStrictEqual([[2, 1, 0.5, -0.5]]);
  });
  test('14 agents for 100 contacts of 180 s in half an hour', () => {
    expect(erlangC(10, 14).toFixed(7)).toBe('0.1741319');
    expect(answeredWithin(10, 14, 20 / 180).toFixed(5)).toBe('0.88835');
  });
});

describe('the log', () => {
  const same = { event_id: 'ABCDEF00-0000-4000-8000-000000000001' };
  test('an identity used twice is told by ticket and by content, and the first one accepted is the event', () => {
    const events = [
      ...story('A').customer('09:00', { id: 'm1' }, same).events, ...story('A').customer('09:00', { id: 'm1' }, same).events,
      ...story('A').customer('09:00', { id: 'm2' }, same).events, ...story('B').customer('09:00', { id: 'm1' }, { ...same, received_at: time('09:10') }).events,
    ];
    expect(table(conflictRows(events), 'conflict', 'ticket_ids', 'occurrences')).toStrictEqual([['ticket', '["A","B"]', 3], ['content', '["A"]', 2]]);
    expect(table(eventRows(events), 'ticket_id', 'message_id', 'late_seconds')).toStrictEqual([['A', 'm1', 0], ['B', 'm1', 600]]);
  });
});
