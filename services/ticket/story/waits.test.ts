import { describe, expect, it } from 'vitest';
import { berlinOffice } from '../testing/histories.ts';
import { assigned, created, customer, minutes, note, reply, status, time, told, toldUnder } from '../testing/tell.ts';

const spans = (story: ReturnType<typeof told>): unknown[] => story.waits.map(({ waitingSince, endedAt, endedBy }) => [waitingSince, endedAt, endedBy]);

describe('a wait starts', () => {
  it('at the initial message of the creation', () => {
    expect(told(created('10:00')).waits).toMatchObject([{ no: 1, waitingSince: time('10:00'), endedAt: null, endedBy: '', queueAtEnd: '' }]);
  });

  it('at the first customer message that has no later reply; more messages don\'t move it', () => {
    expect(spans(told(created('10:00', { hasMessage: false }), customer('10:01'), customer('10:02')))).toEqual([[time('10:01'), null, '']]);
  });

  it('not at the initial message again, when message.received brings a copy of it', () => {
    const story = told(created('10:00'), reply('10:01', 'lea'), customer('10:02', { messageId: 'm0' }));
    expect(story.customerMessages).toBe(1);
    expect(story.waits).toHaveLength(1);
  });

  it('before the creation, when the first copy of the initial message came before it', () => {
    const story = told(customer('09:58', { messageId: 'm0' }), created('10:00'));
    expect(spans(story)).toEqual([[time('09:58'), null, '']]);
    expect(story.customerMessages).toBe(1);
  });

  it('at an earlier customer message than the initial one, and keeps that start', () => {
    expect(spans(told(customer('09:58'), created('10:00'), reply('10:01', 'lea')))).toEqual([[time('09:58'), time('10:01'), 'agent_reply']]);
  });

  it('at a customer\'s message that a bot wrote for them', () => {
    expect(told(created('10:00', { hasMessage: false }), customer('10:01', { isAutomated: true })).waits).toHaveLength(1);
  });

  it('not at a private message, whoever wrote it', () => {
    const story = told(created('10:00', { hasMessage: false }), customer('10:01', { isPrivate: true }));
    expect(story.waits).toEqual([]);
    expect(story.privateNotes).toBe(1);
  });

  it('after a message with the same message_id: two messages with one message_id count as two', () => {
    const story = told(created('10:00'), customer('10:01', { messageId: 'x' }), reply('10:02', 'lea'), customer('10:03', { messageId: 'x' }));
    expect(story.waits).toHaveLength(2);
  });
});

describe('a wait ends', () => {
  it('by an agent\'s reply: the replier and the assignee then are both kept', () => {
    const story = told(created('10:00'), assigned('10:01', 'max', 'billing'), reply('10:05', 'lea'));
    expect(story.waits).toMatchObject([{
      endedAt: time('10:05'), endedBy: 'agent_reply', repliedByAgentId: 'lea', assigneeAtReply: 'max',
      assigneeAtStart: '', queueAtStart: '', queueAtEnd: 'billing', businessMs: minutes(5),
    }]);
  });

  it('not by a private note, an automated message or a message of another sender than an agent', () => {
    const story = told(created('10:00'), note('10:01', 'lea'), reply('10:02', 'lea', { isAutomated: true }), reply('10:03', '', { actorType: 'bot' }));
    expect(spans(story)).toEqual([[time('10:00'), null, '']]);
  });

  it('not by a reply before the creation: that answers nothing', () => {
    const story = told(customer('09:58'), reply('09:59', 'lea'), created('10:00', { hasMessage: false }));
    expect(spans(story)).toEqual([[time('09:58'), null, '']]);
  });

  it('by a solve, a customer\'s "thanks" after the last reply too; no replier then', () => {
    const story = told(created('10:00'), reply('10:01', 'lea'), customer('10:02'), status('10:10', 'resolved'));
    expect(story.waits[1]).toMatchObject({ endedAt: time('10:10'), endedBy: 'solved', repliedByAgentId: '', assigneeAtReply: '', ownClockFrom: null, ownBusinessMs: null, businessMs: minutes(8) });
  });

  it('in its own instant, when message and solve share it: the wait begins and the solve ends it', () => {
    expect(spans(told(created('10:00', { hasMessage: false }), status('10:05', 'resolved'), customer('10:05')))).toEqual([[time('10:05'), time('10:05'), 'solved']]);
  });

  it('by a discard', () => {
    expect(spans(told(created('10:00'), status('10:05', 'spam')))).toEqual([[time('10:00'), time('10:05'), 'discarded']]);
  });

  it('by solved → discarded, but neither by solved → closed nor by discarded → solved', () => {
    expect(spans(told(created('10:00'), status('10:01', 'resolved'), customer('10:02'), status('10:05', 'merged')))[1]).toEqual([time('10:02'), time('10:05'), 'discarded']);
    expect(spans(told(created('10:00'), status('10:01', 'resolved'), customer('10:02'), status('10:05', 'closed')))[1]).toEqual([time('10:02'), null, '']);
    expect(spans(told(created('10:00'), status('10:01', 'spam'), customer('10:02'), status('10:05', 'closed')))[1]).toEqual([time('10:02'), null, '']);
  });

  it('not by a reopen: after the solve it counts from its true start', () => {
    const story = told(created('10:00'), status('10:01', 'resolved'), customer('10:02'), status('10:03', 'open'), reply('10:05', 'lea'));
    expect(spans(story)[1]).toEqual([time('10:02'), time('10:05'), 'agent_reply']);
  });
});

describe('the replier\'s own clock', () => {
  it('runs from the start of the own station, when that is later than the wait\'s start', () => {
    const story = told(created('10:00'), assigned('10:03', 'lea'), reply('10:05', 'lea'));
    expect(story.waits[0]).toMatchObject({ ownClockFrom: time('10:03'), ownBusinessMs: minutes(2) });
  });

  it('runs from the wait\'s start, when the station is older', () => {
    const story = told(created('10:00'), assigned('10:01', 'lea'), reply('10:02', 'lea'), customer('10:07'), reply('10:09', 'lea'));
    expect(story.waits[1]).toMatchObject({ ownClockFrom: time('10:07'), ownBusinessMs: minutes(2) });
  });

  it('falls back to the wait\'s start, when the replier is not the assignee at that moment', () => {
    const story = told(created('10:00'), assigned('10:03', 'max'), reply('10:05', 'lea'));
    expect(story.waits[0]).toMatchObject({ ownClockFrom: time('10:00'), ownBusinessMs: minutes(5) });
  });

  it('of an agent without id is nobody\'s station', () => {
    const story = told(created('10:00'), assigned('10:01', 'lea'), assigned('10:03', ''), reply('10:05', ''));
    expect(story.waits[0]).toMatchObject({ ownClockFrom: time('10:00') });
  });
});

describe('business time', () => {
  const office = { calendars: { office: berlinOffice }, defaultCalendars: { '': 'office' } };
  // Monday 2 March lies before the first opening of that calendar; day 25 is Friday 27 March, 09:00–18:00 in Berlin is 08:00–17:00 UTC.
  const friday = (hour: number): string => `${25 * 24 + hour}:00`;

  it('of a reply outside hours is C(end) − C(start) as always, and the reply is marked', () => {
    const story = toldUnder(office, created(friday(16)), reply(friday(20), 'lea'));
    expect(story.waits[0]).toMatchObject({ businessMs: minutes(60), isRepliedInBusinessHours: false });
  });

  it('is 0, when the calendar was closed throughout', () => {
    expect(toldUnder(office, created(friday(18)), reply(friday(20), 'lea')).waits[0]?.businessMs).toBe(0);
  });

  it('inside hours is marked so', () => {
    expect(toldUnder(office, created(friday(9)), reply(friday(10), 'lea')).waits[0]?.isRepliedInBusinessHours).toBe(true);
  });
});

it('a customer waits now as long as a wait is open and the ticket is not over', () => {
  expect(told(created('10:00')).isWaitingNow).toBe(true);
  expect(told(created('10:00'), reply('10:01', 'lea')).isWaitingNow).toBe(false);
  const thanks = [created('10:00'), status('10:01', 'resolved'), customer('10:02')];
  expect(told(...thanks).isWaitingNow).toBe(false);
  expect(told(...thanks, status('10:03', 'open')).isWaitingNow).toBe(true);
});

it('pending shortens no wait', () => {
  const story = told(created('10:00'), status('10:01', 'pending'), status('10:04', 'open'), reply('10:05', 'lea'));
  expect(story.waits[0]?.businessMs).toBe(minutes(5));
});
