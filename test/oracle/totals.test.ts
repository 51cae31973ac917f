// Section 9 of the specification of the numbers, the rest of it: statuses, resolutions,
// escalations, sessions, hours, survival.
import { describe, expect, test } from 'vitest';
import { endOfTime } from './calendar.ts';
import { runHourly, runSurvival } from './oracle.ts';
import { survivalCurve } from './process.ts';
import { categoryOf, defaultStatusMap } from './statuses.ts';
import { story, table, tell, time } from './story.ts';

describe('statuses', () => {
  test('names are compared without case and with _ and - as blanks, and shown as sent', () => {
    const views = story().created('09:00').status('10:00', 'In_Progress').status('11:00', 'in-progress').run();
    expect(table(views.ticket_state_intervals, 'status', 'status_category', 'valid_to')).toStrictEqual([['new', 'new', time('10:00')], ['In_Progress', 'open', endOfTime]]);
  });
  test('a status key is trimmed and runs of blanks in it are one', () => {
    const views = story().created('09:00').status('10:00', ' On - hold').status('11:00', 'ON__HOLD_').run();
    expect(table(views.ticket_state_intervals, 'status', 'status_category')).toStrictEqual([['new', 'new'], [' On - hold', 'on_hold']]);
  });
  test('merged, spam, deleted and duplicate are discarded out of the box', () => {
    expect(['Merged', 'SPAM', ' deleted', 'duplicate', 'Discarded'].map((word) => categoryOf(word, [defaultStatusMap]))).toStrictEqual(Array(5).fill('discarded'));
  });
  test('open to in progress is a new interval, an unknown status is open and reported', () => {
    const views = story().created('09:00', { status: 'open' }).status('10:00', 'in progress').status('11:00', 'parked').run();
    expect(table(views.ticket_state_intervals, 'status', 'status_category')).toStrictEqual([['open', 'open'], ['in progress', 'open'], ['parked', 'open']]);
    expect(table(views.data_quality, 'rule')).toStrictEqual([['unknown_status']]);
  });
  test('an integration says it first, by a whole name or by the longest beginning', () => {
    const own = { 'awaiting v*': 'open', 'Awaiting Vendor*': 'closed', 'done': 'pending' } as const;
    expect(['Awaiting-vendor parts', 'awaiting visit', 'awaiting problem', 'DONE'].map((name) => categoryOf(name, [own, defaultStatusMap]))).toStrictEqual(['closed', 'open', 'on_hold', 'pending']);
  });
  test('common CRM words have a category out of the box', () => {
    const words = ['Active', 'WORK_IN_PROGRESS', 'Awaiting User Info', 'Waiting-on-customer', 'On-Hold', 'Awaiting Evidence', 'Awaiting-Reply', 'Done', 'Resolved', 'Closed', 'odd'];
    expect(words.map((word) => categoryOf(word, [defaultStatusMap]))).toStrictEqual(['open', 'open', 'pending', 'pending', 'on_hold', 'on_hold', 'pending', 'solved', 'solved', 'closed', 'open']);
  });
});

describe('resolutions', () => {
  test('pending seconds of a resolution are those of its cycle', () => {
    const views = story().created('09:00').status('09:10', 'pending').status('09:20', 'solved').status('10:00', 'pending').status('10:30', 'solved').run();
    expect(table(views.ticket_resolutions, 'cycle_seconds', 'pending_seconds')).toStrictEqual([[1200, 600], [1800, 1800]]);
  });
  test('one touch and no touch are NULL while unsolved', () => {
    const touches = (views: ReturnType<typeof tell>): unknown[][] => table(views.tickets, 'is_one_touch', 'is_no_touch');
    expect(touches(story().created('09:00').reply('09:10', 'anna').run())).toStrictEqual([[null, null]]);
    expect(touches(story().created('09:00').reply('09:10', 'anna').reply('09:11', 'anna').status('10:00', 'solved').run())).toStrictEqual([[1, 0]]);
    expect(touches(story().created('09:00').status('10:00', 'solved').run())).toStrictEqual([[0, 1]]);
    expect(touches(story().created('09:00').reply('09:10', 'anna').status('10:00', 'solved').status('11:00', 'open').status('12:00', 'closed').run())).toStrictEqual([[0, 0]]);
  });
  test('both bounds of the 7 days are inclusive and the numerator is part of the denominator', () => {
    const solver = story().created('09:00').status('10:00', 'solved', 'anna').status('8 10:00', 'open', 'ben');
    const rate = (now: string): unknown[] | undefined => table(solver.run({ now: time(now), asOf: time(now) }).agent_scorecard, 'solves_7d_old', 'reopened_7d')[0];
    expect(rate('8 09:59:59.999')).toStrictEqual([0, 0]);
    expect(rate('8 10:00')).toStrictEqual([1, 1]);
    const late = story().created('09:00').status('10:00', 'solved', 'anna').status('8 10:00:00.001', 'open', 'ben');
    expect(table(late.run().agent_scorecard, 'agent_id', 'solves_7d_old', 'reopened_7d')).toStrictEqual([['anna', 1, 0], ['ben', 0, 0]]);
  });
  test('solves, solved tickets and solved customers are counted apart', () => {
    const twice = story('A').created('09:00').status('10:00', 'solved').status('11:00', 'open').status('12:00', 'solved');
    const views = tell([twice, story('B').created('09:00').status('10:00', 'closed'), story('C').created('09:00', { customer: 8 }).status('10:00', 'done')]);
    expect(table(views.agent_scorecard, 'solves', 'solved_tickets', 'solved_customers')).toStrictEqual([[4, 3, 2]]);
  });
});

describe('escalations', () => {
  test('a human action after it acknowledges: reply, note, status or assignment, by no rule', () => {
    const views = story().created('09:00').escalated('10:00').assign('10:05', 'anna', 'rule').reply('10:06', 'anna', { automated: true }).customer('10:07').note('10:10', 'anna').run();
    expect(table(views.escalations, 'acknowledge_seconds', 'acknowledged_by_agent_id')).toStrictEqual([[600, 'anna']]);
    expect(table(story().created('09:00').status('10:00', 'open').escalated('10:00').run().escalations, 'acknowledge_seconds')).toStrictEqual([[null]]);
  });
});

describe('sessions', () => {
  test('gaps up to ten minutes join over all tickets, a lone action is a minute, tickets share evenly', () => {
    const views = tell([
      story('A').created('09:00').reply('10:00', 'anna').reply('10:20', 'anna').reply('12:00', 'anna'),
      story('B').created('09:00').note('10:10', 'anna'),
    ]);
    expect(table(views.agent_sessions, 'started_at', 'ended_at', 'tickets', 'actions', 'replies', 'handle_seconds')).toStrictEqual([
      [time('10:00'), time('10:20'), 2, 3, 2, 1200],
      [time('12:00'), time('12:00'), 1, 1, 1, 60],
    ]);
    expect(table(views.tickets, 'ticket_id', 'handle_seconds')).toStrictEqual([['A', 660], ['B', 600]]);
  });
  test('a gap of more than ten minutes parts them', () => {
    const views = story().created('09:00').reply('10:00', 'anna').reply('10:10:00.001', 'anna').run();
    expect(table(views.agent_sessions, 'session_no', 'handle_seconds')).toStrictEqual([[1, 60], [2, 60]]);
  });
  test('concurrency counts the open tickets that the agent holds', () => {
    const views = tell([
      story('A').created('09:00').assign('09:00', 'anna').reply('10:00', 'anna').status('10:08', 'pending', 'anna'),
      story('B').created('09:00').assign('10:05', 'anna'),
    ]);
    expect(table(views.agent_sessions, 'max_concurrent')).toStrictEqual([[2]]);
  });
});

describe('hours', () => {
  const told = story('A').created('09:30').assign('09:40', 'anna@tech').status('10:00', 'solved').assign('10:30', 'anna@billing').status('11:00', 'open').customer('11:10');
  const { queue_hourly, agent_hourly } = runHourly(told.events, { now: time('11:30') });

  test('created counts in no queue, the first assignment moves in, moves of solved tickets do not count', () => {
    const rows = (queue: string): unknown[][] =>
      table(queue_hourly.filter((r) => r.queue_id === queue), 'created', 'moved_in', 'moved_out', 'solved', 'reopened', 'net_flow', 'backlog_end', 'waiting_end');
    expect(rows('')).toStrictEqual([[1, 0, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0]]);
    expect(rows('tech')).toStrictEqual([[0, 1, 0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 0, -1, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0]]);
    expect(rows('billing')).toStrictEqual([[0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 1]]);
  });
  test('an agent holds work for its own share of each hour', () => {
    expect(table(agent_hourly.filter((r) => r.agent_id === 'anna'), 'hour', 'held_seconds', 'solves', 'held_end')).toStrictEqual([
      [time('09:00'), 1200, 0, 1], [time('10:00'), 0, 1, 0], [time('11:00'), 1800, 0, 1],
    ]);
  });
  test('discarded and restored are flows of their own, moves in between don\'t count', () => {
    const { events } = story().created('09:00').assign('09:10', '@tech').status('09:30', 'spam').assign('10:10', '@billing').status('11:00', 'closed').status('11:20', 'open');
    const rows = runHourly(events, { now: time('11:30') }).queue_hourly;
    const of = (queue: string): unknown[][] => table(rows.filter((r) => r.queue_id === queue), 'moved_in', 'moved_out', 'solved', 'discarded', 'restored', 'reopened', 'net_flow', 'backlog_end', 'waiting_end');
    expect(of('tech')).toStrictEqual([[1, 0, 0, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0]]);
    expect(of('billing')).toStrictEqual([[0, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0, 1, 1, 0]]);
  });
  test('a ticket created finished enters the flows when it reopens', () => {
    const { events } = story().created('09:00', { status: 'closed' }).status('10:00', 'open');
    const { queue_hourly: rows } = runHourly(events, { now: time('10:30') });
    expect(table(rows, 'created', 'reopened', 'net_flow', 'backlog_end')).toStrictEqual([[0, 0, 0, 0], [0, 1, 1, 1]]);
  });
});

describe('survival', () => {
  test('open tickets are censored, and the curve steps where tickets are solved', () => {
    const lives = [[10, true], [20, true], [20, false], [30, true], [40, false]] as const;
    const curve = survivalCurve(lives.map(([seconds, solved]) => ({ seconds, solved })));
    expect(curve.map((p) => [p.seconds, p.at_risk, p.solved, Number(p.survival.toFixed(6))])).toStrictEqual([[10, 5, 1, 0.8], [20, 4, 1, 0.6], [30, 2, 1, 0.3], [40, 1, 0, 0.3]]);
  });
  test('a discarded ticket is censored where it was discarded, a restored one is at risk again, one created over was never', () => {
    const told = [
      story('A').created('09:00').status('09:30', 'spam').status('09:40', 'closed'),
      story('B').created('09:00').status('09:30', 'spam').status('10:00', 'open'),
      story('C').created('09:00').status('09:50', 'solved').status('09:55', 'spam'),
      story('D').created('09:00', { status: 'merged' }),
      story('E').created('09:00', { status: 'closed' }).status('10:00', 'open').status('10:10', 'spam'),
    ].flatMap(({ events }) => events);
    expect(table(runSurvival(told, { now: time('12:00') }), 'seconds', 'at_risk', 'solved', 'censored')).toStrictEqual([[1800, 4, 0, 1], [3000, 3, 1, 0], [4200, 2, 0, 1], [10800, 1, 0, 1]]);
  });
  test('it runs to the first solve', () => {
    const told = story().created('09:00').status('10:00', 'solved').status('11:00', 'open');
    expect(table(runSurvival(told.events, { now: time('12:00') }), 'seconds', 'solved', 'survival')).toStrictEqual([[3600, 1, 0]]);
  });
});
