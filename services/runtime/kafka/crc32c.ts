// CRC-32C (Castagnoli), which each record batch has over its bytes. Eight bytes a step, with a table for each: 0.9 µs of CPU for
// one of our events, where kafkajs takes a byte a step and 2.2.

const POLYNOMIAL = 0x82f63b78;
const STEP = 8;
const SIZE = 256;
const LAST = STEP - 1;

/** Of each byte value: the remainder when it stands last, and, in the tables before, when up to seven bytes follow. */
const remainders = new Int32Array(STEP * SIZE);
const remainder = (table: number, byte: number): number => remainders[table * SIZE + (byte & 0xff)] ?? 0;

for (let byte = 0; byte < SIZE; byte++) {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ POLYNOMIAL : rest >>> 1;
  remainders[LAST * SIZE + byte] = rest;
}
for (let table = LAST - 1; table >= 0; table--) {
  for (let byte = 0; byte < SIZE; byte++) {
    const rest = remainder(table + 1, byte);
    remainders[table * SIZE + byte] = (rest >>> 8) ^ remainder(LAST, rest);
  }
}

export function crc32c(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let crc = -1;
  let at = 0;
  for (; at + STEP <= bytes.length; at += STEP) {
    const [first, second] = [crc ^ view.getInt32(at, true), view.getInt32(at + 4, true)];
    crc = remainder(0, first) ^ remainder(1, first >>> 8) ^ remainder(2, first >>> 16) ^ remainder(3, first >>> 24)
      ^ remainder(4, second) ^ remainder(5, second >>> 8) ^ remainder(6, second >>> 16) ^ remainder(7, second >>> 24);
  }
  for (; at < bytes.length; at++) crc = remainder(LAST, crc ^ view.getUint8(at)) ^ (crc >>> 8);
  return ~crc >>> 0;
}
