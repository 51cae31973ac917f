// kafkajs 2.2.4 keeps what it has read of a response when its connection breaks, and reads the next connection's responses as the
// rest of it. From then on it understands none of them: requests run into their time limit one after the other, the connection
// stays open, and only another client begins anew. A new connection begins with nothing.
import { createRequire } from 'node:module';

interface Connection {
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  isConnected(): boolean;
  connect(): Promise<boolean>;
}

/** Of a response's length, which comes first. */
const LENGTH_BYTES = 4;
let isDone = false;

export function forgetBrokenResponses(): void {
  if (isDone) return;
  isDone = true;
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/connection') as { prototype: Connection };
  const connect: (this: Connection) => Promise<boolean> = Reflect.get(prototype, 'connect');
  prototype.connect = function (this: Connection): Promise<boolean> {
    if (!this.isConnected()) Object.assign(this, { chunks: [], bytesBuffered: 0, bytesNeeded: LENGTH_BYTES });
    return connect.call(this);
  };
}
