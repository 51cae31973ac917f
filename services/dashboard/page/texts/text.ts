// The language of the pages: as the address says (lang=de), else the browser's, else English.
import { de } from './de.ts';
import { en } from './en.ts';

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
