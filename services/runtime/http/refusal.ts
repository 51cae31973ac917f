// Every answer that is no success, with one body: {"error": {"code", "message", "path"}}.
//
// An answer may be due while the client still writes its request. Closing then would reset the
// connection, and a client that writes first and reads afterwards would never see the answer. So
// the answer is written at once and what still comes is read and thrown away, for a bounded time
// and up to a bounded size, before the connection is closed.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** JSON Pointer to the field at fault, where there is one. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What HTTP itself asks for, by status. */
export const httpRefusals = {
  400: ['bad_request', 'this is not a well-formed HTTP request'],
  404: ['not_found', 'there is nothing at this path; events are posted to /webhooks'],
  405: ['method_not_allowed', 'this path takes other methods: see the header Allow'],
  408: ['request_timeout', 'the request did not arrive in time'],
  413: ['body_too_large', 'the body exceeds 1048576 bytes'],
  414: ['uri_too_long', 'the path is too long'],
  415: ['unsupported_media_type', 'send application/json'],
  417: ['expectation_failed', 'the header Expect can only ask for 100-continue'],
  431: ['headers_too_large', 'the headers exceed 16384 bytes'],
} as const;

export type HttpStatus = keyof typeof httpRefusals;

export function httpRefusal(status: HttpStatus, headers: Readonly<Record<string, string>> = {}): Refusal {
  const [code, message] = httpRefusals[status];
  return { status, code, message, headers };
}

export const isHttpStatus = (status: number): status is HttpStatus => status in httpRefusals;

const DRAIN_MS = 5_000;
const DRAIN_BYTES = 64 * 1_048_576;
const DRAIN_CHECK_MS = 20;

export const bodyOf = ({ code, message, path }: Refusal): string =>
  JSON.stringify({ error: { code, message, ...(path === undefined ? {} : { path }) } });

export const headersOf = (refusal: Refusal): Record<string, string> => ({
  'content-type': 'application/json; charset=utf-8',
  'content-length': String(Buffer.byteLength(bodyOf(refusal))),
  ...refusal.headers,
});

/** Answers through the response, so that answers to earlier requests of the connection go first. @returns whether it was still to be answered. */
export async function refuse(response: ServerResponse, refusal: Refusal, stop: AbortSignal): Promise<boolean> {
  // The parser tells of a request before it looks at a body that may have come with it.
  await nextTurn();
  const { req: request } = response;
  if (response.headersSent || !request.socket.writable) return false;
  response.writeHead(refusal.status, { ...headersOf(refusal), ...(request.complete ? {} : { connection: 'close' }) });
  response.write(bodyOf(refusal));
  if (request.complete) response.end();
  else {
    request.resume();
    void drained(request.socket, stop, request).then(() => response.end());
  }
  return true;
}

/** Resolves when the request is complete or the client closed, or at one of the bounds. Something else must let the bytes flow. */
export function drained(socket: Socket, stop: AbortSignal, request?: IncomingMessage): Promise<void> {
  const [endAt, endAtBytes] = [performance.now() + DRAIN_MS, socket.bytesRead + DRAIN_BYTES];
  return new Promise((resolve) => {
    const check = setInterval(() => {
      const over = socket.destroyed || socket.readableEnded || request?.complete === true || stop.aborted;
      if (!over && performance.now() < endAt && socket.bytesRead < endAtBytes) return;
      clearInterval(check);
      resolve();
    }, DRAIN_CHECK_MS);
  });
}
