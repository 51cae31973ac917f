// What kafkajs throws while brokers are away is told from what is wrong with a question: the one is waited for, the other ends a start.
import { expect, test } from 'vitest';
import { RuntimeError } from '../errors.ts';
import { createLogger } from '../logger.ts';
import { orUnavailable } from './admin.ts';

const connection = { brokers: ['127.0.0.1:9'], clientId: 'test', logger: createLogger('test', 'fatal') };
const error = (name: string, more: Readonly<Record<string, unknown>> = {}): Error => Object.assign(new Error(name), { name, retriable: false, ...more });
const thrownFor = (thrown: Error): Promise<unknown> => orUnavailable(connection, () => Promise.reject(thrown)).catch((caught: unknown) => caught);

test.for([
  error('KafkaJSNumberOfRetriesExceeded'),
  error('KafkaJSGroupCoordinatorNotFound'),
  error('KafkaJSConnectionError', { retriable: true }),
  error('KafkaJSRequestTimeoutError', { retriable: true }),
  error('KafkaJSNonRetriableError', { cause: error('KafkaJSConnectionClosedError', { retriable: true }) }),
])('$name is an outage', async (thrown) => {
  const caught = await thrownFor(thrown);
  expect(caught).toMatchObject({ code: 'LOG_UNAVAILABLE', retriable: true, cause: thrown });
  expect((caught as Error).message).toContain('127.0.0.1:9');
});

test.for([
  error('KafkaJSProtocolError', { type: 'TOPIC_AUTHORIZATION_FAILED' }),
  error('KafkaJSNonRetriableError', { cause: error('KafkaJSProtocolError', { type: 'GROUP_AUTHORIZATION_FAILED' }) }),
  error('KafkaJSNumberOfRetriesExceeded', { cause: error('KafkaJSSASLAuthenticationError') }),
])('$message is a refusal, and says as whom', async (thrown) => {
  expect(await thrownFor(thrown)).toMatchObject({ code: 'LOG_REFUSED', retriable: false, message: expect.stringContaining('as nobody in particular') as string });
});

test.for([
  error('KafkaJSNonRetriableError', { cause: error('KafkaJSProtocolError', { type: 'INVALID_TOPIC_EXCEPTION' }) }),
  new TypeError('x is not a function'),
  new RuntimeError('TOPIC_MISSING', 'run npm run topics'),
])('$message is none, and stays what it is', async (thrown) => {
  expect(await thrownFor(thrown)).toBe(thrown);
});
