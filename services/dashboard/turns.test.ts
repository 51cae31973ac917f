import { setImmediate as soon } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { RuntimeError } from '../runtime/errors.ts';
import { inTurns, type Asking } from './turns.ts';

test('four questions of a person run at once, the others in turn', async () => {
  let [running, most] = [0, 0];
  const asking = inTurns({
    query: async () => {
      most = Math.max(most, running += 1);
      await soon();
      running -= 1;
      return [];
    },
  } as unknown as Asking);
  await Promise.all(Array.from({ length: 11 }, () => asking.query('SELECT 1')));
  expect(most).toBe(4);
});

test('whoever asks elsewhere, too, waits for a place; any other refusal is told at once', async () => {
  const refusals = [new RuntimeError('CLICKHOUSE_UNAVAILABLE', 'TOO_MANY_SIMULTANEOUS_QUERIES 202: no'), new RuntimeError('CLICKHOUSE_REFUSED', 'ACCESS_DENIED 497: no')];
  const asking = inTurns({
    query: () => {
      const refusal = refusals.shift();
      return refusal === undefined ? Promise.resolve([1]) : Promise.reject(refusal);
    },
  } as unknown as Asking);
  await expect(asking.query('SELECT 1')).rejects.toThrow('497');
  expect(await asking.query('SELECT 1')).toStrictEqual([1]);
});
