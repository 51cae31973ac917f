// A connection that broke within a response, and the next one to the same broker.
import { createRequire } from 'node:module';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { forgetBrokenResponses } from './broken-responses.ts';

interface Connection {
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

/** Answers with the question's number and a text; the first connection breaks in the middle of it. */
let broker: Server;
let connections = 0;

beforeEach(async () => {
  connections = 0;
  broker = createServer((socket) => {
    const number = ++connections;
    socket.on('error', () => undefined).on('data', (request: Buffer) => {
      const body = Buffer.concat([request.subarray(8, 12), Buffer.from('answer')]);
      const length = Buffer.alloc(4);
      length.writeInt32BE(body.length);
      if (number > 1) socket.write(Buffer.concat([length, body]));
      else socket.write(Buffer.concat([length, body.subarray(0, 7)]), () => setTimeout(() => socket.destroy(), 50));
    });
  }).listen(0, '127.0.0.1');
  await once(broker, 'listening');
});

afterEach(() => void broker.close());

/** What the second connection makes of its answer. */
async function afterABreak(Class: ConnectionClass): Promise<string> {
  const address = broker.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const connection = new Class({ host: '127.0.0.1', port, logger: silent, socketFactory, clientId: 'test', requestTimeout: 300, enforceRequestTimeout: true, connectionTimeout: 1_000 });
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
