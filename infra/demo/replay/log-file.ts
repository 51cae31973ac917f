// The bytes of a log file → its rows as text, each with its place in the file. Text is decoded
// strictly: a byte that the encoding does not know is told with its place, never replaced.
import { isUtf8 } from 'node:buffer';
import { parse } from 'csv-parse/sync';
import iconv from 'iconv-lite';

/** A log that can't be read as a whole; the message says where and why. */
export class UnreadableLog extends Error {
  override readonly name = 'UnreadableLog';
}

export interface TableRow {
  readonly values: readonly string[];
  /** Line of the file on which it starts; the first is line 1. */
  readonly line: number;
  /** Where it ends in the text. */
  readonly end: number;
}

const delimiters = { comma: ',', semicolon: ';', tab: '\t' } as const;
export type Delimiter = keyof typeof delimiters;

/** Also mixed in one file: what was sorted or cut by another tool often ends its last line otherwise. */
const lineEnds = ['\r\n', '\n', '\r'];
const linesIn = (text: string): number => text.match(/\r\n|\r|\n/g)?.length ?? 0;

function recordsOf(text: string, delimiter: string, limit = -1): TableRow[] {
  const parsed = parse(text, { delimiter, record_delimiter: lineEnds, to: limit, skip_empty_lines: true, relax_column_count: true, trim: true, raw: true }) as unknown as { record: string[]; raw: string }[];
  let [end, line] = [0, 1];
  return parsed.map(({ record, raw }) => {
    // What was read includes the empty lines before the record and the line end after it.
    const blanks = linesIn(/^\s*/.exec(raw)?.[0] ?? '');
    const start = line + blanks;
    line += linesIn(raw);
    end += raw.length;
    return { values: record, line: start, end };
  });
}

/** The names in the header, if this is what separates them: quoted names are ill-formed with another delimiter. */
function headerBy(delimiter: string, text: string): readonly string[] {
  try {
    return recordsOf(text, delimiter, 1)[0]?.values ?? [];
  } catch {
    return [];
  }
}

/** What separates the cells: that with which the header names most of the columns in question. */
export function delimiterOf(text: string, columns: readonly string[]): Delimiter {
  const named = (delimiter: Delimiter): number => headerBy(delimiters[delimiter], text).filter((name) => columns.includes(name)).length;
  const names = Object.keys(delimiters) as Delimiter[];
  return names.reduce((best, name) => (named(name) > named(best) ? name : best));
}

/** @throws UnreadableLog when quotes don't match, with the line. */
export function readRecords(text: string, delimiter: Delimiter): TableRow[] {
  try {
    return recordsOf(text, delimiters[delimiter]);
  } catch (error) {
    throw new UnreadableLog(error instanceof Error ? error.message : String(error));
  }
}

/** Position of the first byte that is not UTF-8. No character goes over the end of a line, so it is sought in the first line that is unsound. */
function firstIllFormed(bytes: Buffer): number {
  let from = 0;
  const endOfLine = (): number => bytes.indexOf('\n', from) + 1 || bytes.length;
  while (from < bytes.length && isUtf8(bytes.subarray(from, endOfLine()))) from = endOfLine();
  let end = endOfLine();
  while (!isUtf8(bytes.subarray(from, end))) end--;
  return end;
}

/** `row 1 (line 2, INC0900013)`: every encoding of such files spells delimiters, quotes and line ends as ASCII does. */
function placeOf(bytes: Buffer, offset: number): string {
  const text = bytes.toString('latin1');
  const line = `line ${linesIn(text.slice(0, offset)) + 1}`;
  try {
    const records = recordsOf(text, delimiters[delimiterOf(text, ['incident_state', 'sys_updated_at'])]);
    const row = records.findIndex(({ end }) => end > offset);
    const column = records[0]?.values.findIndex((name) => name.endsWith('number')) ?? -1;
    return row <= 0 ? line : `row ${row} (${line}${column < 0 ? '' : `, ${records[row]?.values[column] ?? ''}`})`;
  } catch {
    return line;
  }
}

/** @throws UnreadableLog naming the row and the byte that is not of this encoding. */
export function decodeLog(bytes: Buffer, encoding = 'utf-8'): string {
  const isKnown: boolean = iconv.encodingExists(encoding);
  if (!isKnown) throw new UnreadableLog(`there is no encoding "${encoding}"; known are utf-8, utf-16le, windows-1252, iso-8859-15 and those of iconv-lite`);
  const isUtf = /^utf-?8$/i.test(encoding);
  const text = iconv.decode(bytes, encoding);
  // Of UTF-8 U+FFFD is a character as any other; anywhere else it stands for bytes that mean nothing.
  const lost = isUtf ? !isUtf8(bytes) : /[\uFFFD\p{Surrogate}]/u.test(text);
  if (!lost) return text;
  const at = isUtf ? firstIllFormed(bytes) : iconv.encode(text.slice(0, Math.max(0, text.search(/[\uFFFD\p{Surrogate}]/u))), encoding).length;
  const hint = /^(\xFF\xFE|\xFE\xFF)/.test(bytes.toString('latin1', 0, 2)) ? 'utf-16' : 'windows-1252';
  throw new UnreadableLog(`${placeOf(bytes, at)}: byte 0x${(bytes[at] ?? 0).toString(16).toUpperCase().padStart(2, '0')} at offset ${at} is not ${encoding}; `
    + `name the file's own encoding, for example --encoding ${hint}`);
}
