// How many bytes of bodies may be on their way at once, over all connections: anybody can open thousands of them, and let each
// hold a megabyte that is almost whole.
import type { IncomingMessage, ServerResponse } from 'node:http';

export class Bodies {
  readonly #maxBytes: number;
  readonly #longest: number;
  #bytes = 0;

  /** @param longest of a body, which one counts as that doesn't say how long it is. */
  constructor(maxBytes: number, longest: number) {
    this.#maxBytes = maxBytes;
    this.#longest = longest;
  }

  /** Whether there is room for the request's body; it is taken until the request is answered or gone. */
  admits({ headers }: IncomingMessage, response: ServerResponse): boolean {
    const bytes = headers['transfer-encoding'] === undefined ? Math.min(this.#longest, Number(headers['content-length'] ?? 0) || 0) : this.#longest;
    if (bytes === 0) return true;
    if (this.#bytes + bytes > this.#maxBytes) return false;
    this.#bytes += bytes;
    response.once('close', () => {
      this.#bytes -= bytes;
    });
    return true;
  }
}
