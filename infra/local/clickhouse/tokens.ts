// Cuts a statement into tokens, as the engine's lexer does: the same blanks (Unicode's too),
// comments, quotes (typographic ones too) and words. Texts are byte strings (latin1), so that
// an INSERT's text and the binary data after it can be looked at as one.

export interface Token { readonly word: string; readonly text: string; readonly start: number; readonly end: number; readonly depth: number }

const UNICODE_BLANK = '\\xc2[\\x85\\xa0]|\\xe1\\xa0\\x8e|\\xe2\\x80[\\x80-\\x8d\\xa8\\xa9\\xaf]|\\xe2\\x81[\\x9f\\xa0]|\\xe3\\x80\\x80|\\xef\\xbb\\xbf';
const BLANK = new RegExp(`(?:[\\s\\0]+|${UNICODE_BLANK}|--[^\\n]*|//[^\\n]*|#[ !][^\\n]*)*`, 'y');
const WORD = /[A-Za-z_][\w$]*/y;
const NUMBER = /\d[\w.]*/y;
const HEREDOC = /\$\w*\$/y;
/** What ‘ and “ are closed by. */
const TYPOGRAPHIC: Readonly<Record<string, string>> = { '\xe2\x80\x98': '\xe2\x80\x99', '\xe2\x80\x9c': '\xe2\x80\x9d' };

export function matchAt(pattern: RegExp, sql: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(sql)?.[0] ?? '';
}

function quotedEnd(sql: string, start: number): number {
  const quote = sql[start];
  for (let at = start + 1; at < sql.length; at++) {
    if (sql[at] === '\\') at++;
    else if (sql[at] === quote) {
      if (sql[at + 1] !== quote) return at + 1;
      at++;
    }
  }
  return sql.length;
}

/** Where what is opened is closed. What never is, is searched for once: a statement full of it would keep everybody waiting. */
class Closings {
  readonly #sql: string;
  readonly #last = new Map<string, number>();
  #knowsHeredocs = false;

  constructor(sql: string) {
    this.#sql = sql;
  }

  /** The end of the first one after that, or nothing. */
  after(from: number, closing: string): number | undefined {
    if (closing.startsWith('$')) this.#findHeredocs();
    else if (!this.#last.has(closing)) this.#last.set(closing, this.#sql.lastIndexOf(closing));
    return (this.#last.get(closing) ?? -1) < from ? undefined : this.#sql.indexOf(closing, from) + closing.length;
  }

  /** All at once, since each may have a name of its own. */
  #findHeredocs(): void {
    if (this.#knowsHeredocs) return;
    this.#knowsHeredocs = true;
    for (const { 1: rest = '', index } of this.#sql.matchAll(/\$(?=(\w*\$))/g)) this.#last.set(`$${rest}`, index);
  }
}

function blankEnd(sql: string, start: number, closings: Closings): number {
  for (let at = start; ; ) {
    at += matchAt(BLANK, sql, at).length;
    const end = sql.startsWith('/*', at) ? closings.after(at + 2, '*/') : undefined;
    if (end === undefined) return at;
    at = end;
  }
}

function tokenEnd(sql: string, start: number, closings: Closings): number {
  const first = sql.charAt(start);
  if (`'"\``.includes(first)) return quotedEnd(sql, start);
  const closing = TYPOGRAPHIC[sql.slice(start, start + 3)] ?? (first === '$' ? matchAt(HEREDOC, sql, start) : '');
  if (closing !== '') return closings.after(start + closing.length, closing) ?? start + 1;
  return start + Math.max(1, matchAt(WORD, sql, start).length, matchAt(NUMBER, sql, start).length);
}

export function* tokensOf(sql: string): Generator<Token, void> {
  const closings = new Closings(sql);
  let depth = 0;
  for (let at = blankEnd(sql, 0, closings); at < sql.length; ) {
    const end = tokenEnd(sql, at, closings);
    const text = sql.slice(at, end);
    if (')]}'.includes(text)) depth--;
    yield { word: /^[A-Za-z_]/.test(text) ? text.toUpperCase() : text, text, start: at, end, depth };
    if ('([{'.includes(text)) depth++;
    at = blankEnd(sql, end, closings);
  }
}
