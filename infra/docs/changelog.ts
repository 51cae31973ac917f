// What each contract version changed, worked out from the versions themselves: their schemas
// compared, and the upcasters run on the examples.
import type { EventContract, Json } from '../../schemas/contract.ts';
import { isObject } from '../../schemas/upcasting.ts';
import { examplePayload } from './examples.ts';
import { jsonFields, type Field } from './fields.ts';

const code = (text: string): string => `\`${text}\``;
const fieldNames = (fields: readonly Field[]): string => fields.map(({ path }) => code(path)).join(', ');

function schemaChanges(contract: EventContract, before: string, after: string): string[] {
  const [old, now] = [before, after].map((version) => jsonFields(contract.versions.get(version) ?? {}));
  const was = new Map((old ?? []).map((field) => [field.path, field]));
  const is = new Map((now ?? []).map((field) => [field.path, field]));
  const added = [...is.values()].filter(({ path }) => !was.has(path));
  const gone = [...was.values()].filter(({ path }) => !is.has(path));
  const lines: string[] = [];
  const [required, optional] = [added.filter((field) => field.required), added.filter((field) => !field.required)];
  if (optional.length > 0) lines.push(`new, optional: ${fieldNames(optional)}`);
  if (required.length > 0) lines.push(`new, required: ${fieldNames(required)}`);
  if (gone.length > 0) lines.push(`no longer listed: ${fieldNames(gone)}`);
  for (const field of is.values()) {
    const earlier = was.get(field.path);
    if (earlier === undefined) continue;
    if (earlier.type !== field.type) lines.push(`${code(field.path)}: ${earlier.type} → ${field.type}`);
    if (earlier.required !== field.required) lines.push(`${code(field.path)} is ${field.required ? 'now' : 'no longer'} required`);
  }
  return lines;
}

/** Leaves of a value by path. */
function leaves(value: Json, path = ''): [string, Json][] {
  if (Array.isArray(value)) return value.flatMap((item, index) => leaves(item, `${path}[${index}]`));
  if (isObject(value)) return Object.entries(value).flatMap(([name, inner]) => leaves(inner, path === '' ? name : `${path}.${name}`));
  return [[path, value]];
}

/** What the step from `before` does to its example: how an event of the older version is read. */
function conversions(contract: EventContract, before: string): string[] {
  const example = examplePayload(contract, before);
  const old = new Map(leaves(example));
  const now = new Map(leaves(contract.upcasters[before]?.(example) ?? example));
  const moved = new Map([...old].filter(([path]) => !now.has(path)));
  const lines = [...now].flatMap(([path, value]): string[] => {
    if (old.has(path)) return old.get(path) === value ? [] : [`${code(path)}: ${code(JSON.stringify(old.get(path)))} becomes ${code(JSON.stringify(value))}`];
    const from = [...moved].find(([, candidate]) => candidate === value)?.[0];
    if (from === undefined) return [`${code(path)} becomes ${code(JSON.stringify(value))}`];
    moved.delete(from);
    return [`${code(from)} becomes ${code(path)}`];
  });
  return [...lines, ...[...moved.keys()].map((path) => `${code(path)} moves to \`extra\``)];
}

function entry(contract: EventContract, version: string): string {
  const versions = [...contract.versions.keys()];
  const before = versions[versions.indexOf(version) - 1];
  const link = `[${contract.eventType}](${contract.folder}.md)`;
  if (before === undefined) return `- ${link}: first version.`;
  const changes = schemaChanges(contract, before, version);
  const converted = conversions(contract, before);
  const lines = [...changes, ...(converted.length === 0 ? [] : [`a ${before} event is read as: ${converted.join('; ')}`])];
  return lines.length === 0 ? `- ${link}: no change.` : [`- ${link}`, ...lines.map((line) => `  - ${line}`)].join('\n');
}

export function changelogPage(contracts: readonly EventContract[]): string {
  const versions = [...new Set(contracts.flatMap((contract) => [...contract.versions.keys()]))].toReversed();
  const chapters = versions.map((version) => `## ${version}\n\n${contracts.filter((contract) => contract.versions.has(version)).map((contract) => entry(contract, version)).join('\n')}\n`);
  return `# Changelog of the contract

Every version listed here is accepted, for as long as it is listed; \`version\` in the envelope says which one
an event has. The log always holds the newest form, so a consumer never sees the difference.

${chapters.join('\n')}`;
}
