// The generated parts of the written pages. Between `<!-- NAME ARGUMENT -->` and `<!-- end -->`
// stands what the name says; snippets are real files, so what a reader copies is what the tests run.
import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { envelopeSchema, type EventContract } from '../../schemas/contract.ts';
import { projectDir } from '../local/settings.ts';
import { eventHeaders, exampleWebhook, EXAMPLE_SECRET, quarantineHeaders, resolutionHeaders, type Header } from './examples.ts';
import { jsonFields } from './fields.ts';
import { codeBlock, table } from './markdown.ts';

const languages: Readonly<Record<string, string>> = { '.sh': 'sh', '.py': 'python', '.php': 'php', '.mjs': 'js', '.sql': 'sql', '.ts': 'ts', '.json': 'json' };

/** A file of the project, whole. */
function file(path: string): string {
  const language = languages[extname(path)];
  if (language === undefined) throw new Error(`${path}: no language is known for it`);
  return codeBlock(language, readFileSync(join(projectDir, path), 'utf8'));
}

/** What `npm run new:consumer -- NAME` writes as consumer.ts. */
export function scaffoldedConsumer(name: string): string {
  const source = readFileSync(join(projectDir, 'infra/scaffold/new-consumer.ts'), 'utf8');
  const template = /const consumer = \(name: string\): string => `([^`]*)`;/.exec(source)?.[1];
  if (template === undefined) throw new Error('infra/scaffold/new-consumer.ts no longer has the template `consumer`');
  return template.replaceAll('${name}', name);
}

const headerTable = (headers: readonly Header[]): string =>
  table(['header', 'example', 'meaning'], headers.map(({ name, example, meaning, optional }) => [`\`${name}\`${optional === true ? ' (if any)' : ''}`, example === '' ? '' : `\`${example}\``, meaning]));

const envelope = (): string => table(['field', 'type', 'required', 'meaning'], jsonFields(envelopeSchema).map(({ path, type, required, notes }) =>
  [`\`${path}\``, type, required ? 'yes' : '', notes.replace(/ Not empty\.$/, '')]));

const events = (contracts: readonly EventContract[]): string => table(['event type', 'when', 'versions'], contracts.map(({ eventType, folder, record, versions }) =>
  [`[${eventType}](${folder}.md)`, record.doc ?? '', [...versions.keys()].join(', ')]));

function signatureVector([first]: readonly EventContract[]): string {
  if (first === undefined) throw new Error('there is no event type');
  const { event_id, event_type, timestamp, signature } = exampleWebhook(first, [...first.versions.keys()].at(-1) ?? '');
  return codeBlock('', `secret     ${EXAMPLE_SECRET}
text       ${event_id}${event_type}${timestamp}
signature  ${signature}`);
}

function block(name: string, argument: string, contracts: readonly EventContract[]): string {
  const [first] = contracts;
  switch (name) {
    case 'file': return file(argument);
    case 'scaffold': return codeBlock('ts', scaffoldedConsumer(argument));
    case 'envelope': return envelope();
    case 'events': return events(contracts);
    case 'signature': return signatureVector(contracts);
    case 'event-headers': return first === undefined ? '' : headerTable(eventHeaders(first, [...first.versions.keys()].at(-1) ?? ''));
    case 'quarantine-headers': return headerTable(quarantineHeaders);
    case 'resolution-headers': return headerTable(resolutionHeaders);
    default: throw new Error(`no generated part is named "${name}"`);
  }
}

/** The page with its generated parts renewed. */
export function withBlocks(page: string, contracts: readonly EventContract[]): string {
  return page.replaceAll(/<!-- ([a-z-]+) ?([^\s]*) -->\n[^]*?<!-- end -->/g, (_all, name: string, argument: string) =>
    `<!-- ${name}${argument === '' ? '' : ` ${argument}`} -->\n${block(name, argument, contracts)}\n<!-- end -->`);
}
