import { expect, test } from 'vitest';
import { readConfig } from '../config.ts';
import { eventConsumerSettings, withArguments } from './service.ts';
import { isOutage, RetriableError } from '../consumer.ts';
import { RuntimeError } from '../errors.ts';

const read = (args: readonly string[], env: NodeJS.ProcessEnv = {}) => readConfig(eventConsumerSettings, withArguments(env, args));

test('the command line wins over the environment, and the service’s name before it is no matter', () => {
  const config = read(['my-consumer', '--from', '2026-03-02T09:00:00Z', '--group', 'again', '--once'], { CONSUMER_FROM: 'latest' });
  expect(config.CONSUMER_FROM).toStrictEqual(new Date('2026-03-02T09:00:00Z'));
  expect(config.CONSUMER_GROUP).toBe('again');
  expect(config.CONSUMER_ONCE).toBe('yes');
  expect(read([], { CONSUMER_FROM: 'latest' }).CONSUMER_FROM).toBe('latest');
  expect(read([]).CONSUMER_FROM).toBeNull();
});

test('what can’t be meant is refused', () => {
  for (const from of ['yesterday', '5', '2026-13-45', 'Beginning']) expect(() => read(['--from', from]), from).toThrow(/CONSUMER_FROM/);
  expect(() => read(['--group', 'a b'])).toThrow(/CONSUMER_GROUP/);
  expect(() => read(['--form', 'latest'])).toThrow(/form/);
});

test('an outage is what says so, or what any client throws when the other side is away', () => {
  const caused = (cause: unknown): Error => new Error('fetch failed', { cause });
  const coded = (code: string): Error => Object.assign(new Error(code), { code });
  for (const outage of [new RetriableError('later'), new RuntimeError('LOG_UNAVAILABLE', 'x'), coded('ECONNREFUSED'), caused(coded('ETIMEDOUT')), caused(new AggregateError([coded('ECONNREFUSED')])), AbortSignal.abort(new DOMException('t', 'TimeoutError')).reason]) {
    expect(isOutage(outage), String(outage)).toBe(true);
  }
  for (const failure of [new Error('no'), new TypeError('x is not a function'), new RuntimeError('SCHEMA_REFUSED', 'x'), caused(coded('ENOENT')), 'text', undefined]) {
    expect(isOutage(failure), String(failure)).toBe(false);
  }
});
