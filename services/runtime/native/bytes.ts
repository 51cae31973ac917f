// A buffer that grows as it is written to.

const FIRST_BYTES = 256;
/** Up to here a loop over the characters is several times cheaper than the call into Node's own code. */
const SHORT_TEXT = 64;
const HIGH_WORD = 4_294_967_296;

export class Bytes {
  #buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  /** What was written; valid until more is. */
  get written(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  varint(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.byte((rest % 128) + 128);
    this.byte(rest);
  }

  /** The lowest `bytes` bytes of a whole number, at most four. */
  word(value: number, bytes: number): void {
    this.#reserve(bytes);
    for (let rest = value, end = this.#length + bytes; this.#length < end; rest >>= 8) this.#buffer[this.#length++] = rest;
  }

  /** A whole number in eight bytes; a `number` up to 2^53 is exact. */
  long(value: number | bigint): void {
    if (typeof value === 'bigint') {
      this.#reserve(8);
      this.#length = this.#buffer.writeBigInt64LE(BigInt.asIntN(64, value), this.#length);
    } else {
      this.word(value, 4);
      this.word(Math.floor(value / HIGH_WORD), 4);
    }
  }

  double(value: number): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeDoubleLE(value, this.#length);
  }

  /** Its length in bytes, and then the text in UTF-8. */
  text(value: string): void {
    if (value.length > SHORT_TEXT || !this.#shortAscii(value)) {
      const bytes = Buffer.byteLength(value);
      this.varint(bytes);
      this.#reserve(bytes);
      this.#length += this.#buffer.write(value, this.#length, 'utf8');
    }
  }

  #shortAscii(value: string): boolean {
    const { length } = value;
    this.#reserve(length + 1);
    const buffer = this.#buffer;
    const start = this.#length + 1;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 127) return false;
      buffer[start + i] = code;
    }
    buffer[start - 1] = length;
    this.#length = start + length;
    return true;
  }
}
