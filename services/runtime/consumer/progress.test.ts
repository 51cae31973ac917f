import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Progress } from './progress.ts';

test('next is the lowest offset that is not done', () => {
  const progress = new Progress(10);
  for (const offset of [12, 11, 14]) progress.done(offset);
  assert.equal(progress.next, 10);
  assert.equal(progress.note(), 'done 1-2,4');
  progress.done(10);
  assert.equal(progress.next, 13);
  assert.equal(progress.note(), 'done 1');
});

test('whoever joins the commit knows the same', () => {
  fc.assert(fc.property(fc.nat(1_000), fc.array(fc.nat(200)), (next, done) => {
    const progress = new Progress(next);
    for (const offset of done) progress.done(next + offset);
    const other = new Progress(-1);
    other.join(progress.next, progress.note());
    assert.equal(other.next, progress.next);
    for (let offset = next; offset < next + 210; offset++) assert.equal(other.isDone(offset), progress.isDone(offset));
  }));
});

test('a note that is too long or not ours says less, never something wrong', () => {
  const progress = new Progress(0);
  for (let offset = 1; offset < 10_000; offset += 2) progress.done(offset);
  assert.ok(progress.note().length <= 4_006);
  const other = new Progress(-1);
  other.join(0, progress.note());
  for (let offset = 0; offset < 10_000; offset++) if (other.isDone(offset)) assert.ok(progress.isDone(offset));
  for (const note of ['', 'something else', 'done x', 'done 1-', '{"a":1}']) {
    const stranger = new Progress(5);
    stranger.join(5, note);
    assert.equal(stranger.note(), '');
  }
});
