// Reads a desk file. All problems are told at once, each with its place in the file; a file with
// any problem changes nothing.
import { readFileSync } from 'node:fs';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { parse } from 'lossless-json';
import { crossProblems } from './cross-checks.ts';
import type { Desk, Problem } from './desk.ts';

export function isZone(zone: string): boolean {
  try {
    // A bare offset is a zone to Intl, but it knows no summer time, and is no IANA name.
    return !/^[+-]/.test(zone) && new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true, verbose: true });
// The CommonJS module is callable; its types say that only its default member is.
(ajvFormats as unknown as (target: Ajv2020, formats: string[]) => void)(ajv, ['date', 'date-time']);
ajv.addFormat('iana-zone', { type: 'string', validate: isZone });
const conforms = ajv.compile(JSON.parse(readFileSync(new URL('desk.schema.json', import.meta.url), 'utf8')) as object);

/** What a file had once, and where it went. */
const MOVED: Readonly<Record<string, string>> = {
  '/what_if': 'is no part of a desk any more: write each set as a desk file of its own, and `npm run snapshot -- create NAME --desk FILE` shows every view under it',
};

function sentence(error: ErrorObject): Problem {
  const path = error.instancePath === '' ? '/' : error.instancePath;
  const shown = typeof error.data === 'object' ? '' : ` ${JSON.stringify(error.data)}`;
  const { additionalProperty, allowedValues } = error.params as { additionalProperty?: string; allowedValues?: unknown[] };
  if (additionalProperty !== undefined) {
    const member = `${error.instancePath}/${additionalProperty}`;
    return { path: member, message: MOVED[member] ?? 'is not known here' };
  }
  if (allowedValues !== undefined) return { path, message: `${shown.trim()} is none of ${allowedValues.join(', ')}` };
  if (error.keyword === 'format' && error.schema === 'iana-zone') return { path, message: `${shown.trim()} is no IANA time zone` };
  if (error.keyword === 'format') return { path, message: `${shown.trim()} is no ${String(error.schema)}${error.schema === 'date-time' ? ' with an offset' : ''}` };
  return { path, message: `${shown} ${error.message ?? error.keyword}`.trim() };
}

type Node = Record<string, unknown>;

/** The file without its malformed elements, so that what lies between the others can be checked too. */
function withoutMalformed(raw: unknown, errors: readonly ErrorObject[]): unknown {
  const copy: unknown = structuredClone(raw);
  for (const { instancePath } of errors) {
    const steps = instancePath.split('/').slice(1).map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
    const unit = /^\/calendars\//.test(instancePath) ? 2 : /^\/defaults\//.test(instancePath) ? 3 : 4;
    const last = steps.slice(0, unit).pop();
    const holder = steps.slice(0, unit).slice(0, -1).reduce<unknown>((node, step) => (node as Node | undefined)?.[step], copy);
    if (last === undefined) return null;
    // A hole in an array is skipped by forEach, and those after it keep their index.
    if (typeof holder === 'object' && holder !== null) Reflect.deleteProperty(holder, last);
  }
  return copy;
}

const isObject = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Calendars that the file means to define, malformed or not: a reference to one is no second problem. */
function namedCalendars(raw: unknown): string[] {
  const calendars: unknown = isObject(raw) ? raw['calendars'] : undefined;
  return Array.isArray(calendars) ? calendars.flatMap((item: unknown) => (isObject(item) && typeof item['calendar_id'] === 'string' ? [item['calendar_id']] : [])) : [];
}

/** Either the desk, or everything that is wrong with it. */
export function readDesk(text: string): { desk: Desk } | { problems: Problem[] } {
  let raw: unknown;
  try {
    // It refuses a member that occurs twice, where JSON.parse would drop the first.
    raw = parse(text, null, Number);
  } catch (error) {
    return { problems: [{ path: '/', message: error instanceof Error ? error.message : String(error) }] };
  }
  const errors = conforms(raw) ? [] : (conforms.errors ?? []).filter(({ keyword }) => keyword !== 'propertyNames');
  const sound = errors.some(({ instancePath }) => instancePath === '' || instancePath.split('/').length === 2) ? null : withoutMalformed(raw, errors);
  const problems = [...errors.map(sentence), ...(sound === null ? [] : crossProblems(sound as Desk, namedCalendars(raw)))];
  return problems.length > 0 ? { problems } : { desk: raw as Desk };
}
