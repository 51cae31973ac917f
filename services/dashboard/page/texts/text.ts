// The language of the pages: as the address says (lang=de), else the browser's, else English.
import * as deAnswers from './columns-de.ts';
import * as enAnswers from './columns-en.ts';
import { de } from './de.ts';
import { en } from './en.ts';
import { questions } from './questions-de.ts';

export type TextKey = keyof typeof en;
export type Texts = Readonly<Record<TextKey, string>>;

const languages: Readonly<Record<string, Texts>> = { en, de };

const wanted = typeof location === 'undefined' ? ['en'] : [new URLSearchParams(location.search).get('lang') ?? '', ...navigator.languages];
export const language = wanted.map((tag) => tag.slice(0, 2)).find((tag) => tag in languages) ?? 'en';
/** Of numbers and dates: a region of the same language where the browser has one. */
export const locale = wanted.find((tag) => tag.startsWith(language)) ?? language;

const texts = languages[language] ?? en;

/** `{name}` in a text stands for that value. */
export const t = (key: TextKey, values: Readonly<Record<string, string>> = {}): string =>
  texts[key].replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);

const answers: { readonly columns: Readonly<Record<string, string>>; readonly words: Readonly<Record<string, string>> } = language === 'de' ? deAnswers : enAnswers;

/** What a question is called; its file says it in English. */
export const question = (name: string, english: string): string => (language === 'de' ? questions[name] ?? english : english);

/** What a column of an answer is called. */
export const heading = (column: string): string => answers.columns[column] ?? column.replaceAll('_', ' ');

/** What a word of ours in an answer means. */
export const said = (word: string): string => answers.words[word] ?? word.replaceAll('_', ' ');
