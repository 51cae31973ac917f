// CityHash128 of version 1.0.2, the checksum in front of every block of ClickHouse's native
// compression. Later versions of CityHash give other values; no npm package has this one.
// BigInt.asUintN(64, …) keeps V8 on machine words: about 50 MB/s, and only packed bytes are hashed.

const K0 = 0xc3a5c85c97cb3127n;
const K1 = 0xb492b66fbe98f273n;
const K2 = 0x9ae16a3b2f90404fn;
const K3 = 0xc949d7c7509e6557n;
const MIX = 0x9ddfea08eb382d69n;

export interface Hash128 { readonly low: bigint; readonly high: bigint }

function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

function rotate(value: bigint, shift: bigint): bigint {
  return u64((value >> shift) | (value << (64n - shift)));
}

function shiftMix(value: bigint): bigint {
  return value ^ (value >> 47n);
}

function hash16(low: bigint, high: bigint): bigint {
  const a = shiftMix(u64((low ^ high) * MIX));
  return u64(shiftMix(u64((high ^ a) * MIX)) * MIX);
}

function hashUpTo16(view: DataView, at: number, length: number): bigint {
  if (length > 8) {
    const a = view.getBigUint64(at, true);
    const b = view.getBigUint64(at + length - 8, true);
    return hash16(a, rotate(u64(b + BigInt(length)), BigInt(length))) ^ b;
  }
  if (length >= 4) return hash16(BigInt(length) + (BigInt(view.getUint32(at, true)) << 3n), BigInt(view.getUint32(at + length - 4, true)));
  if (length === 0) return K2;
  const y = BigInt(view.getUint8(at) + (view.getUint8(at + (length >> 1)) << 8));
  const z = BigInt(length + (view.getUint8(at + length - 1) << 2));
  return u64(shiftMix(u64(y * K2) ^ u64(z * K3)) * K2);
}

/** For what is left after the seed, if that is shorter than 128 bytes. */
function murmur(view: DataView, at: number, length: number, seed: Hash128): Hash128 {
  let a = seed.low;
  let b = seed.high;
  let c: bigint;
  let d: bigint;
  if (length <= 16) {
    a = u64(shiftMix(u64(a * K1)) * K1);
    c = u64(b * K1 + hashUpTo16(view, at, length));
    d = shiftMix(u64(a + (length >= 8 ? view.getBigUint64(at, true) : c)));
  } else {
    c = hash16(u64(view.getBigUint64(at + length - 8, true) + K1), a);
    d = hash16(u64(b + BigInt(length)), u64(c + view.getBigUint64(at + length - 16, true)));
    a = u64(a + d);
    for (let left = length - 16, from = at; left > 0; left -= 16, from += 16) {
      a = u64((a ^ u64(shiftMix(u64(view.getBigUint64(from, true) * K1)) * K1)) * K1);
      b ^= a;
      c = u64((c ^ u64(shiftMix(u64(view.getBigUint64(from + 8, true) * K1)) * K1)) * K1);
      d ^= c;
    }
  }
  a = hash16(a, c);
  b = hash16(d, b);
  return { low: a ^ b, high: hash16(b, a) };
}

/** The state of the long form: 56 bytes that 32 bytes of input at a time are stirred into. */
class Stir {
  first: bigint;
  second: bigint;

  constructor(first: bigint, second: bigint) {
    this.first = first;
    this.second = second;
  }

  take(view: DataView, at: number, a: bigint, b: bigint): void {
    const start = u64(a + view.getBigUint64(at, true));
    const last = view.getBigUint64(at + 24, true);
    const sum = u64(start + view.getBigUint64(at + 8, true) + view.getBigUint64(at + 16, true));
    const mixed = u64(rotate(u64(b + start + last), 21n) + rotate(sum, 44n));
    this.first = u64(sum + last);
    this.second = u64(mixed + start);
  }
}

function long(view: DataView, begin: number, size: number, seed: Hash128): Hash128 {
  let at = begin;
  let length = size;
  let x = seed.low;
  let y = seed.high;
  let z = u64(BigInt(length) * K1);
  const start = u64(rotate(y ^ K1, 49n) * K1 + view.getBigUint64(at, true));
  const v = new Stir(start, u64(rotate(start, 42n) * K1 + view.getBigUint64(at + 8, true)));
  const w = new Stir(u64(rotate(u64(y + z), 35n) * K1 + x), u64(rotate(u64(x + view.getBigUint64(at + 88, true)), 53n) * K1));
  // The original unrolls two rounds of 64 bytes; an odd 64 bytes are left to the tail.
  for (; length >= 128; length -= 128) {
    for (let round = 0; round < 2; round++, at += 64) {
      x = u64(rotate(u64(x + y + v.first + view.getBigUint64(at + 16, true)), 37n) * K1) ^ w.second;
      y = u64(rotate(u64(y + v.second + view.getBigUint64(at + 48, true)), 42n) * K1) ^ v.first;
      z = rotate(z ^ w.first, 33n);
      v.take(view, at, u64(v.second * K1), u64(x + w.first));
      w.take(view, at + 32, u64(z + w.second), y);
      const swapped = x;
      x = z;
      z = swapped;
    }
  }
  y = u64(y + rotate(w.first, 37n) * K0 + z);
  x = u64(x + rotate(u64(v.first + z), 49n) * K0);
  for (let done = 32; done - 32 < length; done += 32) {
    y = u64(rotate(u64(y - x), 42n) * K0 + v.second);
    w.first = u64(w.first + view.getBigUint64(at + length - done + 16, true));
    x = u64(rotate(x, 49n) * K0 + w.first);
    w.first = u64(w.first + v.first);
    v.take(view, at + length - done, v.first, v.second);
  }
  x = hash16(x, v.first);
  y = hash16(y, w.first);
  return { low: u64(hash16(u64(x + v.second), w.second) + y), high: hash16(u64(x + w.second), u64(y + v.second)) };
}

export function cityHash128(bytes: Uint8Array): Hash128 {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { length } = bytes;
  if (length < 8) return murmur(view, 0, length, { low: K0, high: K1 });
  const first = view.getBigUint64(0, true);
  if (length < 16) return murmur(view, 0, 0, { low: first ^ u64(BigInt(length) * K0), high: view.getBigUint64(length - 8, true) ^ K1 });
  const seed = { low: first ^ K3, high: view.getBigUint64(8, true) };
  return length - 16 < 128 ? murmur(view, 16, length - 16, seed) : long(view, 16, length - 16, seed);
}
