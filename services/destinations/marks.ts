// A short mark that goes along with an effect, so that it is found again at the destination: in a comment's last line, in a
// field. Two effects have the same one with a chance of 1 in 10^19.
import { createHash } from 'node:crypto';

const MARK = /\bts:[0-9a-f]{16}\b/g;

/** @param part of an effect that is more than one request. */
export function markOf(effectId: string, part = ''): string {
  return `ts:${createHash('sha256').update(part === '' ? effectId : `${effectId}\n${part}`).digest('hex').slice(0, 16)}`;
}

/** The last mark in a text: ours stands behind what others wrote, who may have written one, too. */
export const lastMarkIn = (text: string): string | null => text.match(MARK)?.at(-1) ?? null;
