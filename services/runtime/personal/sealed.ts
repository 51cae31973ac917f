// A text that only the holder of its key can read, as text again, so that it fits where it stood:
//
//   enc:v1:<key id, 16 hex digits>:<base64 of nonce (12 bytes), ciphertext, tag (16 bytes)>       AES-256-GCM
//
// The nonce is a keyed hash of the text and its place, so the same event is the same record each time: what compares
// records (a repeated event, the log against the tables) goes on to work. Another text, place or key has another nonce.
import { createCipheriv, createDecipheriv, hash } from 'node:crypto';
import { randomHex, randomSecret } from '../random.ts';

export interface Key {
  /** 16 hex digits. */
  readonly id: string;
  /** 32 of them. */
  readonly bytes: Buffer;
}

const MARK = 'enc:v1:';
const ID_LENGTH = 16;
const PREFIX_LENGTH = MARK.length + ID_LENGTH + 1;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const NONCE_LETTERS = 16;
/** Of the text that is being sealed. */
const nonceBytes = Buffer.alloc(NONCE_BYTES);
const TAG_BYTES = 16;

/**
 * How long a key seals; then its owner gets another one. So what opens an event is not much older than the event, and whoever reads from
 * a time on needs no keys of long before.
 */
export const SEALS_FOR_MS = 7 * 86_400_000;

/** The id of keys that nobody keeps: what it names can be opened by nobody, and need not be looked for. */
export const DISCARDED = 'f'.repeat(ID_LENGTH);

export const discardedKey = (): Key => ({ ...newKey(), id: DISCARDED });

export const newKey = (): Key => ({ id: randomHex(ID_LENGTH / 2), bytes: randomSecret(KEY_BYTES) });

/** @param place where the text stands: no two texts that differ have one place. */
export function seal(text: string, key: Key, place: string): string {
  // In one call and as text: an object for the hash cost as much as the cipher, a buffer of its own a quarter of that. What is cut
  // off keeps anybody from going on from it. Base64 is made of three bytes at a time, so the nonce's stands before the rest's.
  const nonce = hash('sha256', `${key.bytes.toString('hex')}\n${place}\n${text}`, 'base64').slice(0, NONCE_LETTERS);
  nonceBytes.write(nonce, 'base64');
  const cipher = createCipheriv('aes-256-gcm', key.bytes, nonceBytes);
  const inside = cipher.update(text, 'utf8');
  cipher.final();
  return `${MARK}${key.id}:${nonce}${Buffer.concat([inside, cipher.getAuthTag()]).toString('base64')}`;
}

export const isSealed = (text: string): boolean => text.startsWith(MARK);

/** Null for what is not sealed with this key, or was damaged. */
export function unseal(sealed: string, key: Key): string | null {
  if (!sealed.startsWith(`${MARK}${key.id}:`)) return null;
  const bytes = Buffer.from(sealed.slice(PREFIX_LENGTH), 'base64');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv('aes-256-gcm', key.bytes, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES)), decipher.final()]).toString('utf8');
  } catch {
    return null;
  }
}
