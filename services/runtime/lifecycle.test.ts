import { expect, test } from 'vitest';
import { RuntimeError } from './errors.ts';
import { Starting } from './lifecycle.ts';
import { createLogger } from './logger.ts';

test('a start waits for what it needs, says what that is, and goes on when it is there', async () => {
  const starting = new Starting(createLogger('test', 'fatal'));
  const told = [starting.failure()];
  let tries = 0;
  const got = await starting.step(() => {
    tries += 1;
    told.push(starting.failure());
    return tries < 3 ? Promise.reject(new RuntimeError('CLICKHOUSE_UNAVAILABLE', `away ${tries}`)) : Promise.resolve('there');
  });
  expect(got).toBe('there');
  expect(told).toStrictEqual(['starting', 'starting', 'starting: away 1', 'starting: away 2']);
  starting.done();
  expect(starting.failure()).toBeNull();
});

test('what no waiting mends ends the start', async () => {
  const starting = new Starting(createLogger('test', 'fatal'));
  await expect(starting.step(() => Promise.reject(new RuntimeError('TOPIC_MISSING', 'run npm run topics')))).rejects.toThrow('run npm run topics');
  await expect(starting.step(() => Promise.reject(new TypeError('x is not a function')))).rejects.toThrow('x is not a function');
});
