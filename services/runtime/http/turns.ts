// A connection may send its next requests before the first is answered, thousands of them at once.
// Only some are worked on at a time and the rest wait, so that other connections get their turn in
// between; and while many wait, no more are read. What was read in one turn is parsed as a whole,
// so when all connections together have too many waiting, one that sends more of them is cut off.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const AT_ONCE = 16;
const READ_NO_MORE = 64;
/** Of all connections together. A request that waits takes some 7 KB, and 25 bytes are enough to send one. */
const MOST_WAITING = 40_000;

interface Connection {
  running: number;
  readonly waiting: (readonly [IncomingMessage, ServerResponse])[];
  paused: boolean;
  /** Whether `readOn` is due in this turn of the event loop. */
  due: boolean;
}

export function inTurns(handle: RequestListener, mostWaiting = MOST_WAITING): RequestListener {
  const connections = new WeakMap<Socket, Connection>();
  let waitingInAll = 0;
  const connectionOf = (socket: Socket): Connection => {
    const known = connections.get(socket);
    if (known !== undefined) return known;
    const connection: Connection = { running: 0, waiting: [], paused: false, due: false };
    connections.set(socket, connection);
    socket.once('close', () => {
      waitingInAll -= connection.waiting.splice(0).length;
    });
    return connection;
  };
  const next = (connection: Connection, socket: Socket): void => {
    const first = connection.running >= AT_ONCE || socket.destroyed ? undefined : connection.waiting.shift();
    if (first !== undefined) {
      const [request, response] = first;
      waitingInAll -= 1;
      connection.running += 1;
      // It closes once, and taking listeners off one by one costs more than they do.
      response.on('close', () => {
        connection.running -= 1;
        if (connection.paused || connection.waiting.length > 0) setImmediate(next, connection, socket);
      });
      handle(request, response);
    }
    readOnSoon(connection, socket);
  };
  return (request, response) => {
    const { socket } = request;
    const connection = connectionOf(socket);
    if (waitingInAll >= mostWaiting && connection.waiting.length >= READ_NO_MORE) socket.destroy();
    // What is parsed after that belongs to nobody.
    if (socket.destroyed) return;
    connection.waiting.push([request, response]);
    waitingInAll += 1;
    next(connection, socket);
  };
}

/**
 * Node reads on at the end of each request and whenever a body is read, so a pause from within a
 * request would not last. At the end of the turn all that came has been parsed, and nothing more was read.
 */
function readOnSoon(connection: Connection, socket: Socket): void {
  if (connection.due || (!connection.paused && connection.waiting.length < READ_NO_MORE)) return;
  connection.due = true;
  setImmediate(readOn, connection, socket);
}

function readOn(connection: Connection, socket: Socket): void {
  connection.due = false;
  connection.paused = connection.waiting.length >= READ_NO_MORE;
  if (connection.paused) socket.pause();
  else socket.resume();
}
