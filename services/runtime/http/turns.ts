// A connection may send its next requests before the first is answered, thousands of them at once.
// Only some are worked on at a time and the rest wait, so that other connections get their turn in
// between; and while many wait, no more are read.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const AT_ONCE = 16;
const READ_NO_MORE = 64;

interface Connection {
  running: number;
  readonly waiting: (readonly [IncomingMessage, ServerResponse])[];
}

export function inTurns(handle: RequestListener): RequestListener {
  const connections = new WeakMap<Socket, Connection>();
  return (request, response) => {
    const { socket } = request;
    const connection = connections.get(socket) ?? { running: 0, waiting: [] };
    connections.set(socket, connection);
    connection.waiting.push([request, response]);
    if (connection.waiting.length >= READ_NO_MORE) socket.pause();
    next(connection, socket, handle);
  };
}

function next(connection: Connection, socket: Socket, handle: RequestListener): void {
  if (connection.running >= AT_ONCE || socket.destroyed) return;
  const first = connection.waiting.shift();
  if (first === undefined) return;
  if (connection.waiting.length < READ_NO_MORE && socket.isPaused()) socket.resume();
  const [request, response] = first;
  connection.running += 1;
  response.once('close', () => {
    connection.running -= 1;
    setImmediate(next, connection, socket, handle);
  });
  handle(request, response);
}
