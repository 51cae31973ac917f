// Texts as they lie in a block, each behind its length in bytes; a string is made of one when it is asked for.
import { isAscii } from 'node:buffer';

/** V8 copies a substring up to here, for a fifth of what a call into Node's own code costs; a longer one would keep the whole block in memory. */
const SHORT_TEXT = 12;

export class Texts {
  readonly #bytes: Buffer;
  readonly #begin: number;
  /** Where each one's length stands. */
  readonly #places: Uint32Array;
  /** All of them, lengths included, where every byte is a character; not known until a short one is asked for. */
  #ascii: string | null | undefined;
  /** The first byte behind them; beyond the last byte where they are cut. */
  readonly end: number;

  constructor(bytes: Buffer, begin: number, count: number) {
    this.#bytes = bytes;
    this.#begin = begin;
    this.#places = new Uint32Array(count);
    let at = begin;
    for (let row = 0; row < count; row++) {
      this.#places[row] = at;
      const length = bytes[at] ?? 0;
      at = length < 128 ? at + 1 + length : this.#longText(at).end;
    }
    this.end = at;
  }

  at(row: number): string {
    const place = this.#places[row] ?? 0;
    const length = this.#bytes[place] ?? 0;
    if (length === 0) return '';
    if (length >= 128) {
      const { from, end } = this.#longText(place);
      return this.#bytes.toString('utf8', from, end);
    }
    const from = place + 1;
    const ascii = length > SHORT_TEXT ? null : this.#allAscii();
    return ascii === null ? this.#bytes.toString('utf8', from, from + length) : ascii.substring(from - this.#begin, from - this.#begin + length);
  }

  #allAscii(): string | null {
    if (this.#ascii === undefined) {
      const all = this.#bytes.subarray(this.#begin, this.end);
      this.#ascii = isAscii(all) ? all.toString('latin1') : null;
    }
    return this.#ascii;
  }

  #longText(place: number): { readonly from: number; readonly end: number } {
    let length = 0;
    let from = place;
    for (let [factor, byte] = [1, 128]; byte >= 128; factor *= 128) {
      byte = this.#bytes[from++] ?? 0;
      length += (byte & 127) * factor;
    }
    return { from, end: from + length };
  }
}
