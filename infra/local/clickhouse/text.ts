// Statements are bytes, not text: a literal may hold any. Inside this process they are byte
// strings (latin1, one character a byte). The binding to the engine takes text only, so what
// isn't UTF-8 is written as \xHH, which the engine reads back as that byte, in quotes only.
import { isUtf8 } from 'node:buffer';
import { tokensOf } from './tokens.ts';

export function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

export function textOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString();
}

/** One character, an escape of one, or a byte (group 1) that belongs to no character of UTF-8. */
const CHARACTER = /\\[^\x80-\xff]|\\|[^\x80-\xff]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|([\x80-\xff])/g;

function escapeStrayBytes(sql: string): string {
  return sql.replace(CHARACTER, (whole, stray: string | undefined) => {
    if (stray !== undefined) return `\\x${stray.charCodeAt(0).toString(16)}`;
    // A backslash before a byte stands for itself; before the escape of one it must not become one.
    return whole === '\\' ? '\\\\' : whole;
  });
}

/** Quotes that know no escapes: heredocs and typographic ones. */
const PLAIN_QUOTED = /^(\$\w*\$|\xe2\x80[\x98\x9c])([\s\S]*)(?:\1|\xe2\x80[\x99\x9d])$/;

/** The text that makes the engine see exactly these bytes. */
export function engineText(sql: string): string {
  const bytes = Buffer.from(sql, 'latin1');
  if (isUtf8(bytes)) return bytes.toString();
  let text = '';
  let at = 0;
  for (const token of tokensOf(sql)) {
    const inner = PLAIN_QUOTED.exec(token.text)?.[2];
    text += sql.slice(at, token.start) + (inner === undefined ? token.text : quote(inner));
    at = token.end;
  }
  return textOf(escapeStrayBytes(text + sql.slice(at)));
}

/** A string literal; the server reads backslash escapes. Takes text or bytes. */
export function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}
