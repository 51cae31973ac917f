import { describe, expect, it } from 'vitest';
import { StatusMap } from '../desk/status.ts';
import { aPolicy } from '../testing/histories.ts';
import { matchesCreation, matchesQueue, pauseNames, pauses, promises } from './policies.ts';

const creation = { customerTelegramUserId: 1, customerLanguageCode: 'de', channelType: 'bot_form', channelChatId: '', channelTopicId: '', metadata: '{"tier":"vip","seats":3,"beta":true,"none":null}' };

describe('a policy matches', () => {
  it('every ticket, where it says nothing', () => {
    expect(matchesCreation(aPolicy, creation)).toBe(true);
    expect(matchesCreation(aPolicy, null)).toBe(true);
    expect(matchesQueue(aPolicy, '')).toBe(true);
  });

  it('by queue, channel type and language', () => {
    expect(matchesQueue({ ...aPolicy, queueIds: ['billing'] }, 'billing')).toBe(true);
    expect(matchesQueue({ ...aPolicy, queueIds: ['billing'] }, '')).toBe(false);
    expect(matchesCreation({ ...aPolicy, channelTypes: ['bot_form'], languageCodes: ['de', 'en'] }, creation)).toBe(true);
    expect(matchesCreation({ ...aPolicy, channelTypes: ['topic_group'] }, creation)).toBe(false);
    expect(matchesCreation({ ...aPolicy, languageCodes: ['en'] }, creation)).toBe(false);
  });

  it('by members of the metadata as text, all of them', () => {
    expect(matchesCreation({ ...aPolicy, metadata: { tier: 'vip', seats: '3', beta: 'true', none: '' } }, creation)).toBe(true);
    expect(matchesCreation({ ...aPolicy, metadata: { tier: 'vip', seats: '4' } }, creation)).toBe(false);
    expect(matchesCreation({ ...aPolicy, metadata: { absent: '' } }, creation)).toBe(false);
  });

  it('no attribute of a provisional ticket', () => {
    expect(matchesCreation({ ...aPolicy, channelTypes: ['bot_form'] }, null)).toBe(false);
    expect(matchesCreation({ ...aPolicy, metadata: { tier: 'vip' } }, null)).toBe(false);
  });
});

describe('a policy promises', () => {
  it('what it has a target for', () => {
    const policy = { ...aPolicy, targetSeconds: { resolution: 60 } };
    expect([promises(policy, 'resolution', 5), promises(policy, 'first_response', 5)]).toEqual([true, false]);
  });

  it('what starts while its version is in force, the start included and the end not', () => {
    const policy = { ...aPolicy, inForceFrom: 10, inForceTo: 20 };
    expect([9, 10, 19, 20].map((start) => promises(policy, 'resolution', start))).toEqual([false, true, true, false]);
  });
});

describe('a pause list', () => {
  const statuses = new StatusMap({ parked: 'pending' });
  const isPaused = (list: readonly string[], status: string): boolean => pauses(pauseNames(list), statuses.read(status));

  it('names categories, with all of their statuses, in any spelling', () => {
    expect([isPaused(['Pending'], 'parked'), isPaused(['On-Hold'], 'blocked'), isPaused(['on_hold'], 'awaiting vendor'), isPaused(['pending'], 'open')]).toEqual([true, true, true, false]);
  });

  it('names single statuses', () => {
    expect([isPaused(['PARKED'], 'Parked'), isPaused(['parked'], 'pending')]).toEqual([true, false]);
  });
});
