// How many bytes of bodies may be on their way at once, over all connections: anybody can open thousands of them, and let each
// hold a megabyte that is almost whole. Large ones may have three quarters of it, so that there is room for an event while somebody
// sends large ones slowly; and one client a part, so that there is room for others.
import type { IncomingMessage, ServerResponse } from 'node:http';

const SMALL_BYTES = 65_536;

/** Of all bytes: what all may have, and what one client may. */
const shares = { small: { all: 1, client: 0.75 }, large: { all: 0.75, client: 0.5 } } as const;

export class Bodies {
  readonly #maxBytes: number;
  readonly #longest: number;
  readonly #ofClients = new Map<string, number>();
  #bytes = 0;

  /** @param longest of a body, which one counts as that doesn't say how long it is. */
  constructor(maxBytes: number, longest: number) {
    this.#maxBytes = maxBytes;
    this.#longest = longest;
  }

  /** Whether there is room for the request's body; it is taken until the request is answered or gone. */
  admits({ headers }: IncomingMessage, response: ServerResponse, client: string): boolean {
    const bytes = headers['transfer-encoding'] === undefined ? Math.min(this.#longest, Number(headers['content-length'] ?? 0) || 0) : this.#longest;
    if (bytes === 0) return true;
    const ofClient = (this.#ofClients.get(client) ?? 0) + bytes;
    const { all, client: one } = bytes <= SMALL_BYTES ? shares.small : shares.large;
    if (this.#bytes + bytes > all * this.#maxBytes || ofClient > one * this.#maxBytes) return false;
    this.#bytes += bytes;
    this.#ofClients.set(client, ofClient);
    response.on('close', () => {
      this.#bytes -= bytes;
      const left = (this.#ofClients.get(client) ?? bytes) - bytes;
      if (left === 0) this.#ofClients.delete(client);
      else this.#ofClients.set(client, left);
    });
    return true;
  }
}
