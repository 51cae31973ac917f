// What one may take of this endpoint before its password is known, since whoever reaches the port may connect: the terms of the
// door (services/ingress), but that there may be fewer connections, since headers may be a megabyte here. Who has logged in may
// take as long as its queries do.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientLimits } from '../../../services/runtime/http/clients.ts';
import type { Account } from './accounts.ts';

export const CONNECTIONS: ClientLimits = { maxConnections: 1_000, maxOfOneAddress: 500, trustedProxies: [] };
/** For headers, and of a stranger for all of a request, answer included. */
export const HURRY_MS = 10_000;
const LINES_EVERY_MS = 1_000;

/**
 * Cuts the connection when the request is not over in time.
 * @returns what is told of a login: then there is no hurry, but for the text of an analyst, which is short.
 */
export function hurry(message: IncomingMessage, response: ServerResponse): (account: Account) => void {
  const cut = (): unknown => message.socket.destroy();
  let timer = setTimeout(cut, HURRY_MS);
  let open = 2;
  const closed = (): void => {
    open -= 1;
    if (open === 0) clearTimeout(timer);
  };
  message.once('close', closed);
  response.once('close', closed);
  return (account) => {
    clearTimeout(timer);
    if (account.kind !== 'analyst' || message.complete) return;
    timer = setTimeout(cut, account.limits.seconds * 1_000);
    message.once('end', () => clearTimeout(timer));
  };
}

/** Tells of strangers once a second at most, and how many more there were: nobody fills the disk with lines of a log. */
export function seldom(tell: (fields: object) => void, now: () => number = Date.now): (fields: object) => void {
  let nextAt = 0;
  let untold = 0;
  return (fields) => {
    if (now() < nextAt) {
      untold += 1;
      return;
    }
    tell(untold === 0 ? fields : { ...fields, untold });
    nextAt = now() + LINES_EVERY_MS;
    untold = 0;
  };
}
