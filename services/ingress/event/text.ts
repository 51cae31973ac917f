// The one rule for what a sender writes, before it becomes part of a record, its key or its headers:
// text is well-formed, an unpaired surrogate becoming U+FFFD, as encoders do that meet one; an
// identifier is never changed, since two tickets could become one, so a damaged one is refused.
import type { Json } from '../../../schemas/contract.ts';

/** JSON text without an unpaired surrogate, not even an escaped one: many readers refuse the whole text for it. */
export function jsonText(value: Json): string {
  const text = JSON.stringify(value);
  return text.includes('\\ud') ? JSON.stringify(wellFormed(value)) : text;
}

function wellFormed(value: Json): Json {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.toWellFormed(), wellFormed(inner)]));
}

/** Fields of the contract that name something: `id` and whatever ends in `_id`. */
export const namesSomething = (field: string): boolean => field === 'id' || field.endsWith('_id');

const MAX_IDENTIFIER_LENGTH = 512;

/** U+2800 is a Braille pattern without dots. */
const VISIBLE = /[^\p{White_Space}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u2800]/u;

/** Why a text can't be an identifier, if so. An empty one is none, and whether it may be is the contract's to say. */
export function identifierProblem(text: string): string | null {
  if (text === '') return null;
  if (!text.isWellFormed()) return 'has an unpaired surrogate';
  if (text.length > MAX_IDENTIFIER_LENGTH && Array.from(text).length > MAX_IDENTIFIER_LENGTH) return `has more than ${MAX_IDENTIFIER_LENGTH} characters`;
  return VISIBLE.test(text) ? null : 'has only blanks or invisible characters';
}
