import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Progress } from './progress.ts';

test('next is the lowest offset that is not done', () => {
  const progress = new Progress(10);
  for (const offset of [12, 11, 14]) progress.done(offset);
  expect(progress.next).toBe(10);
  expect(progress.note()).toBe('done 1-2,4');
  progress.done(10);
  expect(progress.next).toBe(13);
  expect(progress.note()).toBe('done 1');
});

test('whoever joins the commit knows the same', () => {
  fc.assert(fc.property(fc.nat(1_000), fc.array(fc.nat(200)), (next, done) => {
    const progress = new Progress(next);
    for (const offset of done) progress.done(next + offset);
    const other = new Progress(-1);
    other.join(progress.next, progress.note());
    expect(other.next).toBe(progress.next);
    for (let offset = next; offset < next + 210; offset++) expect(other.isDone(offset)).toBe(progress.isDone(offset));
  }));
});

test('a note that is too long or not ours says less, never something wrong', () => {
  const progress = new Progress(0);
  for (let offset = 1; offset < 10_000; offset += 2) progress.done(offset);
  expect(progress.note().length).toBeLessThanOrEqual(4_006);
  const other = new Progress(-1);
  other.join(0, progress.note());
  for (let offset = 0; offset < 10_000; offset++) if (other.isDone(offset)) expect(progress.isDone(offset)).toBe(true);
  for (const note of ['', 'something else', 'done x', 'done 1-', '{"a":1}']) {
    const stranger = new Progress(5);
    stranger.join(5, note);
    expect(stranger.note()).toBe('');
  }
});
