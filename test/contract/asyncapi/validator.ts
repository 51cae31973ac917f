// AsyncAPI's own parser, fetched once into the user's cache. Without install scripts: one of its
// packages reports each installation to its author.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { install } from '../../../infra/local/install/cache.ts';
import { readSettings } from '../../../infra/local/settings.ts';

interface Diagnostic {
  /** 0 is an error, 1 a warning; the rest is advice. */
  readonly severity: number;
  readonly path: readonly (string | number)[];
  readonly message: string;
}
interface Parser {
  registerSchemaParser: (parser: unknown) => void;
  validate: (document: string) => Promise<Diagnostic[]>;
}

const here = fileURLToPath(new URL('.', import.meta.url));
const { dependencies } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };

/** Under `npm test` the outer npm's settings would steer the inner one to the outer folder. */
const ofOuterNpm = (name: string): boolean => /^npm_(config|package|lifecycle)_/.test(name) && !/registry|proxy|cafile|cache/.test(name);

function installed(): Promise<string> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ofOuterNpm(name)));
  return install(readSettings(process.env).cacheDir, {
    folder: `asyncapi-parser-${dependencies['@asyncapi/parser'] ?? ''}`,
    build: async (intoDir) => {
      for (const file of ['package.json', 'package-lock.json']) await copyFile(join(here, file), join(intoDir, file));
      await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: intoDir, env });
    },
  });
}

/** @returns a function that lists a document's errors and warnings. */
export async function asyncapiValidator(): Promise<(document: string) => Promise<string[]>> {
  const load = createRequire(join(await installed(), 'package.json'));
  const { Parser } = load('@asyncapi/parser') as { Parser: new () => Parser };
  const { AvroSchemaParser } = load('@asyncapi/avro-schema-parser') as { AvroSchemaParser: () => unknown };
  const parser = new Parser();
  parser.registerSchemaParser(AvroSchemaParser());
  return async (document) => (await parser.validate(document))
    .filter(({ severity }) => severity <= 1)
    .map(({ path, message }) => `/${path.join('/')}: ${message}`);
}
