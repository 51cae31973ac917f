// Requests that the HTTP parser gives up on: malformed, cut off, too slow, too many headers. They
// never reach a route, so they are answered here, on the bare connection if need be.
import { STATUS_CODES, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { bodyOf, drained, headersOf, httpRefusal, refuse, type HttpStatus, type Refusal } from './refusal.ts';

export interface BrokenRequestOptions {
  readonly onRefused: (refusal: Refusal) => void;
  /** Aborted when the server closes: nothing is drained any longer. */
  readonly stop: AbortSignal;
}

interface ParserError extends Error {
  readonly code?: string;
}

const statusOf: Readonly<Record<string, HttpStatus>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** @returns the handler for `clientError`. */
export function answerBrokenRequests(server: Server, options: BrokenRequestOptions): (error: ParserError, socket: Socket) => void {
  /** Of each connection, in order; answered ones leave with the next request. */
  const unanswered = new WeakMap<Socket, ServerResponse[]>();
  const broken = new WeakSet<Socket>();
  server.on('request', ({ socket }, response: ServerResponse) => {
    const responses = unanswered.get(socket) ?? [];
    while (responses[0]?.closed === true) responses.shift();
    responses.push(response);
    unanswered.set(socket, responses);
  });
  server.on('checkExpectation', (_request, response: ServerResponse) => void refuseCounted(response, httpRefusal(417), options));
  // Asks to become a tunnel, and has no path.
  server.on('connect', (_request, socket: Socket) => void answerBare(socket, httpRefusal(405, { allow: 'GET, HEAD, POST' }), options));
  return ({ code = '' }, socket) => {
    if (broken.has(socket)) return;
    broken.add(socket);
    if (!code.startsWith('HPE_') && statusOf[code] === undefined) {
      socket.destroy();
      return;
    }
    const responses = (unanswered.get(socket) ?? []).filter(({ closed }) => !closed);
    const cutOff = responses.find(({ req }) => !req.complete);
    // Requests before it on the same connection are whole, and may be stored: their answers go first.
    const earlier = responses.filter((response) => response !== cutOff).map((response) => once(response, 'close'));
    void Promise.all(earlier).then(() => {
      if (cutOff?.headersSent !== true) return answerBare(socket, httpRefusal(statusOf[code] ?? 400), options);
    });
  };
}

async function refuseCounted(response: ServerResponse, refusal: Refusal, { onRefused, stop }: BrokenRequestOptions): Promise<void> {
  if (await refuse(response, refusal, stop)) onRefused(refusal);
}

async function answerBare(socket: Socket, refusal: Refusal, { onRefused, stop }: BrokenRequestOptions): Promise<void> {
  if (!socket.writable) return;
  const headers = Object.entries({ ...headersOf(refusal), connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`);
  onRefused(refusal);
  socket.end(`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}\r\n${headers.join('')}\r\n${bodyOf(refusal)}`);
  socket.resume();
  await drained(socket, stop);
  socket.destroy();
}
