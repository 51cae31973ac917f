// Section 4 of the specification of the numbers, row by row: one small ticket each, with
// values worked out by hand. The fine print (section 9) and SLAs have files of their own.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
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
    assert.deepEqual(
      table(views.ticket_resolutions, 'solved_at', 'cycle_started_at', 'cycle_seconds', 'since_created_seconds', 'reopened_at'),
      [
        [time('10:00'), time('09:00'), 3600, 3600, time('11:00')],
        [time('12:00'), time('11:00'), 3600, 10800, null],
      ],
    );
  });
  test('the first response stays, a new customer message starts a wait', () => {
    assert.deepEqual(table(views.tickets, 'first_response_seconds', 'reopens', 'solves'), [[600, 1, 2]]);
    assert.deepEqual(table(views.customer_waits, 'wait_no', 'kind', 'wait_seconds'), [[1, 'first', 600], [2, 'next', 900]]);
  });
  test('full resolution is NULL while reopened', () => {
    const reopened = story().created('09:00').status('10:00', 'solved').status('11:00', 'open').run();
    assert.deepEqual(table(reopened.tickets, 'first_resolution_seconds', 'full_resolution_seconds', 'solved_at'), [[3600, null, null]]);
    assert.deepEqual(table(views.tickets, 'first_resolution_seconds', 'full_resolution_seconds'), [[3600, 10800]]);
  });
});

test('reassigned before the first reply: the replier gets the first reply, the first holder a bounce and its held time', () => {
  const views = story().created('09:00').assign('09:05', 'anna@tech').assign('09:30', 'ben').reply('09:40', 'ben').status('10:00', 'solved', 'ben').run();
  assert.deepEqual(table(views.tickets, 'first_response_agent_id', 'first_response_seconds', 'handoffs', 'bounced_assignments'), [['ben', 2400, 1, 1]]);
  assert.deepEqual(table(views.ticket_assignments, 'agent_id', 'queue_id', 'ended_by', 'held_seconds', 'agent_first_response_seconds'), [
    ['', '', 'reassigned', 0, null],
    ['anna', 'tech', 'reassigned', 1500, null],
    ['ben', 'tech', '', 1800, 600],
  ]);
  assert.deepEqual(table(views.agent_scorecard, 'agent_id', 'bounced_assignments', 'held_seconds', 'first_replies', 'solves'), [
    ['anna', 1, 1500, 0, 0],
    ['ben', 0, 1800, 1, 1],
  ]);
});

test('a reply by someone else than the assignee keeps both names, and the own clock runs from the wait', () => {
  const views = story().created('09:00').assign('09:20', 'anna').reply('09:30', 'ben').run();
  assert.deepEqual(
    table(views.customer_waits, 'replied_by_agent_id', 'assignee_at_reply', 'assignee_at_start', 'wait_seconds', 'agent_wait_seconds'),
    [['ben', 'anna', '', 1800, 1800]],
  );
  const own = story().created('09:00').assign('09:20', 'anna').reply('09:30', 'anna').run();
  assert.deepEqual(table(own.customer_waits, 'wait_seconds', 'agent_wait_seconds'), [[1800, 600]]);
});

describe('the customer says thanks after the last reply', () => {
  test('before the solve it is a wait that the solve ends', () => {
    const views = story().created('09:00').reply('09:10', 'anna').customer('09:20').status('09:50', 'solved').run();
    assert.deepEqual(
      table(views.customer_waits, 'wait_no', 'ended_by', 'wait_seconds', 'replied_by_agent_id', 'agent_wait_seconds'),
      [[1, 'agent_reply', 600, 'anna', 600], [2, 'solved', 1800, '', null]],
    );
  });
  test('after the solve it stays open and does not count as waiting until the ticket reopens', () => {
    const thanks = story().created('09:00').reply('09:10', 'anna').status('09:50', 'solved').customer('10:00');
    const solved = thanks.run({ now: time('12:00') });
    assert.deepEqual(table(solved.customer_waits, 'wait_no', 'ended_by', 'wait_seconds').at(-1), [2, '', null]);
    assert.deepEqual(solved.backlog, []);
    const reopened = thanks.status('11:00', 'open').run({ now: time('12:00') });
    assert.deepEqual(table(reopened.backlog, 'status', 'backlog', 'waiting_now', 'oldest_wait_seconds'), [['open', 1, 1, 7200]]);
  });
});

test('late or out of order: only event time orders a ticket', () => {
  const inOrder = story().created('09:00').assign('09:05', 'anna').reply('09:10', 'anna').status('10:00', 'solved');
  const views = tell([inOrder]);
  inOrder.events.reverse();
  assert.deepEqual(tell([inOrder]), views);
});

test('a duplicate never overwrites the first one that was accepted', () => {
  const id = 'aaaaaaaa-0000-4000-8000-000000000001';
  const views = story().created('09:00').status('10:00', 'pending', 'anna', {}, { event_id: id })
    .status('09:30', 'solved', 'ben', {}, { event_id: id }).run();
  assert.deepEqual(table(views.tickets, 'status', 'solves'), [['pending', 0]]);
});

describe('an event before the creation, or no creation', () => {
  test('without a creation the ticket is provisional and starts at its first event', () => {
    const views = story().customer('09:00').reply('09:10', 'anna').run();
    assert.deepEqual(table(views.tickets, 'is_provisional', 'created_at', 'first_response_seconds', 'status'), [[1, time('09:00'), 600, 'new']]);
  });
  test('it is corrected when the creation comes', () => {
    const views = story().customer('09:00').reply('09:10', 'anna').created('08:59').run();
    assert.deepEqual(table(views.tickets, 'is_provisional', 'created_at', 'first_response_seconds'), [[0, time('08:59'), 660]]);
  });
});

test('pending is outside held and work time, inside full resolution, and shortens no wait', () => {
  const views = story().created('09:00').assign('09:00', 'anna').status('09:30', 'pending').reply('10:30', 'anna').status('11:00', 'open').status('12:00', 'solved').run();
  assert.deepEqual(
    table(views.tickets, 'full_resolution_seconds', 'pending_seconds', 'agent_work_seconds', 'requester_wait_seconds', 'held_seconds'),
    [[10800, 5400, 5400, 5400, 5400]],
  );
  assert.deepEqual(table(views.customer_waits, 'wait_seconds', 'agent_wait_seconds'), [[5400, 5400]]);
  assert.deepEqual(table(views.ticket_resolutions, 'pending_seconds'), [[5400]]);
});

test('on hold is waiting for the requester, but no work', () => {
  const views = story().created('09:00').status('10:00', 'Awaiting Vendor').status('12:00', 'solved').run();
  assert.deepEqual(table(views.tickets, 'requester_wait_seconds', 'on_hold_seconds', 'agent_work_seconds'), [[10800, 7200, 3600]]);
});

test('still open: ends are NULL and sums run up to now', () => {
  const views = story().created('09:00').assign('09:10', 'anna').run({ now: time('10:00:00.999') });
  assert.deepEqual(
    table(views.tickets, 'first_response_seconds', 'first_resolution_seconds', 'full_resolution_seconds', 'agent_work_seconds', 'unassigned_seconds', 'held_seconds'),
    [[null, null, null, 3600, 600, 3000]],
  );
  assert.deepEqual(table(views.customer_waits, 'ended_at', 'wait_seconds'), [[null, null]]);
});

test('the backlog at a past moment takes intervals that are half-open', () => {
  const solved = story().created('09:00').status('10:00', 'solved');
  const backlogAt = (at: string): unknown[][] => table(solved.run({ now: time(at), asOf: time(at) }).backlog, 'backlog');
  assert.deepEqual(backlogAt('08:59:59.999'), []);
  assert.deepEqual(backlogAt('09:00'), [[1]]);
  assert.deepEqual(backlogAt('09:59:59.999'), [[1]]);
  assert.deepEqual(backlogAt('10:00'), []);
});

test('knowledge time shows what had been received by then', () => {
  const late = story().created('09:00').status('10:00', 'solved', 'anna', {}, { received_at: time('2 09:00') });
  const known = (at: string): unknown[][] => table(late.run({ now: time('12:00'), asOf: time('12:00'), knownAt: time(at) }).tickets, 'status');
  assert.deepEqual(known('18:00'), [['new']]);
  assert.deepEqual(known('2 09:00'), [['solved']]);
});

test('a group without an agent makes a station with the queue; queue time is not agent time', () => {
  const views = story().created('09:00').assign('09:10', '@tech').assign('09:40', 'anna').run({ now: time('10:00') });
  assert.deepEqual(table(views.ticket_assignments, 'agent_id', 'queue_id', 'held_seconds'), [['', '', 0], ['', 'tech', 0], ['anna', 'tech', 1200]]);
  assert.deepEqual(table(views.tickets, 'stations', 'queue_stations', 'unassigned_seconds', 'first_queue_id'), [[1, 1, 2400, 'tech']]);
});

test('unassigned before the solve: credit goes to the solver', () => {
  const views = story().created('09:00').assign('09:00', 'anna').assign('09:30', '').status('10:00', 'solved', 'ben').run();
  assert.deepEqual(table(views.ticket_resolutions, 'solved_by_type', 'solved_by_id', 'assignee_id'), [['agent', 'ben', '']]);
  assert.deepEqual(table(views.agent_scorecard, 'agent_id', 'solves'), [['anna', 0], ['ben', 1]]);
});

test('a rule that solves solves for no agent', () => {
  const views = story().created('09:00').assign('09:00', 'anna').status('10:00', 'solved', 'rule').run();
  assert.deepEqual(table(views.ticket_resolutions, 'solved_by_type', 'solved_by_id', 'assignee_id'), [['automation_rule', 'r1', 'anna']]);
  assert.deepEqual(table(views.agent_scorecard, 'agent_id', 'solves'), [['anna', 0]]);
});

test('a previous_status that contradicts the timeline is reported and changes nothing', () => {
  const views = story().created('09:00', { status: 'open' }).status('10:00', 'pending', 'anna', { previous: 'On_Hold' }).run();
  assert.deepEqual(table(views.ticket_state_intervals, 'status'), [['open'], ['pending']]);
  assert.deepEqual(table(views.data_quality, 'rule'), [['status_contradiction']]);
});

test('the same status again makes no interval', () => {
  const views = story().created('09:00').status('10:00', 'open').status('11:00', 'OPEN').run();
  assert.deepEqual(table(views.ticket_state_intervals, 'status', 'valid_from'), [['new', time('09:00')], ['open', time('10:00')]]);
});

test('a future time counts and is reported, the skew is kept', () => {
  const views = story().created('09:00', {}, { body_time: time('09:00:02.900') }).status('10:00', 'open', 'anna', {}, { received_at: time('09:30') }).run();
  assert.deepEqual(table(views.tickets, 'status', 'clock_skew_seconds'), [['open', 2]]);
  assert.deepEqual(table(views.data_quality, 'rule'), [['future_time']]);
});

test('a negative duration is 0', () => {
  const views = story().status('09:00', 'solved').created('10:00').run();
  assert.deepEqual(table(views.ticket_resolutions, 'cycle_seconds', 'since_created_seconds', 'cycle_started_at'), [[0, 0, time('10:00')]]);
  assert.deepEqual(table(views.tickets, 'first_resolution_seconds', 'full_resolution_seconds'), [[0, 0]]);
});

test('the same ticket_id in two integrations is two tickets', () => {
  const views = tell([story('T1', 'east').created('09:00').status('10:00', 'open'), story('T1', 'west').created('11:00')]);
  assert.deepEqual(table(views.tickets, 'integration_id', 'created_at', 'status'), [['east', time('09:00'), 'open'], ['west', time('11:00'), 'new']]);
});

test('staging events are never in production tables', () => {
  assert.deepEqual(story().created('09:00', {}, { environment: 'staging' }).run().tickets, []);
});
