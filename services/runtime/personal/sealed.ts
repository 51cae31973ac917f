// Texts that only the holder of their key can read, as text again, so that each fits where it stood. One by itself:
//
//   enc:v1:<key id, 16 hex digits>:<base64 of nonce (12 bytes), ciphertext, tag (16 bytes)>       AES-256-GCM
//
// Several of a record are sealed as one, one after the other, since a cipher costs more than what it does; in the place of each is
// where it begins in them and its length, in bytes of UTF-8:
//
//   enc:v2:<begin>:<length>
//
// The nonce is random: a key seals what one customer says in a week, far from the 2^32 texts by which chance may repeat one.
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { randomHex, randomInto, randomSecret } from '../random.ts';

export interface Key {
  /** 16 hex digits. */
  readonly id: string;
  /** 32 of them. */
  readonly bytes: Buffer;
}

const MARK = 'enc:v1:';
const PART = /^enc:v2:(\d{1,9}):(\d{1,9})$/;
const ID_LENGTH = 16;
const PREFIX_LENGTH = MARK.length + ID_LENGTH + 1;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
/** Of the text that is being sealed. */
const nonce = Buffer.alloc(NONCE_BYTES);
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

export function seal(text: string, key: Key): string {
  randomInto(nonce);
  const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce);
  const inside = cipher.update(text, 'utf8');
  cipher.final();
  return `${MARK}${key.id}:${Buffer.concat([nonce, inside, cipher.getAuthTag()]).toString('base64')}`;
}

/** Seals well-formed texts as one. @returns it, and what stands for each. */
export function sealTogether(texts: readonly string[], key: Key): { readonly sealed: string; readonly parts: readonly string[] } {
  let begin = 0;
  const parts = texts.map((text) => {
    const length = Buffer.byteLength(text);
    begin += length;
    return `enc:v2:${begin - length}:${length}`;
  });
  return { sealed: seal(texts.join(''), key), parts };
}

export const isSealed = (text: string): boolean => text.startsWith(MARK);

/** Null for what is not sealed with this key, or was damaged. */
export const unseal = (sealed: string, key: Key): string | null => unsealBytes(sealed, key)?.toString('utf8') ?? null;

function unsealBytes(sealed: string, key: Key): Buffer | null {
  if (!sealed.startsWith(`${MARK}${key.id}:`)) return null;
  const bytes = Buffer.from(sealed.slice(PREFIX_LENGTH), 'base64');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv('aes-256-gcm', key.bytes, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES)), decipher.final()]);
  } catch {
    return null;
  }
}

/** Opens the texts of one record; what is not sealed is itself. @param together what several of them were sealed as, if there is that. */
export function opener(key: Key | undefined, together: string | undefined): (text: string) => string | null {
  const all = key === undefined || together === undefined ? null : unsealBytes(together, key);
  return (text) => {
    if (text.startsWith(MARK)) return key === undefined ? null : unseal(text, key);
    const part = together === undefined ? null : PART.exec(text);
    if (part === null) return text;
    const begin = Number(part[1]);
    return all?.toString('utf8', begin, begin + Number(part[2])) ?? null;
  };
}
