import { describe, expect, it } from 'vitest';
import { builtInStatuses, isAgentsTurn, isOver, StatusMap, statusKey, type Category } from './status.ts';

const categoryOf = (name: string, ...layers: ConstructorParameters<typeof StatusMap>): Category => new StatusMap(...layers).read(name).category;

describe('a status', () => {
  it('is compared without case, with _ and - as blanks, trimmed, runs of blanks as one', () => {
    expect(['In_Progress', 'in-progress', ' IN  progress ', 'in__-progress'].map(statusKey)).toEqual(Array(4).fill('in progress'));
  });

  it('is shown as sent', () => {
    expect(new StatusMap().read('In_Progress')).toEqual({ name: 'In_Progress', key: 'in progress', category: 'open', isKnown: true });
  });

  it('that nobody knows counts as open', () => {
    expect(new StatusMap().read('limbo')).toMatchObject({ category: 'open', isKnown: false });
  });

  it('means the usual out of the box, merged, spam, deleted and duplicate are discarded', () => {
    expect(['created', 'reopened', 'snoozed', 'on-hold', 'Resolved', 'ARCHIVED'].map((name) => categoryOf(name))).toEqual(['new', 'open', 'pending', 'on_hold', 'solved', 'closed']);
    expect(['merged', 'Spam', 'deleted', 'DUPLICATE'].map((name) => categoryOf(name))).toEqual(Array(4).fill('discarded'));
  });

  it('that begins with awaiting waits for a third party, unless it waits for the customer', () => {
    expect(categoryOf('Awaiting vendor')).toBe('on_hold');
    expect(categoryOf('awaiting_customer')).toBe('pending');
    expect(categoryOf('awaiting')).toBe('open');
  });
});

describe('the status map', () => {
  it('takes a tenant\'s entries before those for all, and those before what is built in', () => {
    expect(categoryOf('parked', { parked: 'pending' }, { parked: 'on_hold' })).toBe('pending');
    expect(categoryOf('Parked', {}, { 'PARKED': 'on_hold' })).toBe('on_hold');
    expect(categoryOf('resolved', {}, { 'Resolved': 'pending' })).toBe('pending');
    expect(categoryOf('awaiting vendor', { 'await*': 'open' })).toBe('open');
  });

  it('takes a whole name before a beginning, and the longest beginning that fits', () => {
    const map = { 'in review *': 'open', 'in review legal*': 'on_hold', 'in review now': 'new' } as const;
    expect(['in review now', 'in review by max', 'In_Review legal team', 'in review'].map((name) => categoryOf(name, map))).toEqual(['new', 'open', 'on_hold', 'open']);
    expect(new StatusMap(map).read('in review').isKnown).toBe(false);
  });
});

it('over is solved, closed and discarded; the agents\' turn is new and open', () => {
  const categories = [...new Set(Object.values(builtInStatuses))];
  expect(categories.filter(isOver)).toEqual(['solved', 'closed', 'discarded']);
  expect(categories.filter(isAgentsTurn)).toEqual(['new', 'open']);
});
