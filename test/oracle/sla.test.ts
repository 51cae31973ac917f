// SLA timers and the escalation audit (sections 4, 5 and 9): one small ticket each.
import { describe, expect, test } from 'vitest';
import type { OracleConfig } from './config.ts';
import { runHourly } from './oracle.ts';
import type { SlaPolicy, SlaPolicyVersion } from './sla.ts';
import { story, table, time, type Story } from './story.ts';

const hour = 3600;

function policy(policy_id: string, version: Partial<SlaPolicyVersion>, ...later: Partial<SlaPolicyVersion>[]): SlaPolicy {
  const versions = [version, ...later].map((v, i) =>
    ({ version: i + 1, valid_from: 0, calendar_id: '', pause_statuses: ['pending' as const], ...v }));
  return { policy_id, integration_id: 'crm', versions };
}

const respond = policy('respond', { first_response_seconds: hour, next_response_seconds: hour / 2 });
const resolve = policy('resolve', { resolution_seconds: 4 * hour });

function timers(told: Story, policies: readonly SlaPolicy[], now: string, ...columns: string[]): unknown[][] {
  return table(told.run({ policies, now: time(now) }).sla_timers, ...columns);
}

describe('response timers', () => {
  test('a reply at the due time meets it, a later one does not', () => {
    const columns = ['metric', 'outcome', 'due_at', 'fulfilled_at', 'breach_seconds'];
    expect(timers(story().created('09:00').reply('10:00', 'anna'), [respond], '12:00', ...columns)).toStrictEqual([['first_response', 'met', time('10:00'), time('10:00'), null]]);
    expect(timers(story().created('09:00').reply('10:00:01.500', 'anna'), [respond], '12:00', ...columns)).toStrictEqual([['first_response', 'breached', time('10:00'), time('10:00:01.500'), 1]]);
  });
  test('an open timer past its due time is a breach now', () => {
    const columns = ['outcome', 'breach_seconds'];
    expect(timers(story().created('09:00'), [respond], '10:00', ...columns)).toStrictEqual([['active', null]]);
    expect(timers(story().created('09:00'), [respond], '10:30', ...columns)).toStrictEqual([['breached', 1800]]);
  });
  test('later waits have next-response timers', () => {
    const told = story().created('09:00').reply('09:10', 'anna').customer('10:00').reply('10:20', 'anna').customer('11:00').reply('11:40', 'anna');
    expect(timers(told, [respond], '12:00', 'metric', 'instance', 'outcome')).toStrictEqual([['first_response', 1, 'met'], ['next_response', 1, 'met'], ['next_response', 2, 'breached']]);
  });
  test('solved without a reply it is cancelled, or breached if it was due before the solve', () => {
    const columns = ['outcome', 'fulfilled_at', 'breach_seconds'];
    expect(timers(story().created('09:00').status('10:00', 'solved'), [respond], '12:00', ...columns)).toStrictEqual([['cancelled', null, null]]);
    expect(timers(story().created('09:00').status('10:10', 'solved'), [respond], '12:00', ...columns)).toStrictEqual([['breached', null, 600]]);
  });
  test('pending does not pause it', () => {
    const told = story().created('09:00').status('09:10', 'pending').reply('10:30', 'anna');
    expect(timers(told, [respond], '12:00', 'outcome', 'paused_seconds', 'breach_seconds')).toStrictEqual([['breached', 0, 1800]]);
  });
  test('a wait that begins while the ticket is solved starts its timer at the reopen, its seconds from the true start', () => {
    const told = story().created('09:00').reply('09:10', 'anna').status('09:20', 'solved').customer('10:00').status('11:00', 'open').reply('11:20', 'anna');
    expect(timers(told, [respond], '12:00', 'metric', 'started_at', 'outcome').at(-1)).toStrictEqual(['next_response', time('11:00'), 'met']);
    expect(table(told.run().customer_waits, 'wait_seconds').at(-1)).toStrictEqual([4800]);
    const unopened = story().created('09:00').reply('09:10', 'anna').status('09:20', 'solved').customer('10:00').reply('10:10', 'anna');
    expect(timers(unopened, [respond], '12:00', 'metric')).toStrictEqual([['first_response']]);
  });
  test('a wait that begins and ends in one instant has its timer, by the order within it', () => {
    const columns = ['metric', 'started_at', 'outcome', 'fulfilled_at'];
    const answered = story().created('09:00', { initial: null }).customer('09:05').reply('09:05', 'anna').status('09:05', 'solved');
    expect(timers(answered, [respond], '12:00', ...columns)).toStrictEqual([['first_response', time('09:05'), 'met', time('09:05')]]);
    const unanswered = story().created('09:00').reply('09:01', 'anna').customer('09:05').status('09:05', 'solved');
    expect(timers(unanswered, [respond], '12:00', ...columns).at(-1)).toStrictEqual(['next_response', time('09:05'), 'cancelled', null]);
    // Solved before: the wait is over before the reopen of that instant.
    const tooEarly = story().created('09:00').reply('09:01', 'anna').status('09:02', 'solved').customer('09:05').reply('09:05', 'anna').status('09:05', 'open');
    expect(timers(tooEarly, [respond], '12:00', 'metric')).toStrictEqual([['first_response']]);
  });
  test('an assignment in the instant of a reply comes too late to change the policy, one in the instant of a solve does not', () => {
    const ofBilling = policy('billing', { match: { queue_ids: ['billing'] }, first_response_seconds: hour, resolution_seconds: 2 * hour });
    const others = policy('others', { first_response_seconds: hour, resolution_seconds: 4 * hour });
    const told = story().created('09:00').reply('12:00', 'anna').assign('12:00', '@billing').status('12:00', 'solved');
    expect(timers(told, [ofBilling, others], '13:00', 'metric', 'policy_id', 'outcome', 'taken_over_at')).toStrictEqual([
      ['first_response', 'others', 'breached', time('09:00')],
      ['resolution', 'others', 'cancelled', time('09:00')],
      ['resolution', 'billing', 'breached', time('12:00')],
    ]);
  });
});

describe('resolution timers', () => {
  const columns = ['outcome', 'due_at', 'remaining_seconds', 'paused_seconds'];
  test('a pause moves the due time; while paused there is none, but the remaining seconds', () => {
    const told = story().created('09:00').status('10:00', 'pending');
    expect(timers(told, [resolve], '11:00', ...columns)).toStrictEqual([['active', null, 3 * hour, hour]]);
    told.status('12:00', 'open');
    expect(timers(told, [resolve], '12:30', ...columns)).toStrictEqual([['active', time('15:00'), null, 2 * hour]]);
    told.status('15:00', 'solved');
    expect(timers(told, [resolve], '16:00', ...columns)).toStrictEqual([['met', time('15:00'), null, 2 * hour]]);
  });
  test('solved out of a pause: the due time is as if the pause ended with the solve', () => {
    const told = story().created('09:00').status('10:00', 'pending').status('12:00', 'solved');
    expect(timers(told, [resolve], '16:00', ...columns)).toStrictEqual([['met', time('15:00'), null, 2 * hour]]);
  });
  test('after the due time pauses no longer count', () => {
    const told = story().created('09:00').status('13:30', 'pending').status('14:30', 'open').status('15:00', 'solved');
    expect(timers(told, [resolve], '16:00', ...columns, 'breach_seconds')).toStrictEqual([['breached', time('13:00'), null, 0, 2 * hour]]);
  });
  test('each reopen starts a new one, a ticket created finished has its first at the reopen', () => {
    const told = story().created('09:00').status('10:00', 'solved').status('11:00', 'open');
    expect(timers(told, [resolve], '12:00', 'instance', 'started_at', 'outcome')).toStrictEqual([[1, time('09:00'), 'met'], [2, time('11:00'), 'active']]);
    const finished = story().created('09:00', { status: 'closed', initial: null }).status('11:00', 'open');
    expect(timers(finished, [resolve], '12:00', 'instance', 'started_at')).toStrictEqual([[1, time('11:00')]]);
  });
});

describe('a discarded ticket', () => {
  const columns = ['metric', 'instance', 'outcome', 'due_at', 'fulfilled_at', 'breach_seconds'];
  test('cancels what runs, or leaves it breached where it was due before', () => {
    const told = story().created('09:00').status('10:30', 'spam');
    expect(timers(told, [respond, resolve], '15:00', ...columns)).toStrictEqual([
      ['first_response', 1, 'breached', time('10:00'), null, 1800], ['resolution', 1, 'cancelled', time('13:00'), null, null]]);
    expect(timers(story().created('09:00').status('13:30', 'spam'), [resolve], '15:00', ...columns)).toStrictEqual([['resolution', 1, 'breached', time('13:00'), null, 1800]]);
    expect(timers(story().created('09:00').status('13:00', 'spam'), [resolve], '15:00', ...columns)).toStrictEqual([['resolution', 1, 'cancelled', time('13:00'), null, null]]);
  });
  test('out of a pause keeps due_at NULL and what remained', () => {
    const told = story().created('09:00').status('10:00', 'pending').status('12:00', 'spam');
    expect(timers(told, [resolve], '16:00', 'outcome', 'due_at', 'remaining_seconds', 'paused_seconds')).toStrictEqual([['cancelled', null, 3 * hour, 2 * hour]]);
  });
  test('has a new timer with the whole target at the restore, and the waiting message\'s', () => {
    const told = story().created('09:00').reply('09:10', 'anna').status('09:20', 'spam').customer('10:00').status('11:00', 'open').reply('11:20', 'anna').status('12:00', 'solved');
    expect(timers(told, [respond, resolve], '15:00', 'metric', 'instance', 'started_at', 'outcome', 'due_at')).toStrictEqual([
      ['first_response', 1, time('09:00'), 'met', time('10:00')], ['next_response', 1, time('11:00'), 'met', time('11:30')],
      ['resolution', 1, time('09:00'), 'cancelled', time('13:00')], ['resolution', 2, time('11:00'), 'met', time('15:00')]]);
    expect(timers(story().created('09:00', { status: 'spam', initial: null }).status('11:00', 'open'), [resolve], '12:00', 'instance', 'started_at')).toStrictEqual([[1, time('11:00')]]);
  });
});

describe('a queue change in the instant in which a pause', () => {
  const tech = policy('tech', { match: { queue_ids: ['tech'] }, resolution_seconds: 2 * hour });
  const at = (told: Story): unknown[][] => timers(told, [tech, resolve], '12:00', 'policy_id', 'outcome', 'due_at', 'remaining_seconds', 'paused_seconds');
  const paused = (): Story => story().created('09:00').status('09:30', 'pending');

  test('ends leaves the due time standing, as after that instant', () => {
    expect(at(paused().assign('10:00', '@tech').status('10:00', 'open'))).toStrictEqual([
      ['resolve', 'cancelled', time('13:30'), null, 1800], ['tech', 'breached', time('11:30'), null, 1800]]);
  });
  test('begins leaves it standing, as before', () => {
    expect(at(story().created('09:00').assign('10:00', '@tech').status('10:00', 'pending'))).toStrictEqual([
      ['resolve', 'cancelled', time('13:00'), null, 0], ['tech', 'active', null, hour, 2 * hour]]);
  });
  test('lasts leaves it NULL; a solve or a discard of that instant comes after the change', () => {
    expect(at(paused().assign('10:00', '@tech'))[0]).toStrictEqual(['resolve', 'cancelled', null, 3.5 * hour, 1800]);
    expect(at(paused().assign('10:00', '@tech').status('10:00', 'solved'))).toStrictEqual([
      ['resolve', 'cancelled', null, 3.5 * hour, 1800], ['tech', 'met', time('11:30'), null, 1800]]);
    expect(at(paused().assign('10:00', '@tech').status('10:00', 'spam'))).toStrictEqual([
      ['resolve', 'cancelled', null, 3.5 * hour, 1800], ['tech', 'cancelled', null, 1.5 * hour, 1800]]);
  });
});

describe('which policy applies', () => {
  const tech = policy('tech', { match: { queue_ids: ['tech'] }, first_response_seconds: 2 * hour });
  const billing = policy('billing', { match: { queue_ids: ['billing'] }, first_response_seconds: hour });
  const columns = ['policy_id', 'instance', 'outcome', 'started_at', 'due_at', 'breach_seconds'];

  test('the first match in configured order that has a target for the metric', () => {
    const vip = policy('vip', { match: { metadata: { vip: 'yes' } }, first_response_seconds: 60 });
    const german = policy('german', { match: { language_codes: ['de'], channel_types: ['bot_form'] }, first_response_seconds: 120 });
    const created = (options: object): unknown[][] => timers(story().created('09:00', options), [resolve, vip, german, respond], '09:00', 'metric', 'policy_id');
    expect(created({ metadata: '{"vip":"yes"}', language: 'de', channel: 'bot_form' })[0]).toStrictEqual(['first_response', 'vip']);
    expect(created({ language: 'de', channel: 'bot_form' })[0]).toStrictEqual(['first_response', 'german']);
    expect(created({ language: 'de' })[0]).toStrictEqual(['first_response', 'respond']);
  });
  test('in the version in force at the original start', () => {
    const versions = policy('p', { first_response_seconds: hour }, { valid_from: time('09:30'), first_response_seconds: 60 });
    expect(timers(story().created('09:00').reply('09:40', 'anna'), [versions], '12:00', 'policy_version', 'outcome')).toStrictEqual([[1, 'met']]);
    expect(timers(story().created('09:30').reply('09:40', 'anna'), [versions], '12:00', 'policy_version', 'outcome')).toStrictEqual([[2, 'breached']]);
  });
  test('a policy matched by queue applies from the creation once the queue is known', () => {
    const told = story().created('09:00').assign('09:30', '@tech');
    expect(timers(told, [tech], '09:40', ...columns)).toStrictEqual([['tech', 1, 'active', time('09:00'), time('11:00'), null]]);
    expect(timers(told, [tech, respond], '09:40', ...columns)).toStrictEqual([
      ['respond', 1, 'cancelled', time('09:00'), time('10:00'), null],
      ['tech', 2, 'active', time('09:00'), time('11:00'), null],
    ]);
  });
  test('after a timer was due a policy change leaves it alone', () => {
    const told = story().created('09:00').assign('09:05', '@billing').assign('10:30', '@tech').reply('10:40', 'anna');
    expect(timers(told, [tech, billing], '12:00', ...columns, 'queue_id_at_due')).toStrictEqual([['billing', 1, 'breached', time('09:00'), time('10:00'), 2400, 'billing']]);
  });
  test('a take-over after its own due time is breached at the take-over, by the holder of that instant', () => {
    const told = story().created('09:00').assign('09:05', 'anna@tech').assign('10:30', 'ben@billing').assign('10:35', 'cleo').reply('10:40', 'cleo');
    const policies = [tech, billing];
    expect(timers(told, policies, '12:00', 'policy_id', 'outcome', 'due_at', 'breached_at', 'agent_id_at_due', 'queue_id_at_due')).toStrictEqual([
      ['tech', 'cancelled', time('11:00'), null, '', ''],
      ['billing', 'breached', time('10:00'), time('10:30'), 'ben', 'billing'],
    ]);
    const { queue_hourly } = runHourly(told.events, { policies, now: time('10:50') });
    expect(table(queue_hourly.filter((r) => r.breached === 1), 'queue_id', 'hour')).toStrictEqual([['billing', time('10:00')]]);
  });
  test('the holder at a due time is the assignee then, an assignment in that very instant included', () => {
    const told = story().created('09:00').assign('09:05', 'anna').assign('10:00', 'ben').assign('10:05', 'cleo');
    expect(timers(told, [respond], '12:00', 'agent_id_at_due')).toStrictEqual([['ben']]);
  });
  test('a queue that is passed through within an instant makes no instance', () => {
    const told = story().created('09:00').assign('09:00', '@billing').assign('09:00', '@tech');
    expect(timers(told, [tech, billing], '09:30', 'policy_id', 'instance')).toStrictEqual([['tech', 1]]);
  });
});

describe('pauses and matches', () => {
  test('a pause that begins in the due instant stops the timer with nothing left, and it is due when the pause ends', () => {
    const told = story().created('09:00').status('13:00', 'pending');
    expect(timers(told, [resolve], '15:00', 'outcome', 'due_at', 'remaining_seconds', 'paused_seconds')).toStrictEqual([['active', null, 0, 7200]]);
    const resumed = story().created('09:00').status('13:00', 'pending').status('14:00', 'open');
    expect(timers(resumed, [resolve], '15:00', 'outcome', 'due_at', 'breach_seconds', 'paused_seconds')).toStrictEqual([['breached', time('14:00'), 3600, 3600]]);
  });
  test('a policy pauses in categories and in statuses by their names, in any spelling', () => {
    const named = policy('named', { resolution_seconds: 4 * hour, pause_statuses: ['Awaiting_vendor'] });
    const told = story().created('09:00').status('10:00', 'AWAITING-VENDOR').status('11:00', 'awaiting parts').status('12:00', 'pending');
    expect(timers(told, [named], '12:30', 'outcome', 'due_at', 'paused_seconds')).toStrictEqual([['active', time('14:00'), 3600]]);
  });
  test('a policy matches any queue of its list, and metadata as text', () => {
    const listed = policy('listed', { match: { queue_ids: ['billing', 'tech'], metadata: { tier: 2 } }, first_response_seconds: hour });
    const told = (metadata: string): Story => story().created('09:00', { metadata }).assign('09:00', '@tech');
    expect(['{"tier":2}', '{"tier":"2"}', '{"tier":3}', '{}'].map((metadata) => timers(told(metadata), [listed], '09:30', 'policy_id').length)).toStrictEqual([1, 1, 0, 0]);
  });
});

test('a timer counts in its own calendar, and a due time at closing is the closing instant', () => {
  const office = { version: 1, valid_from: 0, zone: 'UTC', holidays: [], windows: [{ weekdays: [1, 2, 3, 4, 5], from: '09:00', to: '17:00' }] };
  const config: Partial<OracleConfig> = {
    calendars: [{ calendar_id: 'office', versions: [office] }],
    policies: [policy('p', { calendar_id: 'office', resolution_seconds: hour, pause_statuses: [] })],
    now: time('2 10:00'),
  };
  const columns = ['due_at', 'outcome', 'breach_seconds'];
  expect(table(story().created('16:00').run(config).sla_timers, ...columns)).toStrictEqual([[time('17:00'), 'breached', hour]]);
  expect(table(story().created('16:30').status('2 09:30', 'solved').run(config).sla_timers, ...columns)).toStrictEqual([[time('2 09:30'), 'met', null]]);
});

describe('escalation audit', () => {
  const both = policy('both', { first_response_seconds: hour, next_response_seconds: 60, resolution_seconds: 2 * hour });
  const audit = (told: Story): unknown[][] =>
    table(told.run({ policies: [both], now: time('12:00') }).escalation_audit, 'verdict', 'metric', 'due_at', 'fired_at', 'late_seconds');

  test('an escalation pairs with the latest breach of its metric due by then; several may match one', () => {
    const told = story().created('09:00').escalated('10:00').escalated('10:30').escalated('11:00', 'resolution_time').escalated('11:00', 'mood');
    expect(audit(told)).toStrictEqual([
      ['matched', 'first_response', time('10:00'), time('10:00'), 0],
      ['matched', 'first_response', time('10:00'), time('10:30'), 1800],
      ['matched', 'resolution', time('11:00'), time('11:00'), 0],
      ['unfounded', 'mood', null, time('11:00'), null],
    ]);
  });
  test('earlier than the breach is unfounded, a breach without an escalation is missed', () => {
    expect(audit(story().created('09:00').escalated('09:59').reply('10:01', 'anna').status('10:30', 'solved'))).toStrictEqual([
      ['unfounded', 'first_response', null, time('09:59'), null],
      ['missed', 'first_response', time('10:00'), null, null],
    ]);
  });
  test('next-response breaches are not audited', () => {
    const told = story().created('09:00').reply('09:01', 'anna').customer('09:10').reply('09:20', 'anna').status('09:30', 'solved');
    expect(audit(told)).toStrictEqual([]);
  });
});
