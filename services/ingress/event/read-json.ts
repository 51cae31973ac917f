// One dialect of JSON for every body. JSON.parse is the judge of the grammar, since nothing reads
// faster; one pass beside it finds what it lets through in silence: a key that an object has
// twice (the last one wins), a number that a double cannot hold (it is rounded), and nesting
// so deep that recursive readers give up.
import { isSafeNumber, parse as parseLossless } from 'lossless-json';
import type { Json } from '../../../schemas/contract.ts';
import { isObject } from '../../../schemas/upcasting.ts';

export interface ReadJson {
  readonly kind: 'json';
  /** Numbers that a double cannot hold are text, as they were written. */
  readonly json: Json;
  /** The same with numbers as JSON.parse rounds them, but none to a whole one: what a schema's types are checked against. */
  readonly rounded: Json;
  readonly tooDeep: boolean;
}

export interface NotJson {
  readonly kind: 'not_json';
  readonly message: string;
  /** JSON Pointer of the key that is there twice. */
  readonly path?: string;
}

/** Python's json stops at about 1,000 levels and ClickHouse's at 1,024, so the log has fewer. */
export const MAX_DEPTH = 500;

export function readJson(text: string): ReadJson | NotJson {
  let rounded: Json;
  try {
    rounded = JSON.parse(text) as Json;
  } catch {
    return { kind: 'not_json', message: syntaxError(text) };
  }
  if (isPlain(text, rounded)) return { kind: 'json', json: rounded, rounded, tooDeep: false };
  const { duplicate, inexact, depth } = scan(text);
  if (duplicate !== null) return { kind: 'not_json', message: 'the body is not valid JSON: an object has this key twice', path: duplicate };
  if (inexact.length === 0) return { kind: 'json', json: rounded, rounded, tooDeep: depth > MAX_DEPTH };
  const fractions = inexact.filter(([start, end]) => !isWhole(text.slice(start, end)));
  return {
    kind: 'json',
    json: JSON.parse(replaced(text, inexact, (literal) => `"${literal}"`)) as Json,
    rounded: fractions.length === 0 ? rounded : (JSON.parse(replaced(text, fractions, asFraction)) as Json),
    tooDeep: depth > MAX_DEPTH,
  };
}

const ESCAPED_SURROGATE = /\\u[dD]/;

/**
 * Whether it is plain that there is nothing to find, as in nearly every body: as many keys are left as are written, each number is a
 * short one, and none is a version. It takes half as long as looking for what there is.
 */
function isPlain(text: string, value: Json): boolean {
  const { keys, depth, numbersHeld } = glance(text);
  return numbersHeld && depth <= MAX_DEPTH && keys === keysIn(value) && !(isObject(value) && typeof value['version'] === 'number') && !ESCAPED_SURROGATE.test(text);
}

/** @param text valid JSON. */
function glance(text: string): { readonly keys: number; readonly depth: number; readonly numbersHeld: boolean } {
  let [keys, open, depth] = [0, 0, 0];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at + 1);
    else if (code === COLON) keys++;
    else if (code === OPEN_OBJECT || code === OPEN_ARRAY) depth = Math.max(depth, ++open);
    else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) open--;
    else if (code === MINUS || (code >= ZERO && code <= NINE)) {
      const end = endOfNumber(text, at + 1);
      if (!isHeld(text, at, end)) return { keys, depth, numbersHeld: false };
      at = end - 1;
    }
  }
  return { keys, depth, numbersHeld: true };
}

function keysIn(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + keysIn(item), 0);
  let keys = 0;
  for (const key in value) keys += 1 + keysIn(value[key] ?? null);
  return keys;
}

/** Where the text stops being JSON, without repeating any of it. */
function syntaxError(text: string): string {
  try {
    parseLossless(text, undefined, { onDuplicateKey: ({ newValue }) => newValue });
  } catch (error) {
    const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    if (position !== undefined) return `the body is not valid JSON: error at position ${position}`;
  }
  return 'the body is not valid JSON';
}

type Span = readonly [start: number, end: number];

function replaced(text: string, spans: readonly Span[], by: (literal: string) => string): string {
  let from = 0;
  const pieces = spans.map(([start, end]) => {
    const piece = text.slice(from, start) + by(text.slice(start, end));
    from = end;
    return piece;
  });
  return pieces.join('') + text.slice(from);
}

/** As it is written: a double may round 1.00000000000000000001 to 1 and 1e-400 to 0. */
function isWhole(literal: string): boolean {
  const [mantissa = '', exponent = '0'] = literal.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = whole.replace('-', '') + fraction;
  let significant = digits.length;
  while (digits[significant - 1] === '0') significant--;
  return significant === 0 || digits.length - significant >= fraction.length - Number(exponent);
}

/** Stands for a number with a fraction, and keeps what a schema may ask of it: that it is none of the whole ones, and its sign. */
const asFraction = (literal: string): string => (literal.startsWith('-') ? '-0.5' : '0.5');

interface Scan {
  /** JSON Pointer of the first key that its object had already. */
  readonly duplicate: string | null;
  readonly inexact: readonly Span[];
  readonly depth: number;
}

/** An object or array that is open where the scan stands. */
interface Level {
  /** Null in an array. */
  readonly keys: Set<string> | null;
  /** The latest key, or the index of the latest item. */
  place: string | number;
}

const QUOTE = 0x22, COMMA = 0x2c, MINUS = 0x2d, ZERO = 0x30, NINE = 0x39, COLON = 0x3a, OPEN_ARRAY = 0x5b, BACKSLASH = 0x5c, CLOSE_ARRAY = 0x5d, OPEN_OBJECT = 0x7b, CLOSE_OBJECT = 0x7d;

/** @param text valid JSON. */
function scan(text: string): Scan {
  const open: Level[] = [];
  const inexact: Span[] = [];
  let level: Level | undefined;
  let expectsKey = false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at + 1);
      if (expectsKey && level?.keys) {
        const key = decoded(text.slice(at + 1, end));
        level.place = key;
        // As they will be kept: two keys that differ in unpaired surrogates only would be one.
        if (level.keys.size === level.keys.add(key).size) return { duplicate: pointerTo(open), inexact, depth };
        expectsKey = false;
      }
      at = end;
    } else if (code === COMMA) {
      if (level?.keys) expectsKey = true;
      else if (level) level.place = Number(level.place) + 1;
    } else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      expectsKey = code === OPEN_OBJECT;
      level = { keys: expectsKey ? new Set() : null, place: 0 };
      depth = Math.max(depth, open.push(level));
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
      open.pop();
      level = open.at(-1);
      expectsKey = false;
    } else if (code === MINUS || (code >= ZERO && code <= NINE)) {
      const end = endOfNumber(text, at + 1);
      const isVersion = open.length === 1 && level?.place === 'version';
      if (isVersion || !isHeld(text, at, end)) inexact.push([at, end]);
      at = end - 1;
    }
  }
  return { duplicate: null, inexact, depth };
}

/** Of the quote that ends the string; a quote behind an odd number of backslashes is part of it. */
function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
}

const decoded = (raw: string): string => (raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string).toWellFormed() : raw);

const REST_OF_NUMBER = /[\d.eE+-]*/y;

function endOfNumber(text: string, from: number): number {
  REST_OF_NUMBER.lastIndex = from;
  REST_OF_NUMBER.test(text);
  return REST_OF_NUMBER.lastIndex;
}

/** A double gives back any 15 digits. */
const ALWAYS_HELD = 15;
/** Nobody writes more digits of what a double holds; judging them takes time that grows with their square. */
const NEVER_HELD = 40;

function isHeld(text: string, start: number, end: number): boolean {
  if (end - start > NEVER_HELD) return false;
  const literal = text.slice(start, end);
  return (literal.length <= ALWAYS_HELD && !/e/i.test(literal)) || isSafeNumber(literal);
}

export const pointer = (base: string, key: string | number): string => `${base}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;

const pointerTo = (open: readonly Level[]): string => open.reduce((path, { place }) => pointer(path, place), '');
