// Reads just enough of a statement to route it: does it give rows, take data, or neither,
// which FORMAT it names, where its data begins, and where a file clause can be put in.
// It never judges the SQL itself; the engine does. Texts are byte strings (latin1), so that
// an INSERT's text and the binary data after it can be looked at as one.
import { failure } from './errors.ts';
import { matchAt, tokensOf } from './tokens.ts';
import type { Token } from './tokens.ts';

export type Statement =
  /** Rows out, streamed: `before` and `after` are the text around the place for INTO OUTFILE. */
  | { readonly kind: 'select'; readonly before: string; readonly after: string; readonly format: string | undefined }
  /** Data in: the statement up to its FORMAT, split around the place for FROM INFILE. */
  | { readonly kind: 'insert'; readonly target: string; readonly settings: string; readonly format: string; readonly dataAt: number }
  /** Data in through input('structure'): the text around the call, and the structure argument. */
  | { readonly kind: 'insert-input'; readonly before: string; readonly structure: string; readonly after: string; readonly format: string; readonly dataAt: number }
  | { readonly kind: 'insert-select'; readonly sql: string }
  | { readonly kind: 'command'; readonly verb: string; readonly sql: string; readonly format: string | undefined };

/** All tokens of one statement, without closing semicolons; more statements are refused, as by the server. */
function singleStatement(sql: string): Token[] {
  const tokens = [...tokensOf(sql)];
  while (tokens.at(-1)?.word === ';') tokens.pop();
  const second = tokens[tokens.findIndex((token) => token.word === ';') + 1];
  if (second !== undefined && tokens.some((token) => token.word === ';')) {
    throw failure(62, 'SYNTAX_ERROR', `Syntax error (Multi-statements are not allowed): failed at position ${second.start} (end of query).`);
  }
  return tokens;
}

/** Index of the closing `FORMAT name [SETTINGS …]`, or -1. An alias or table called format is not one. */
function outputFormatAt(tokens: readonly Token[]): number {
  return tokens.findLastIndex((token, index) =>
    index > 0 && token.word === 'FORMAT' && token.depth === 0 && /^\w/.test(tokens[index + 1]?.word ?? '') &&
    (index + 2 === tokens.length || tokens[index + 2]?.word === 'SETTINGS'));
}

function analyzeRead(sql: string, tokens: readonly Token[]): Statement {
  const verb = tokens[0]?.word ?? '';
  const end = tokens.at(-1)?.end ?? 0;
  if (tokens.some((token, index) => token.word === 'INTO' && token.depth === 0 && tokens[index + 1]?.word === 'OUTFILE')) {
    throw failure(358, 'INTO_OUTFILE_NOT_ALLOWED', 'INTO OUTFILE is not allowed.');
  }
  const at = outputFormatAt(tokens);
  const format = tokens[at + 1]?.text;
  const writes = tokens.some((token) => token.depth === 0 && token.word === 'INSERT');
  if (['SELECT', 'WITH', 'FROM', '('].includes(verb) && !writes) {
    const cut = at < 0 ? end : tokens[at]?.start ?? end;
    return { kind: 'select', before: sql.slice(0, cut), after: sql.slice(cut, end), format: at < 0 ? undefined : format };
  }
  return { kind: 'command', verb, sql: sql.slice(0, end), format: at < 0 ? undefined : format };
}

/** Where data starts: after the blanks and at most one line break that follow `FORMAT name`. */
function dataStart(sql: string, afterFormat: number): number {
  return afterFormat + matchAt(/;?[ \t\f]*\r?\n?/y, sql, afterFormat).length;
}

function* afterTarget(tokens: Generator<Token, void>): Generator<Token, void> {
  let named = false;
  let previous = '';
  for (const token of tokens) {
    const prelude = ['INSERT', 'INTO', 'TABLE', 'FUNCTION'].includes(token.word) && !named;
    if (!prelude && named && previous !== '.' && token.word !== '.') yield token;
    else if (!prelude) named = true;
    previous = token.word;
  }
}

function analyzeInsert(sql: string): Statement {
  let settingsAt: number | undefined;
  let input: Token | undefined;
  let previous: Token | undefined;
  let selects = false;
  for (const token of afterTarget(tokensOf(sql))) {
    if (selects && token.word === '(' && previous?.word === 'INPUT') input ??= previous;
    const last = previous;
    previous = token;
    if (token.depth > 0) continue;
    if (last?.word === 'FORMAT' && (!selects || input !== undefined)) {
      const head = { format: token.text, dataAt: dataStart(sql, token.end) };
      if (input !== undefined) return inputInsert(sql.slice(0, last.start), input, head);
      const target = sql.slice(0, settingsAt ?? last.start);
      return { kind: 'insert', target, settings: sql.slice(target.length, last.start), ...head };
    }
    if (selects) continue;
    if (token.word === 'SETTINGS') settingsAt = token.start;
    if (token.word === 'SELECT' || token.word === 'WITH') selects = true;
    if (token.word === 'VALUES') {
      const target = sql.slice(0, settingsAt ?? token.start);
      return { kind: 'insert', target, settings: sql.slice(target.length, token.start), format: 'Values', dataAt: token.end };
    }
    if (token.word === 'INFILE') throw failure(36, 'BAD_ARGUMENTS', 'FROM INFILE reads a file of the client, and here the client is HTTP: send the data in the body.');
  }
  const end = singleStatement(sql).at(-1)?.end ?? 0;
  return { kind: 'insert-select', sql: sql.slice(0, end) };
}

function inputInsert(select: string, input: Token, head: { format: string; dataAt: number }): Statement {
  const inside = [...tokensOf(select.slice(input.end))];
  const close = inside.find((token) => token.word === ')' && token.depth === 0);
  if (close === undefined) throw failure(62, 'SYNTAX_ERROR', 'Syntax error: unbalanced parentheses in input().');
  const structure = select.slice(input.end + 1, input.end + close.start);
  return { kind: 'insert-input', before: select.slice(0, input.start), structure, after: select.slice(input.end + close.end), ...head };
}

/** True for a text that may hold data after its statement, however little of it is known yet. */
export function isInsert(sql: string): boolean {
  return tokensOf(sql).next().value?.word === 'INSERT';
}

export function analyze(sql: string): Statement {
  const first = tokensOf(sql).next().value;
  if (first === undefined || first.word === ';') throw failure(62, 'SYNTAX_ERROR', 'Syntax error: failed at position 1 (end of query): Empty query.');
  return first.word === 'INSERT' ? analyzeInsert(sql) : analyzeRead(sql, singleStatement(sql));
}

/** The statement without its data, as the engine is to judge it. */
export function wordingOf(statement: Statement): string {
  switch (statement.kind) {
    case 'select':
      return statement.before + statement.after;
    case 'insert':
      return `${statement.target}\n${statement.settings}\nFORMAT ${statement.format}`;
    case 'insert-input':
      return `${statement.before}input(${statement.structure})${statement.after}\nFORMAT ${statement.format}`;
    case 'insert-select':
    case 'command':
      return statement.sql;
  }
}
