// Whether a text, and the ticket that it stands in, meet a rule's conditions.
//
// Patterns are RE2's: an engine that walks a text once, whatever the expression. There is no expression that could hang the
// consumer, and so no time limit; what RE2 can't do in one walk (look-around, back-references) it doesn't take.
import { RE2JS } from 're2js';
import { isWithin } from '../destinations/hours.ts';
import type { Conditions } from './section.ts';

/** What is known of a ticket; null is not known. */
export interface Surroundings {
  readonly language: string | null;
  readonly channel: string | null;
  readonly queue: string | null;
}

export interface Matcher {
  /** What of the text matched: the word or pattern as configured; null when nothing. */
  readonly inText: (text: string) => string | null;
  readonly around: (surroundings: Surroundings, at: Date) => boolean;
}

/** Telegram's longest text has 4,096 characters; what is longer is of no messenger. */
const MOST_CHARACTERS = 16_384;

const WORD = /[\p{L}\p{N}\p{M}]+/gu;
/** Written without blanks between words: there a phrase is looked for anywhere in a run of letters. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

const plain = (text: string): string => text.normalize('NFKC').toLowerCase();
/** Words with one blank around each, so that a phrase is a piece of it. */
const words = (text: string): string => ` ${(plain(text).match(WORD) ?? []).join(' ')} `;

function wordTest(phrase: string): (text: string, spaced: string) => boolean {
  if (UNSPACED.test(phrase)) {
    const wanted = plain(phrase);
    return (text) => text.includes(wanted);
  }
  const wanted = words(phrase);
  // What has no letter, such as an emoji or "?!", is looked for as it is.
  if (wanted.trim() === '') return (text) => text.includes(plain(phrase));
  return (_text, spaced) => spaced.includes(wanted);
}

export function compile({ words: phrases = [], patterns = [], languages, queues, channels, hours }: Conditions): Matcher {
  const byWord = phrases.map((phrase) => ({ name: phrase, test: wordTest(phrase) }));
  const byPattern = patterns.map((pattern) => ({ name: pattern, expression: RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE) }));
  return {
    inText: (whole) => {
      const text = whole.slice(0, MOST_CHARACTERS);
      const [folded, spaced] = [plain(text), words(text)];
      const word = byWord.find(({ test }) => test(folded, spaced));
      return word?.name ?? byPattern.find(({ expression }) => expression.test(text))?.name ?? null;
    },
    around: ({ language, channel, queue }, at) =>
      isOne(queues, queue) && isOne(channels, channel) && isLanguage(languages, language) && (hours === undefined || isWithin(hours, at.getTime())),
  };
}

const isOne = (wanted: readonly string[] | undefined, value: string | null): boolean => wanted === undefined || (value !== null && wanted.includes(value));

/** `de` stands for `de-AT` too. */
function isLanguage(wanted: readonly string[] | undefined, value: string | null): boolean {
  if (wanted === undefined) return true;
  const tag = value?.toLowerCase().replaceAll('_', '-') ?? '';
  return wanted.some((language) => tag === language.toLowerCase() || tag.startsWith(`${language.toLowerCase()}-`));
}
