import { expect, test } from 'vitest';
import { duration, Progress } from './progress.ts';

test('progress says the rate of this run, and how long it takes from here', () => {
  const lines: string[] = [];
  let now = 0;
  const progress = new Progress('built', { total: 10_000, before: 4_000 }, { write: (text) => lines.push(text) }, () => now);
  now = 4_000;
  progress.step(2_000);
  expect(lines).toStrictEqual(['built 6,000 of 10,000 tickets (60 %) · 500/s · 8 s to go\n']);
  expect(duration(75)).toBe('1 m 15 s');
});
