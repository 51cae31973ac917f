// Cuts a statement into tokens, as the engine's lexer does: the same blanks (Unicode's too),
// comments, quotes (typographic ones too) and words. Texts are byte strings (latin1), so that
// an INSERT's text and the binary data after it can be looked at as one.

export interface Token { readonly word: string; readonly text: string; readonly start: number; readonly end: number; readonly depth: number }

const UNICODE_BLANK = '\\xc2[\\x85\\xa0]|\\xe1\\xa0\\x8e|\\xe2\\x80[\\x80-\\x8d\\xa8\\xa9\\xaf]|\\xe2\\x81[\\x9f\\xa0]|\\xe3\\x80\\x80|\\xef\\xbb\\xbf';
const BLANK = new RegExp(`(?:[\\s\\0]+|${UNICODE_BLANK}|--[^\\n]*|//[^\\n]*|#[ !][^\\n]*|/\\*[\\s\\S]*?\\*/)*`, 'y');
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

function tokenEnd(sql: string, start: number): number {
  const first = sql.charAt(start);
  if (`'"\``.includes(first)) return quotedEnd(sql, start);
  const closing = TYPOGRAPHIC[sql.slice(start, start + 3)] ?? (first === '$' ? matchAt(HEREDOC, sql, start) : '');
  if (closing !== '') {
    const close = sql.indexOf(closing, start + closing.length);
    return close < 0 ? start + 1 : close + closing.length;
  }
  return start + Math.max(1, matchAt(WORD, sql, start).length, matchAt(NUMBER, sql, start).length);
}

export function* tokensOf(sql: string): Generator<Token, void> {
  let depth = 0;
  for (let at = matchAt(BLANK, sql, 0).length; at < sql.length; ) {
    const end = tokenEnd(sql, at);
    const text = sql.slice(at, end);
    if (')]}'.includes(text)) depth--;
    yield { word: /^[A-Za-z_]/.test(text) ? text.toUpperCase() : text, text, start: at, end, depth };
    if ('([{'.includes(text)) depth++;
    at = end + matchAt(BLANK, sql, end).length;
  }
}
