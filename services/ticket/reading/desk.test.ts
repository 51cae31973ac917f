import { describe, expect, it } from 'vitest';
import { deskOf } from '../desk/desk.ts';
import { liveDeskOf, type DeskAnswer } from './desk.ts';

const policy: DeskAnswer['policies'][number] = {
  integration_id: '', policy_id: 'all', version: 1, in_force_from: 0, in_force_to: 4_291_747_200_000, queue_ids: [], channel_types: [], language_codes: [], metadata: {},
  first_response: 60, next_response: null, resolution: null, calendar_id: '', pause_statuses: ['pending'],
};
const answer: DeskAnswer = {
  config_version: 7,
  calendars: { office: [[100, 200, 0, 150]] },
  default_calendars: { acme: 'office' },
  statuses: { '': { parked: 'pending' }, 'acme': { parked: 'on_hold' } },
  policies: [policy, { ...policy, integration_id: 'acme', policy_id: '', version: 0, first_response: null }, { ...policy, policy_id: 'second' }],
};

describe('the live configuration', () => {
  const { version, config } = liveDeskOf(answer);
  const acme = deskOf(config)('acme');
  const other = deskOf(config)('other');

  it('comes with its version', () => {
    expect(version).toBe(7);
  });

  it('opens a calendar within what its version was in force', () => {
    expect([acme.clock.between(0, 1000), other.clock.between(0, 1000)]).toEqual([50, 1000]);
  });

  it('keeps what a tenant says apart from what is said for all', () => {
    expect([acme.statuses.read('parked').category, other.statuses.read('parked').category]).toEqual(['on_hold', 'pending']);
  });

  it('keeps policies in configured order, NULL is no target, and a row without targets keeps those for all away', () => {
    expect(other.policies.map(({ policyId, targetSeconds }) => [policyId, targetSeconds])).toEqual([['all', { first_response: 60 }], ['second', { first_response: 60 }]]);
    expect(acme.policies.map(({ targetSeconds }) => targetSeconds)).toEqual([{}]);
  });
});
