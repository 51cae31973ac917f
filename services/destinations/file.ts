// DESTINATIONS_FILE: {"acme": {"trello": {…}, "zendesk": {…}}, …}, by integration and destination. Everything that is wrong
// with it is told at once, each with its place. A service reads its own sections, so that it neither needs nor judges the others'.
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { parse } from 'lossless-json';
import { text, type Settings } from '../runtime/config.ts';
import { messageOf, RuntimeError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';
import { WatchedFile, type Reading } from '../runtime/watched-file.ts';
import { secretNames, sectionNames, type Section } from './section.ts';

export const destinationSettings = {
  DESTINATIONS_FILE: { parse: text, default: '', doc: 'JSON file that says, by integration, where its tickets go: services/destinations' },
} satisfies Settings;

/** An integration's sections, by its id. */
export type Sections<T> = ReadonlyMap<string, T>;

export interface Destinations<T> {
  /** Undefined for an integration that has no such section. */
  find(integrationId: string): T | undefined;
  all(): Sections<T>;
  /** Why the file as it is now is not in force; empty when it is. */
  warnings(): string[];
  close(): void;
}

type Node = Readonly<Record<string, unknown>>;
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);

function compile<T>({ schema }: Section<T>): ValidateFunction<T> {
  const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true, useDefaults: true });
  // The CommonJS module is callable; its types say that only its default member is.
  (ajvFormats as unknown as (target: Ajv2020) => void)(ajv);
  ajv.addKeyword({ keyword: 'secret', schemaType: 'boolean' });
  return ajv.compile<T>(schema);
}

/** No value is shown: it may be a secret. */
function sentence({ instancePath, message = '', params }: ErrorObject, secrets: ReadonlySet<string>): string {
  const { additionalProperty, unevaluatedProperty, missingProperty, allowedValues } = params as Readonly<Record<string, unknown>>;
  const unknown = additionalProperty ?? unevaluatedProperty;
  if (typeof unknown === 'string') return `${instancePath}/${unknown} is not known here`;
  if (typeof missingProperty === 'string') return `${instancePath}/${missingProperty} is missing${secrets.has(missingProperty) ? ` (or ${missingProperty}_file, a file that holds it)` : ''}`;
  if (Array.isArray(allowedValues)) return `${instancePath} must be one of ${allowedValues.join(', ')}`;
  return `${instancePath} ${message}`;
}

/** Puts the secret in the place of the file that holds it. */
class SecretFiles {
  readonly files: string[] = [];
  readonly problems: string[] = [];
  readonly #names: ReadonlySet<string>;
  readonly #folder: string;

  constructor(names: ReadonlySet<string>, folder: string) {
    this.#names = names;
    this.#folder = folder;
  }

  async resolve(value: unknown, path: string): Promise<unknown> {
    if (Array.isArray(value)) return Promise.all(value.map((item: unknown, index) => this.resolve(item, `${path}/${index}`)));
    if (!isNode(value)) return value;
    const entries = await Promise.all(Object.entries(value).map(async ([name, child]): Promise<readonly [string, unknown]> => {
      const secret = name.endsWith('_file') ? name.slice(0, -'_file'.length) : '';
      return this.#names.has(secret) ? [secret, await this.#read(value, secret, `${path}/${name}`)] : [name, await this.resolve(child, `${path}/${name}`)];
    }));
    return Object.fromEntries(entries);
  }

  async #read(holder: Node, secret: string, path: string): Promise<unknown> {
    const file = holder[`${secret}_file`];
    if (holder[secret] !== undefined) this.problems.push(`${path} and ${secret} are both given`);
    if (typeof file !== 'string' || file === '') {
      this.problems.push(`${path} must be the name of a file`);
      return '-';
    }
    const name = resolve(this.#folder, file);
    this.files.push(name);
    try {
      const content = (await readFile(name, 'utf8')).trimEnd();
      if (content === '') this.problems.push(`${path} is an empty file`);
      return content === '' ? '-' : content;
    } catch (error) {
      this.problems.push(`${path}: ${messageOf(error)}`);
      return '-';
    }
  }
}

function outerProblems(file: Node): string[] {
  return Object.entries(file).flatMap(([integration, sections]) => {
    if (!isNode(sections)) return [`/${integration} must be an object: a section per destination`];
    return Object.keys(sections).filter((name) => !sectionNames.some((known) => known === name))
      .map((name) => `/${integration}/${name} is no destination; they are ${sectionNames.join(', ')}`);
  });
}

const invalid = (path: string, problems: readonly string[]): RuntimeError => new RuntimeError('CONFIG_INVALID', `DESTINATIONS_FILE ${path}: ${problems.join('; ')}`);

async function readJson(path: string): Promise<Node> {
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new RuntimeError('CONFIG_INVALID', `DESTINATIONS_FILE: ${messageOf(error)}`);
  });
  let json: unknown;
  try {
    // It refuses a member that occurs twice, where JSON.parse would drop the first.
    json = parse(content, null, Number);
  } catch {
    // The parser's own words show a piece of the file.
    throw invalid(path, ['is not JSON, or names a member twice']);
  }
  if (!isNode(json)) throw invalid(path, ['must be an object: {"<integration_id>": {"<destination>": {…}}}']);
  return json;
}

async function readSections<T>(path: string, section: Section<T>, conforms: ValidateFunction<T>): Promise<Reading<Sections<T>>> {
  const file = await readJson(path);
  const problems = outerProblems(file);
  const names = secretNames(section.schema);
  const secrets = new SecretFiles(names, dirname(resolve(path)));
  const found = new Map<string, T>();
  for (const [integration, sections] of Object.entries(file)) {
    if (!isNode(sections) || sections[section.name] === undefined) continue;
    const place = `/${integration}/${section.name}`;
    const value = await secrets.resolve(sections[section.name], place);
    const wrong = conforms(value) ? section.problems?.(value) ?? [] : (conforms.errors ?? []).map((error) => sentence(error, names));
    problems.push(...wrong.map((problem) => `${place}${problem}`));
    found.set(integration, value as T);
  }
  problems.push(...secrets.problems);
  if (problems.length > 0) throw invalid(path, [...new Set(problems)]);
  return { value: found, files: secrets.files };
}

/** @throws RuntimeError `CONFIG_INVALID` that lists every problem of the file. */
export async function readDestinations<T>(path: string, section: Section<T>): Promise<Sections<T>> {
  return (await readSections(path, section, compile(section))).value;
}

/** As `readDestinations`, and again whenever the file or one of its secrets' files changes. Without a file there are none. */
export async function watchDestinations<T>(path: string, section: Section<T>, logger: Logger): Promise<Destinations<T>> {
  if (path === '') return { find: () => undefined, all: () => new Map<string, T>(), warnings: () => [], close: () => undefined };
  const conforms = compile(section);
  const file = await WatchedFile.open<Sections<T>>({
    what: 'destinations', path, logger,
    read: () => readSections(path, section, conforms),
    shown: (sections) => ({ section: section.name, integrations: [...sections.keys()] }),
  });
  return {
    find: (integrationId) => file.current.get(integrationId),
    all: () => file.current,
    warnings: () => file.warnings(),
    close: () => file.close(),
  };
}
