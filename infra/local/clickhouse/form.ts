// multipart/form-data: plain fields count as URL parameters, files are external tables of
// this one query, described by `<name>_structure` or `<name>_types`, and `<name>_format`.
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { failure } from './errors.ts';
import type { Engine } from './engine.ts';
import type { Session } from './session.ts';
import { bytesOf, engineText, quote, quoteIdentifier } from './text.ts';

interface FormFile { readonly name: string; readonly data: Buffer }
export interface Form { readonly fields: readonly (readonly [string, string])[]; readonly files: readonly FormFile[] }

export const NO_FORM: Form = { fields: [], files: [] };
const MAX_FORM_BYTES = 256 * 1_048_576;
/** Of who brings no tables along: parameters of a query. */
const MAX_FIELDS_BYTES = 1_048_576;

export function boundaryOf(request: IncomingMessage): string | undefined {
  const match = /^multipart\/form-data\s*;.*?boundary="?([^";]+)"?/i.exec(request.headers['content-type'] ?? '');
  return match?.[1];
}

export async function readForm(body: AsyncIterable<unknown>, boundary: string, mayHoldTables: boolean): Promise<Form> {
  const most = mayHoldTables ? MAX_FORM_BYTES : MAX_FIELDS_BYTES;
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) throw failure(229, 'QUERY_IS_TOO_LARGE', `The form is larger than ${most} bytes.`);
    parts.push(chunk);
  }
  const form = { fields: [] as [string, string][], files: [] as FormFile[] };
  for (const part of partsOf(Buffer.concat(parts), boundary)) {
    const split = part.indexOf('\r\n\r\n');
    if (split < 0) continue;
    const head = part.subarray(0, split).toString('latin1');
    const data = part.subarray(split + 4);
    const name = /\bname="((?:[^"\\]|\\.)*)"/i.exec(head)?.[1];
    if (name === undefined) throw failure(36, 'BAD_ARGUMENTS', 'A part of the form has no name.');
    if (/\bfilename="/i.test(head)) form.files.push({ name, data });
    else form.fields.push([name, data.toString('latin1')]);
  }
  return form;
}

function* partsOf(body: Buffer, boundary: string): Generator<Buffer, void> {
  const mark = Buffer.from(`\r\n--${boundary}`);
  const whole = Buffer.concat([Buffer.from('\r\n'), body]);
  let at = whole.indexOf(mark);
  while (at >= 0) {
    const next = whole.indexOf(mark, at + mark.length);
    if (next < 0) return;
    yield whole.subarray(at + mark.length + 2, next);
    at = next;
  }
}

/** URL parameters that describe external tables, so that they aren't taken for settings. */
export function describingParameters(form: Form): Set<string> {
  return new Set(form.files.flatMap(({ name }) => [`${name}_format`, `${name}_structure`, `${name}_types`]));
}

function structureOf(name: string, parameters: URLSearchParams): string {
  const structure = parameters.get(`${name}_structure`);
  if (structure !== null) return structure;
  const types = parameters.get(`${name}_types`);
  if (types === null) throw failure(36, 'BAD_ARGUMENTS', `The external table ${name} needs ${name}_structure or ${name}_types.`);
  let depth = 0;
  const list = [''];
  for (const char of types) {
    if (char === '(') depth++;
    if (char === ')') depth--;
    if (char === ',' && depth === 0) list.push('');
    else list.push(`${list.pop() ?? ''}${char}`);
  }
  return list.map((type, index) => `_${index + 1} ${type.trim()}`).join(', ');
}

/** Creates and fills the tables; returns what drops them again and removes their files' names. */
export async function loadExternalTables(engine: Engine, session: Session, form: Form, parameters: URLSearchParams): Promise<readonly string[]> {
  const files: string[] = [];
  for (const { name, data } of form.files) {
    const file = engine.transitFile();
    files.push(file);
    await writeFile(file, data);
    const format = parameters.get(`${name}_format`) ?? 'TabSeparated';
    if (!/^\w+$/.test(format)) throw failure(73, 'UNKNOWN_FORMAT', `Unknown format ${format}.`);
    const create = `CREATE TEMPORARY TABLE ${quoteIdentifier(name)} (${structureOf(name, parameters)})`;
    await engine.admit(create);
    await session.query(engineText(`DROP TEMPORARY TABLE IF EXISTS ${quoteIdentifier(name)}`));
    await session.query(engineText(create));
    await session.write(engineText(`INSERT INTO ${quoteIdentifier(name)} FROM INFILE ${quote(bytesOf(file))} COMPRESSION 'none' FORMAT ${format}`));
    session.spent = true;
  }
  return files;
}
