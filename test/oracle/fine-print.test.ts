// Section 9 of the specification of the numbers, sentence by sentence, up to resolutions.
import { describe, expect, test } from 'vitest';
import { story, table, tell, time, type Story } from './story.ts';

const id = (n: string): { event_id: string } => ({ event_id: `${n.padStart(8, '0')}-0000-4000-8000-000000000000` });

describe('identity and order', () => {
  test('the same event_id under two tickets is two events', () => {
    const views = tell([story('A').created('09:00', {}, id('a')), story('B').created('09:00', {}, id('a'))]);
    expect(views.tickets.length).toBe(2);
  });
  test('of two creations the earlier one is the creation, the other is ignored whole', () => {
    const views = story().created('10:00', { initial: 'x', customer: 9, status: 'pending' }).created('09:00', { initial: null, customer: 8 }).run();
    expect(table(views.tickets, 'created_at', 'customer_id', 'status', 'customer_messages')).toStrictEqual([[time('09:00'), '8', 'new', 0]]);
  });
  test('within an instant: created, message, assigned, status, escalation', () => {
    const views = story().escalated('09:00').status('09:00', 'open').assign('09:00', 'anna@tech').reply('09:00', 'anna').created('09:00').run();
    expect(table(views.process_edges, 'from_activity', 'to_activity')).toStrictEqual([
      ['created', 'agent_reply'], ['agent_reply', 'assigned'], ['assigned', 'status_open'], ['status_open', 'escalated'],
    ]);
    expect(table(views.customer_waits, 'assignee_at_reply', 'wait_seconds')).toStrictEqual([['', 0]]);
  });
  test('ties of one type go by event_id', () => {
    const views = story().created('09:00').status('10:00', 'solved', 'anna', {}, id('b')).status('10:00', 'open', 'anna', {}, id('a')).run();
    expect(table(views.tickets, 'status', 'solves')).toStrictEqual([['solved', 1]]);
  });
  describe('status changes of one instant chain by previous_status', () => {
    const chain = (...changes: [id: string, previous: string | null, to: string][]): Story =>
      changes.reduce((told, [name, previous, to]) => told.status('10:00', to, 'anna', previous === null ? {} : { previous }, id(name)), story().created('09:00'));
    const order = (told: Story): unknown[] => {
      const { process_edges: edges, tickets } = told.run();
      return [...table(edges, 'to_activity').flat(), ...table(tickets, 'status').flat()];
    };

    test('whatever their ids: new → open → resolved is one solve and no reopen', () => {
      for (const [first, second] of [['a', 'b'], ['b', 'a']] as const) {
        const views = chain([first, 'new', 'open'], [second, 'open', 'resolved']).run();
        expect(table(views.tickets, 'status', 'solves', 'reopens')).toStrictEqual([['resolved', 1, 0]]);
        expect([views.data_quality, table(views.ticket_state_intervals, 'status')]).toStrictEqual([[], [['new'], ['resolved']]]);
      }
    });
    test('by status key, the smallest id first where several fit', () => {
      expect(order(chain(['c', 'NEW', 'pending'], ['b', ' new', 'In-Progress'], ['d', 'in  progress', 'done']))).toStrictEqual(['status_open', 'solved', 'reopened', 'pending']);
    });
    test('where none fits, the smallest that no other one left leads to, an absent previous_status among them', () => {
      expect(order(chain(['a', 'open', 'solved'], ['b', 'pending', 'open']))).toStrictEqual(['status_open', 'solved', 'solved']);
      expect(order(chain(['a', 'pending', 'solved'], ['b', null, 'pending']))).toStrictEqual(['status_pending', 'solved', 'solved']);
      expect(order(chain(['a', null, 'solved'], ['b', 'new', 'pending']))).toStrictEqual(['status_pending', 'solved', 'solved']);
    });
    test('else the smallest: a circle that the current status is not in', () => {
      expect(order(chain(['b', 'open', 'pending'], ['a', 'pending', 'open']))).toStrictEqual(['status_open', 'status_pending', 'pending']);
    });
    test('a change to the same status leads to itself, which is no other one', () => {
      expect(order(chain(['a', 'open', 'solved'], ['b', 'open', 'open']))).toStrictEqual(['status_open', 'solved', 'solved']);
    });
    test('and contradict by that order, too', () => {
      expect(table(chain(['a', 'new', 'open'], ['b', 'closed', 'pending']).run().data_quality, 'rule')).toStrictEqual([['status_contradiction']]);
    });
    test('changes of two instants don\'t chain', () => {
      const told = story().created('09:00').status('10:00', 'solved', 'anna', { previous: 'open' }).status('10:01', 'open', 'anna', { previous: 'new' });
      expect(table(told.run().tickets, 'status', 'reopens')).toStrictEqual([['open', 1]]);
    });
  });
  test('durations are truncated from milliseconds, sums once', () => {
    const views = story().created('09:00:00.900').reply('09:00:02.800', 'anna').status('09:00:10.200', 'pending').status('09:00:11.100', 'open').status('09:00:12.000', 'pending').status('09:00:12.900', 'solved').run();
    expect(table(views.tickets, 'first_response_seconds', 'pending_seconds', 'agent_work_seconds')).toStrictEqual([[1, 1, 10]]);
  });
});

describe('creation', () => {
  test('events before it do not move created_at; intervals and stations start at the first event', () => {
    const views = story().status('08:00', 'open').created('09:00').run();
    expect(table(views.tickets, 'created_at', 'first_event_at')).toStrictEqual([[time('09:00'), time('08:00')]]);
    expect(table(views.ticket_state_intervals, 'valid_from', 'status')).toStrictEqual([[time('08:00'), 'open']]);
    expect(table(views.ticket_assignments, 'assigned_at')).toStrictEqual([[time('08:00')]]);
  });
  test('a reply before the creation answers nothing', () => {
    const views = story().customer('08:00').reply('08:10', 'anna').created('09:00', { initial: null }).reply('09:10', 'ben').run();
    expect(table(views.tickets, 'first_response_agent_id', 'first_response_seconds', 'agent_replies')).toStrictEqual([['ben', 600, 2]]);
    expect(table(views.customer_waits, 'waiting_since', 'replied_by_agent_id', 'wait_seconds')).toStrictEqual([[time('08:00'), 'ben', 4200]]);
  });
  test('a ticket created finished has no solve, and its status rules from the first event', () => {
    const views = story().note('08:00', 'anna').created('09:00', { status: 'Resolved' }).run();
    expect(table(views.tickets, 'solves', 'first_resolution_seconds', 'status_category', 'is_no_touch')).toStrictEqual([[0, null, 'solved', 1]]);
    expect(table(views.ticket_state_intervals, 'valid_from', 'status')).toStrictEqual([[time('08:00'), 'Resolved']]);
  });
  test('an assignment as the very first event has no nobody-station before it', () => {
    const views = story().assign('08:00', 'anna@tech').created('09:00').run();
    expect(table(views.ticket_assignments, 'station_no', 'agent_id', 'queue_id', 'assigned_at')).toStrictEqual([[1, 'anna', 'tech', time('08:00')]]);
    const tie = story().assign('09:00', 'anna@tech').created('09:00').run();
    expect(table(tie.ticket_assignments, 'agent_id', 'assigned_at', 'ended_at')).toStrictEqual([['', time('09:00'), time('09:00')], ['anna', time('09:00'), null]]);
  });
  test('without a status at creation the first previous_status cannot contradict', () => {
    expect(story().created('09:00').status('10:00', 'open', 'anna', { previous: 'pending' }).run().data_quality).toStrictEqual([]);
  });
  test('the first interval is changed by the customer, of a provisional ticket by nobody', () => {
    const created = story().created('09:00').status('10:00', 'open', 'anna').assign('11:00', 'ben', 'rule').run();
    expect(table(created.ticket_state_intervals, 'changed_by_type', 'changed_by_id')).toStrictEqual([['customer', ''], ['agent', 'anna'], ['automation_rule', 'r1']]);
    const provisional = story().customer('09:00').run();
    expect(table(provisional.ticket_state_intervals, 'changed_by_type', 'changed_by_id')).toStrictEqual([['', '']]);
  });
});

describe('the initial message', () => {
  test('it starts wait 1, and the same message_id is the same message', () => {
    const views = story().created('09:00', { initial: 'm1' }).customer('09:00:05', { id: 'm1' }).reply('09:10', 'anna').run();
    expect(table(views.tickets, 'customer_messages')).toStrictEqual([[1]]);
    expect(table(views.customer_waits, 'waiting_since')).toStrictEqual([[time('09:00')]]);
  });
  test('an earlier customer message that already started wait 1 keeps it', () => {
    const views = story().customer('08:50').created('09:00').reply('09:10', 'anna').run();
    expect(table(views.customer_waits, 'waiting_since', 'wait_seconds')).toStrictEqual([[time('08:50'), 1200]]);
    expect(table(views.tickets, 'first_response_seconds', 'customer_messages')).toStrictEqual([[600, 2]]);
  });
  test('without a customer message by the creation, first response starts at the first one; who writes first answers nothing', () => {
    const views = story().created('09:00', { initial: null }).reply('09:10', 'anna').customer('10:00').reply('10:05', 'ben').run();
    expect(table(views.tickets, 'first_response_seconds', 'first_response_agent_id')).toStrictEqual([[300, 'ben']]);
    expect(views.customer_waits.length).toBe(1);
  });
});

describe('senders', () => {
  test('automated is a flag or any type but customer and agent, and answers nobody', () => {
    const views = story().created('09:00').reply('09:01', 'anna', { automated: true }).message('09:02', { type: 'bot', agent_id: 'anna' }).run();
    expect(table(views.tickets, 'agent_replies', 'first_response_seconds')).toStrictEqual([[0, null]]);
    expect(views.agent_scorecard).toStrictEqual([]);
  });
  test('an agent without agent_id is agent empty', () => {
    const views = story().created('09:00').reply('09:10', '').run();
    expect(table(views.customer_waits, 'ended_by', 'replied_by_agent_id', 'agent_wait_seconds')).toStrictEqual([['agent_reply', '', 600]]);
    expect(table(views.agent_replies, 'agent_id')).toStrictEqual([['']]);
  });
  test('a private message by anybody is a note only; an automated customer message is still one', () => {
    const views = story().created('09:00', { initial: null }).customer('09:01', { private: true }).customer('09:02', { automated: true }).note('09:03', 'anna').run();
    expect(table(views.tickets, 'private_notes', 'customer_messages', 'first_response_seconds')).toStrictEqual([[2, 1, null]]);
    expect(table(views.customer_waits, 'waiting_since', 'ended_at')).toStrictEqual([[time('09:02'), null]]);
    expect(table(views.agent_scorecard, 'agent_id', 'private_notes')).toStrictEqual([['anna', 1]]);
  });
  test('notes and automated messages do not split a turn; two messages with one id count as two', () => {
    const views = story().created('09:00').reply('09:01', 'anna', { id: 'r' }).note('09:02', 'ben').message('09:03', { type: 'bot', agent_id: null })
      .reply('09:04', 'anna', { id: 'r' }).reply('09:05', 'ben').run();
    expect(table(views.agent_replies, 'agent_id', 'messages')).toStrictEqual([['anna', 2], ['ben', 1]]);
  });
});

describe('waits and turns', () => {
  test('solved to closed is no solve and ends no wait', () => {
    const views = story().created('09:00').status('10:00', 'solved').customer('10:30').status('11:00', 'closed').run();
    expect(table(views.tickets, 'solves', 'solved_at')).toStrictEqual([[1, time('10:00')]]);
    expect(table(views.customer_waits, 'ended_by')).toStrictEqual([['solved'], ['']]);
  });
  test('a solve between two messages of an agent does not split a turn, a customer message does', () => {
    const views = story().created('09:00').reply('09:10', 'anna').status('09:20', 'solved').reply('09:30', 'anna').customer('09:40').reply('09:50', 'anna').run();
    expect(table(views.agent_replies, 'replied_at', 'messages', 'wait_seconds')).toStrictEqual([[time('09:10'), 2, 600], [time('09:50'), 1, 600]]);
  });
  test('waits carry queue and assignee at both ends, tickets the first queue and the one of the first response', () => {
    const views = story().created('09:00').assign('09:05', 'anna@tech').reply('09:10', 'anna').assign('09:15', 'ben@billing').customer('09:20').run();
    expect(table(views.customer_waits, 'queue_at_start', 'queue_at_end', 'assignee_at_start', 'assignee_at_reply')).toStrictEqual([['', 'tech', '', 'anna'], ['billing', '', 'ben', '']]);
    expect(table(views.tickets, 'first_queue_id', 'queue_at_first_response')).toStrictEqual([['tech', 'tech']]);
  });
  test('a message and a solve at once: the wait begins and the solve ends it', () => {
    const views = story().created('09:00', { initial: null }).status('10:00', 'solved').status('11:00', 'open').customer('12:00').status('12:00', 'solved').run();
    expect(table(views.customer_waits, 'wait_seconds', 'ended_by')).toStrictEqual([[0, 'solved']]);
  });
});

describe('stations', () => {
  test('a first reply that answers no wait gives NULL, even if a later one answers', () => {
    const views = story().created('09:00', { initial: null }).assign('09:05', 'anna').reply('09:10', 'anna').customer('09:20').reply('09:30', 'anna').run();
    expect(table(views.ticket_assignments, 'agent_id', 'first_public_reply_at', 'public_replies', 'agent_first_response_seconds')).toStrictEqual([['', null, 0, null], ['anna', time('09:10'), 2, null]]);
  });
  test('public replies are the own agent\'s; a colleague\'s reply saves nobody from a bounce', () => {
    const views = story().created('09:00').assign('09:05', 'anna').reply('09:10', 'ben').assign('09:20', 'cleo').run();
    expect(table(views.ticket_assignments, 'agent_id', 'public_replies', 'is_bounced')).toStrictEqual([['', 0, 0], ['anna', 0, 1], ['cleo', 0, 0]]);
  });
  test('a solve ends no station; unassigning keeps the queue; nobody in between is no handoff', () => {
    const views = story().created('09:00').assign('09:05', 'anna@tech').status('09:30', 'solved').assign('10:00', '').assign('10:30', 'ben').run();
    expect(table(views.ticket_assignments, 'agent_id', 'queue_id', 'ended_by', 'from_agent_id', 'from_queue_id')).toStrictEqual([
      ['', '', 'reassigned', '', ''], ['anna', 'tech', 'unassigned', '', ''], ['', 'tech', 'reassigned', 'anna', 'tech'], ['ben', 'tech', '', '', 'tech'],
    ]);
    expect(table(views.tickets, 'handoffs', 'stations', 'queue_stations', 'bounced_assignments')).toStrictEqual([[0, 2, 1, 1]]);
  });
  test('the same agent in another queue is a new station, no handoff and no bounce', () => {
    const views = story().created('09:00').assign('09:05', 'anna@tech').assign('09:20', 'anna@billing').run();
    expect(table(views.tickets, 'stations', 'queue_stations', 'handoffs', 'bounced_assignments')).toStrictEqual([[2, 2, 0, 0]]);
  });
  test('a group-only assignment that takes the ticket from an agent ends the station as reassigned', () => {
    const views = story().created('09:00').assign('09:05', 'anna@tech').assign('09:20', '@tech').run();
    expect(table(views.ticket_assignments, 'agent_id', 'ended_by')).toStrictEqual([['', 'reassigned'], ['anna', 'reassigned'], ['', '']]);
  });
  test('stations of length 0 are kept, intervals are not, equal neighbours stay', () => {
    const views = story().created('09:00').assign('10:00', 'anna', 'rule', id('a')).assign('10:00', '', 'rule', id('b')).run();
    expect(table(views.ticket_assignments, 'agent_id')).toStrictEqual([[''], ['anna'], ['']]);
    expect(table(views.ticket_state_intervals, 'assignee_id', 'valid_from')).toStrictEqual([['', time('09:00')], ['', time('10:00')]]);
  });
  test('a reply by agent empty is no station\'s own', () => {
    const views = story().created('09:00').reply('09:10', '').run();
    expect(table(views.ticket_assignments, 'public_replies', 'first_public_reply_at')).toStrictEqual([[0, null]]);
  });
});
