import { expect, test } from 'vitest';
import { ReadAhead } from './ahead.ts';

const waiting = (most?: number): ReadAhead => {
  const ahead = new ReadAhead(most);
  ahead.retryAfter(60_000);
  return ahead;
};

test('goes on behind what waits, and jumps over a stretch only when all who owe something there are blocked', () => {
  const ahead = waiting();
  expect(ahead.move({ tenants: ['a'], next: 10, first: 0 })).toStrictEqual({ kind: 'on' });
  expect(ahead.move({ tenants: ['b'], next: 20, first: 0 })).toStrictEqual({ kind: 'on' });
  expect([ahead.continuesAt(20), ahead.continuesAt(19)]).toStrictEqual([true, false]);
  ahead.beginCycle();
  expect(ahead.isBlocked('a')).toBe(false);
  expect(ahead.move({ tenants: ['a'], next: 10, first: 0 }), 'b may be back').toStrictEqual({ kind: 'on' });
  expect(ahead.move({ tenants: ['b'], next: 12, first: 0 })).toStrictEqual({ kind: 'to', offset: 20 });
  expect([ahead.continuesAt(12), ahead.continuesAt(20)]).toStrictEqual([false, true]);
  ahead.beginCycle();
  expect(ahead.move({ tenants: ['b'], next: 25, first: 5 })).toStrictEqual({ kind: 'on' });
  ahead.beginCycle();
  expect(ahead.move({ tenants: ['b'], next: 20, first: 5 }), 'a owes nothing any more').toStrictEqual({ kind: 'to', offset: 25 });
});

test('goes back when it is time, or when it is too far ahead', () => {
  const far = waiting(100);
  expect(far.move({ tenants: ['a'], next: 100, first: 0 }).kind).toBe('on');
  expect(far.move({ tenants: ['a'], next: 101, first: 0 }).kind).toBe('back');
  expect(far.move({ tenants: ['a'], next: 101, first: 50 }).kind, 'some of it is done').toBe('on');
  const due = new ReadAhead();
  due.retryAfter(0);
  expect(due.move({ tenants: ['a'], next: 1, first: 0 })).toStrictEqual({ kind: 'back', inMs: 0 });
});

test('says when it is time, unless a batch came before', async () => {
  const back = await new Promise<string>((resolve) => {
    const ahead = new ReadAhead();
    ahead.move({ tenants: ['a'], next: 1, first: 0 });
    ahead.retryAfter(1);
    ahead.whenDue(() => resolve(ahead.continuesAt(1) ? 'goes on' : 'begins again'));
  });
  expect(back).toBe('begins again');
});
