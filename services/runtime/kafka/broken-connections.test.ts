// A connection that broke within a response or fell silent, and the next one to the same broker.
import { createRequire } from 'node:module';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { forgetBrokenResponses } from './broken-responses.ts';
import { closeSilentConnections } from './silent-connections.ts';

interface Connection {
  isConnected(): boolean;
  connect(): Promise<boolean>;
  disconnect(): Promise<boolean>;
  send(question: object): Promise<string>;
}

const require = createRequire(import.meta.url);
const file = require.resolve('kafkajs/src/network/connection');
type ConnectionClass = new (options: object) => Connection;

/** A copy of kafkajs's own, whatever was done to the one that is in use. */
function asItComes(): ConnectionClass {
  const inUse = require.cache[file];
  Reflect.deleteProperty(require.cache, file);
  const fresh = require(file) as ConnectionClass;
  if (inUse !== undefined) require.cache[file] = inUse;
  return fresh;
}

const silent = { namespace: () => silent, debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const Encoder = require('kafkajs/src/protocol/encoder') as new () => unknown;
const socketFactory = (require('kafkajs/src/network/socketFactory') as () => unknown)();

const question = {
  request: { apiKey: 18, apiVersion: 0, apiName: 'ApiVersions', encode: () => Promise.resolve(new Encoder()) },
  response: { decode: (payload: Buffer) => Promise.resolve(payload), parse: (payload: Buffer) => Promise.resolve(payload.toString()) },
};

/** Answers with the question's number and a text; the first connection breaks in the middle of it, or is silent. */
let broker: Server;
let connections = 0;
let isSilent = false;

beforeEach(async () => {
  [connections, isSilent] = [0, false];
  broker = createServer((socket) => {
    const number = ++connections;
    socket.on('error', () => undefined).on('data', (request: Buffer) => {
      const body = Buffer.concat([request.subarray(8, 12), Buffer.from('answer')]);
      const length = Buffer.alloc(4);
      length.writeInt32BE(body.length);
      if (number > 1) socket.write(Buffer.concat([length, body]));
      else if (isSilent) return;
      else socket.write(Buffer.concat([length, body.subarray(0, 7)]), () => setTimeout(() => socket.destroy(), 50));
    });
  }).listen(0, '127.0.0.1');
  await once(broker, 'listening');
});

afterEach(() => void broker.close());

function connectionBy(Class: ConnectionClass): Connection {
  const address = broker.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return new Class({ host: '127.0.0.1', port, logger: silent, socketFactory, clientId: 'test', requestTimeout: 300, enforceRequestTimeout: true, connectionTimeout: 1_000 });
}

/** What the second connection makes of its answer. */
async function afterABreak(Class: ConnectionClass): Promise<string> {
  const connection = connectionBy(Class);
  await connection.connect();
  await expect(connection.send(question)).rejects.toThrow(/closed|Connection/i);
  await connection.disconnect();
  await connection.connect();
  return connection.send(question).finally(() => connection.disconnect());
}

test('kafkajs as it comes understands no answer any more', async () => {
  await expect(afterABreak(asItComes())).rejects.toThrow('timed out');
});

test('with our change the next connection’s answers are read as they are', async () => {
  forgetBrokenResponses();
  expect(await afterABreak(require(file) as ConnectionClass)).toBe('answer');
});

/** What became of a connection on which nothing was answered, and of what waited beside it. */
async function afterSilence(Class: ConnectionClass): Promise<{ isOpen: boolean; said: string[] }> {
  isSilent = true;
  const connection = connectionBy(Class);
  await connection.connect();
  const said = await Promise.all([connection.send(question), connection.send(question)].map((answer) => answer.catch((error: unknown) => (error as Error).name)));
  await sleep(20);
  return { isOpen: connection.isConnected(), said };
}

test('kafkajs as it comes keeps a connection that fell silent', async () => {
  expect(await afterSilence(asItComes())).toStrictEqual({ isOpen: true, said: ['KafkaJSRequestTimeoutError', 'KafkaJSRequestTimeoutError'] });
});

test('with our change it is closed at the first request that has no answer in time, and the next one is answered', async () => {
  closeSilentConnections();
  const Class = require(file) as ConnectionClass;
  const { isOpen, said } = await afterSilence(Class);
  expect(isOpen).toBe(false);
  expect(said[0]).toBe('KafkaJSRequestTimeoutError');
  const next = connectionBy(Class);
  await next.connect();
  expect(await next.send(question).finally(() => next.disconnect())).toBe('answer');
});
