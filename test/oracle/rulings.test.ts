// Section 4 of the specification of the numbers, row by row: one small ticket each, with
// values worked out by hand. The fine print (section 9) and SLAs have files of their own.
import { describe, expect, test } from 'vitest';
import { story, table, tell, time } from './story.ts';

describe('reopened', () => {
  const views = story()
    .created('09:00')
    .reply('09:10', 'anna')
    .status('10:00', 'solved')
    .status('11:00', 'open', 'ben')
    .customer('11:05')
    .reply('11:20', 'ben')
    .status('12:00', 'solved', 'ben')
    .run();

  test('a reopen begins a new cycle and marks the resolution', () => {
    expect(table(views.ticket_resolutions, 'solved_at', 'cycle_started_at', 'cycle_seconds', 'since_created_seconds', 'reopened_at')).toStrictEqual([
        [time('10:00'), time('09:00'), 3600, 3600, time('11:00')],
        [time('12:00'), time('11:00'), 3600, 10800, null],
      ]);
  });
  test('the first response stays, a new customer message starts a wait', () => {
    expect(table(views.tickets, 'first_response_seconds', 'reopens', 'solves')).toStrictEqual([[600, 1, 2]]);
    expect(table(views.customer_waits, 'wait_no', 'kind', 'wait_seconds')).toStrictEqual([[1, 'first', 600], [2, 'next', 900]]);
  });
  test('full resolution is NULL while reopened', () => {
    const reopened = story().created('09:00').status('10:00', 'solved').status('11:00', 'open').run();
    expect(table(reopened.tickets, 'first_resolution_seconds', 'full_resolution_seconds', 'solved_at')).toStrictEqual([[3600, null, null]]);
    expect(table(views.tickets, 'first_resolution_seconds', 'full_resolution_seconds')).toStrictEqual([[3600, 10800]]);
  });
});

test('reassigned before the first reply: the replier gets the first reply, the first holder a bounce and its held time', () => {
  const views = story().created('09:00').assign('09:05', 'anna@tech').assign('09:30', 'ben').reply('09:40', 'ben').status('10:00', 'solved', 'ben').run();
  expect(table(views.tickets, 'first_response_agent_id', 'first_response_seconds', 'handoffs', 'bounced_assignments')).toStrictEqual([['ben', 2400, 1, 1]]);
  expect(table(views.ticket_assignments, 'agent_id', 'queue_id', 'ended_by', 'held_seconds', 'agent_first_response_seconds')).toStrictEqual([
    ['', '', 'reassigned', 0, null],
    ['anna', 'tech', 'reassigned', 1500, null],
    ['ben', 'tech', '', 1800, 600],
  ]);
  expect(table(views.agent_scorecard, 'agent_id', 'bounced_assignments', 'held_seconds', 'first_replies', 'solves')).toStrictEqual([
    ['anna', 1, 1500, 0, 0],
    ['ben', 0, 1800, 1, 1],
  ]);
});

test('a reply by someone else than the assignee keeps both names, and the own clock runs from the wait', () => {
  const views = story().created('09:00').assign('09:20', 'anna').reply('09:30', 'ben').run();
  expect(table(views.customer_waits, 'replied_by_agent_id', 'assignee_at_reply', 'assignee_at_start', 'wait_seconds', 'agent_wait_seconds')).toStrictEqual([['ben', 'anna', '', 1800, 1800]]);
  const own = story().created('09:00').assign('09:20', 'anna').reply('09:30', 'anna').run();
  expect(table(own.customer_waits, 'wait_seconds', 'agent_wait_seconds')).toStrictEqual([[1800, 600]]);
});

describe('the customer says thanks after the last reply', () => {
  test('before the solve it is a wait that the solve ends', () => {
    const views = story().created('09:00').reply('09:10', 'anna').customer('09:20').status('09:50', 'solved').run();
    expect(table(views.customer_waits, 'wait_no', 'ended_by', 'wait_seconds', 'replied_by_agent_id', 'agent_wait_seconds')).toStrictEqual([[1, 'agent_reply', 600, 'anna', 600], [2, 'solved', 1800, '', null]]);
  });
  test('after the solve it stays open and does not count as waiting until the ticket reopens', () => {
    const thanks = story().created('09:00').reply('09:10', 'anna').status('09:50', 'solved').customer('10:00');
    const solved = thanks.run({ now: time('12:00') });
    expect(table(solved.customer_waits, 'wait_no', 'ended_by', 'wait_seconds').at(-1)).toStrictEqual([2, '', null]);
    expect(solved.backlog).toStrictEqual([]);
    const reopened = thanks.status('11:00', 'open').run({ now: time('12:00') });
    expect(table(reopened.backlog, 'status', 'backlog', 'waiting_now', 'oldest_wait_seconds')).toStrictEqual([['open', 1, 1, 7200]]);
  });
});

test('late or out of order: only event time orders a ticket', () => {
  const inOrder = story().created('09:00').assign('09:05', 'anna').reply('09:10', 'anna').status('10:00', 'solved');
  const views = tell([inOrder]);
  inOrder.events.reverse();
  expect(tell([inOrder])).toStrictEqual(views);
});

test('a duplicate never overwrites the first one that was accepted', () => {
  const id = 'aaaaaaaa-0000-4000-8000-000000000001';
  const views = story().created('09:00').status('10:00', 'pending', 'anna', {}, { event_id: id })
    .status('09:30', 'solved', 'ben', {}, { event_id: id }).run();
  expect(table(views.tickets, 'status', 'solves')).toStrictEqual([['pending', 0]]);
});

describe('an event before the creation, or no creation', () => {
  test('without a creation the ticket is provisional and starts at its first event', () => {
    const views = story().customer('09:00').reply('09:10', 'anna').run();
    expect(table(views.tickets, 'is_provisional', 'created_at', 'first_response_seconds', 'status')).toStrictEqual([[1, time('09:00'), 600, 'new']]);
  });
  test('it is corrected when the creation comes', () => {
    const views = story().customer('09:00').reply('09:10', 'anna').created('08:59').run();
    expect(table(views.tickets, 'is_provisional', 'created_at', 'first_response_seconds')).toStrictEqual([[0, time('08:59'), 660]]);
  });
});

test('pending is outside held and work time, inside full resolution, and shortens no wait', () => {
  const views = story().created('09:00').assign('09:00', 'anna').status('09:30', 'pending').reply('10:30', 'anna').status('11:00', 'open').status('12:00', 'solved').run();
  expect(table(views.tickets, 'full_resolution_seconds', 'pending_seconds', 'agent_work_seconds', 'requester_wait_seconds', 'held_seconds')).toStrictEqual([[10800, 5400, 5400, 5400, 5400]]);
  expect(table(views.customer_waits, 'wait_seconds', 'agent_wait_seconds')).toStrictEqual([[5400, 5400]]);
  expect(table(views.ticket_resolutions, 'pending_seconds')).toStrictEqual([[5400]]);
});

test('on hold is waiting for the requester, but no work', () => {
  const views = story().created('09:00').status('10:00', 'Awaiting Vendor').status('12:00', 'solved').run();
  expect(table(views.tickets, 'requester_wait_seconds', 'on_hold_seconds', 'agent_work_seconds')).toStrictEqual([[10800, 7200, 3600]]);
});

test('still open: ends are NULL and sums run up to now', () => {
  const views = story().created('09:00').assign('09:10', 'anna').run({ now: time('10:00:00.999') });
  expect(table(views.tickets, 'first_response_seconds', 'first_resolution_seconds', 'full_resolution_seconds', 'agent_work_seconds', 'unassigned_seconds', 'held_seconds')).toStrictEqual([[null, null, null, 3600, 600, 3000]]);
  expect(table(views.customer_waits, 'ended_at', 'wait_seconds')).toStrictEqual([[null, null]]);
});

test('the backlog at a past moment takes intervals that are half-open', () => {
  const solved = story().created('09:00').status('10:00', 'solved');
  const backlogAt = (at: string): unknown[][] => table(solved.run({ now: time(at), asOf: time(at) }).backlog, 'backlog');
  expect(backlogAt('08:59:59.999')).toStrictEqual([]);
  expect(backlogAt('09:00')).toStrictEqual([[1]]);
  expect(backlogAt('09:59:59.999')).toStrictEqual([[1]]);
  expect(backlogAt('10:00')).toStrictEqual([]);
});

test('knowledge time shows what had been received by then', () => {
  const late = story().created('09:00').status('10:00', 'solved', 'anna', {}, { received_at: time('2 09:00') });
  const known = (at: string): unknown[][] => table(late.run({ now: time('12:00'), asOf: time('12:00'), knownAt: time(at) }).tickets, 'status');
  expect(known('18:00')).toStrictEqual([['new']]);
  expect(known('2 09:00')).toStrictEqual([['solved']]);
});

test('a group without an agent makes a station with the queue; queue time is not agent time', () => {
  const views = story().created('09:00').assign('09:10', '@tech').assign('09:40', 'anna').run({ now: time('10:00') });
  expect(table(views.ticket_assignments, 'agent_id', 'queue_id', 'held_seconds')).toStrictEqual([['', '', 0], ['', 'tech', 0], ['anna', 'tech', 1200]]);
  expect(table(views.tickets, 'stations', 'queue_stations', 'unassigned_seconds', 'first_queue_id')).toStrictEqual([[1, 1, 2400, 'tech']]);
});

test('unassigned before the solve: credit goes to the solver', () => {
  const views = story().created('09:00').assign('09:00', 'anna').assign('09:30', '').status('10:00', 'solved', 'ben').run();
  expect(table(views.ticket_resolutions, 'solved_by_type', 'solved_by_id', 'assignee_id')).toStrictEqual([['agent', 'ben', '']]);
  expect(table(views.agent_scorecard, 'agent_id', 'solves')).toStrictEqual([['anna', 0], ['ben', 1]]);
});

test('a rule that solves solves for no agent', () => {
  const views = story().created('09:00').assign('09:00', 'anna').status('10:00', 'solved', 'rule').run();
  expect(table(views.ticket_resolutions, 'solved_by_type', 'solved_by_id', 'assignee_id')).toStrictEqual([['automation_rule', 'r1', 'anna']]);
  expect(table(views.agent_scorecard, 'agent_id', 'solves')).toStrictEqual([['anna', 0]]);
});

test('a previous_status that contradicts the timeline is reported and changes nothing', () => {
  const views = story().created('09:00', { status: 'open' }).status('10:00', 'pending', 'anna', { previous: 'On_Hold' }).run();
  expect(table(views.ticket_state_intervals, 'status')).toStrictEqual([['open'], ['pending']]);
  expect(table(views.data_quality, 'rule')).toStrictEqual([['status_contradiction']]);
});

test('the same status again makes no interval', () => {
  const views = story().created('09:00').status('10:00', 'open').status('11:00', 'OPEN').run();
  expect(table(views.ticket_state_intervals, 'status', 'valid_from')).toStrictEqual([['new', time('09:00')], ['open', time('10:00')]]);
});

test('a future time counts and is reported, the skew is kept', () => {
  const views = story().created('09:00', {}, { body_time: time('09:00:02.900') }).status('10:00', 'open', 'anna', {}, { received_at: time('09:30') }).run();
  expect(table(views.tickets, 'status', 'clock_skew_seconds')).toStrictEqual([['open', 2]]);
  expect(table(views.data_quality, 'rule')).toStrictEqual([['future_time']]);
});

test('a negative duration is 0', () => {
  const views = story().status('09:00', 'solved').created('10:00').run();
  expect(table(views.ticket_resolutions, 'cycle_seconds', 'since_created_seconds', 'cycle_started_at')).toStrictEqual([[0, 0, time('10:00')]]);
  expect(table(views.tickets, 'first_resolution_seconds', 'full_resolution_seconds')).toStrictEqual([[0, 0]]);
});

test('the same ticket_id in two integrations is two tickets', () => {
  const views = tell([story('T1', 'east').created('09:00').status('10:00', 'open'), story('T1', 'west').created('11:00')]);
  expect(table(views.tickets, 'integration_id', 'created_at', 'status')).toStrictEqual([['east', time('09:00'), 'open'], ['west', time('11:00'), 'new']]);
});

test('staging events are never in production tables', () => {
  expect(story().created('09:00', {}, { environment: 'staging' }).run().tickets).toStrictEqual([]);
});

describe('discarded', () => {
  const spam = story().created('09:00').assign('09:05', 'anna@tech').status('09:30', 'spam', 'ben').run({ now: time('12:00') });
  const restored = story().created('09:00').assign('09:05', 'anna@tech').status('09:20', 'pending').status('09:30', 'spam').status('11:00', 'open').status('11:30', 'solved', 'ben');

  test('is over without a solve, a resolution or a reopen', () => {
    expect(table(spam.tickets, 'status_category', 'is_discarded', 'solves', 'reopens', 'first_resolution_seconds', 'full_resolution_seconds', 'is_one_touch', 'is_no_touch', 'closed_at'))
      .toStrictEqual([['discarded', 1, 0, 0, null, null, null, null, null]]);
    expect([spam.ticket_resolutions, spam.agent_solves, spam.backlog]).toStrictEqual([[], [], []]);
  });
  test('ends an open wait, which no agent answered', () => {
    expect(table(spam.customer_waits, 'ended_at', 'ended_by', 'wait_seconds', 'replied_by_agent_id', 'queue_at_end', 'is_waiting_now')).toStrictEqual([[time('09:30'), 'discarded', 1800, '', 'tech', 0]]);
    // Of one that was solved, too; but discarded → solved and solved → closed are nothing.
    const thanks = story().created('09:00').reply('09:10', 'anna').status('09:20', 'solved').customer('09:30').status('09:40', 'merged').customer('09:50').status('10:00', 'closed').run();
    expect(table(thanks.customer_waits, 'waiting_since', 'ended_by', 'ended_at')).toStrictEqual([
      [time('09:00'), 'agent_reply', time('09:10')], [time('09:30'), 'discarded', time('09:40')], [time('09:50'), '', null]]);
  });
  test('time in it belongs to no sum, and it ends no station', () => {
    expect(table(spam.tickets, 'agent_work_seconds', 'requester_wait_seconds', 'pending_seconds', 'unassigned_seconds', 'held_seconds')).toStrictEqual([[1800, 1800, 0, 300, 1500]]);
    expect(table(spam.ticket_assignments, 'agent_id', 'ended_at', 'held_seconds')).toStrictEqual([['', time('09:05'), 0], ['anna', null, 1500]]);
  });
  test('a restored ticket goes on with its cycle: spans take in the time discarded, sums don\'t', () => {
    const views = restored.run({ now: time('12:00') });
    // 09:00–11:30 is 9,000 s; pending 09:20–09:30, work 09:00–09:20 and 11:00–11:30.
    expect(table(views.ticket_resolutions, 'resolution_no', 'cycle_started_at', 'cycle_seconds', 'since_created_seconds', 'pending_seconds', 'reopened_at')).toStrictEqual([[1, time('09:00'), 9000, 9000, 600, null]]);
    expect(table(views.tickets, 'reopens', 'solves', 'full_resolution_seconds', 'agent_work_seconds', 'pending_seconds', 'held_seconds', 'is_discarded')).toStrictEqual([[0, 1, 9000, 3000, 600, 2700, 0]]);
    expect(table(views.process_edges, 'to_activity')).toStrictEqual([['assigned'], ['status_pending'], ['discarded'], ['restored'], ['solved']]);
  });
  test('what a solve ended is reopened, what was discarded is restored, whatever over status came in between', () => {
    const activities = (...statuses: string[]): unknown[] => {
      const told = statuses.reduce((so, status, i) => so.status(`1${i}:00`, status), story().created('09:00'));
      return [...table(told.run().process_edges, 'to_activity').flat(), table(told.run().tickets, 'solves', 'reopens').flat()];
    };
    expect(activities('solved', 'spam', 'open')).toStrictEqual(['solved', 'status_discarded', 'reopened', [1, 1]]);
    expect(activities('spam', 'closed', 'open')).toStrictEqual(['discarded', 'status_closed', 'restored', [0, 0]]);
    expect(activities('solved', 'open', 'spam', 'open')).toStrictEqual(['solved', 'reopened', 'discarded', 'restored', [1, 1]]);
    expect(activities('solved', 'merged', 'spam', 'closed')).toStrictEqual(['solved', 'status_discarded', 'status_discarded', 'status_closed', [1, 0]]);
  });
  test('how the present cycle ended decides on the resolution and the touches', () => {
    const columns = ['first_resolution_seconds', 'full_resolution_seconds', 'is_one_touch', 'is_no_touch', 'is_discarded'];
    const told = (...statuses: string[]): unknown[][] =>
      table(statuses.reduce((so, status, i) => so.status(`1${i}:00`, status), story().created('09:00').reply('09:10', 'anna')).run().tickets, ...columns);
    expect(told('solved', 'spam')).toStrictEqual([[3600, 3600, 1, 0, 1]]);
    expect(told('spam', 'solved')).toStrictEqual([[null, null, null, null, 0]]);
    expect(told('solved', 'open', 'spam')).toStrictEqual([[3600, null, null, null, 1]]);
    expect(told('spam', 'open', 'solved')).toStrictEqual([[10800, 10800, 1, 0, 0]]);
  });
  test('a solve that was undone keeps its reopening, a restore undoes none', () => {
    const views = story().created('09:00').status('10:00', 'solved').status('11:00', 'spam').status('12:00', 'open').status('13:00', 'spam').status('14:00', 'open').run();
    expect(table(views.ticket_resolutions, 'solved_at', 'reopened_at')).toStrictEqual([[time('10:00'), time('12:00')]]);
  });
  test('a ticket created discarded is restored, one created closed is reopened, even by way of spam', () => {
    const back = (status: string, ...rest: string[]): unknown[] => {
      const told = rest.reduce((so, next, i) => so.status(`1${i}:00`, next), story().created('09:00', { status }));
      return table(told.run().process_edges, 'to_activity').flat();
    };
    expect(back('spam', 'open')).toStrictEqual(['restored']);
    expect(back('spam', 'closed', 'open')).toStrictEqual(['status_closed', 'restored']);
    expect(back('closed', 'spam', 'open')).toStrictEqual(['status_discarded', 'reopened']);
    expect(table(story().created('09:00', { status: 'spam' }).run().tickets, 'is_discarded', 'is_no_touch', 'solves')).toStrictEqual([[1, null, 0]]);
  });
});
