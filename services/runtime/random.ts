// Random bytes from a pool that is filled for many at once: asking the system for a few of them costs more than all else around it.
import { randomFillSync } from 'node:crypto';

const pool = Buffer.alloc(4_096);
let used = pool.length;

/** @returns where in the pool they begin. */
function take(count: number): number {
  if (used + count > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += count;
  return used - count;
}

/** As hex digits, two a byte. */
export function randomHex(count: number): string {
  const at = take(count);
  return pool.toString('hex', at, at + count);
}

/** For secrets: nothing of them stays in the pool. */
export function randomSecret(count: number): Buffer {
  const at = take(count);
  const bytes = Buffer.from(pool.subarray(at, at + count));
  pool.fill(0, at, at + count);
  return bytes;
}

/** As many as `target` has. */
export function randomInto(target: Buffer): void {
  const at = take(target.length);
  pool.copy(target, 0, at, at + target.length);
}
