import { expect, test } from 'vitest';
import { seldom } from './strangers.ts';

test('tells once a second, and how many it has not told', () => {
  let now = 0;
  const told: object[] = [];
  const tell = seldom((fields) => told.push(fields), () => now);
  for (now = 0; now < 2_500; now += 250) tell({ now });
  expect(told).toStrictEqual([{ now: 0 }, { now: 1_000, untold: 3 }, { now: 2_000, untold: 3 }]);
});
