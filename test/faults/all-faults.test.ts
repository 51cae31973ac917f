// Every fault that is short enough, one after the other on one stack of its own, while events come in: what was acknowledged is
// there once. `npm run test:faults` runs all of them, many times. SEED chooses other moments.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { faults } from './harness/cases.ts';
import { violationsText } from './harness/results.ts';
import { differsWhenRebuilt, integrationsOf, runFault } from './harness/run.ts';
import { FaultStack } from './harness/stack.ts';

const seed = Number(process.env['SEED'] ?? 1);
const small = faults.filter(({ times, on = 'one broker' }) => times.small > 0 && on === 'one broker');
let stack: FaultStack;

beforeAll(async () => {
  stack = await FaultStack.start(integrationsOf(small));
});

afterAll(() => stack.stop());

test.for(small.map((fault) => [`${fault.id}: ${fault.title}`, fault] as const))('%s', async ([, fault]) => {
  const result = await runFault(stack, fault, { seed, times: fault.times.small, size: 'small' });
  expect(result.violations, violationsText(result)).toStrictEqual([]);
  expect(result.acknowledged).toBeGreaterThan(0);
});

test('after all of it the facts are those that are computed anew', async () => {
  expect(await differsWhenRebuilt(stack)).toStrictEqual([]);
});
