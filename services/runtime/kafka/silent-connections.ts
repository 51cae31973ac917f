// kafkajs 2.2.4 goes on with a connection on which a request had no answer in time. Where the connection died without a word (power
// lost, a firewall that forgot it) every later request runs into its time limit, too, until the system gives the connection up
// after a quarter of an hour. So it is closed, as Kafka's own clients do, and the next request opens another one.
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';

interface Connection {
  socket?: Socket;
  send(request: unknown): Promise<unknown>;
}

let isDone = false;

export function closeSilentConnections(): void {
  if (isDone) return;
  isDone = true;
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/connection') as { prototype: Connection };
  const send: (this: Connection, request: unknown) => Promise<unknown> = Reflect.get(prototype, 'send');
  prototype.send = async function (this: Connection, request: unknown): Promise<unknown> {
    const { socket } = this;
    try {
      return await send.call(this, request);
    } catch (error) {
      // What else waits for it is rejected at once.
      if (error instanceof Error && error.name === 'KafkaJSRequestTimeoutError') (socket ?? this.socket)?.destroy(new Error(error.message));
      throw error;
    }
  };
}
