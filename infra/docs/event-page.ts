// The page of one event type: what the CRM sends, by version, and what the log keeps.
import type { EventContract, Json } from '../../schemas/contract.ts';
import { landingColumns } from '../../services/runtime/projection/landing.ts';
import type { ReleasedSchema } from '../../services/runtime/registry/registry.ts';
import { exampleRecord, exampleWebhook, examplePayload, EXAMPLE_SECRET } from './examples.ts';
import { recordFields, valueAt, versionedFields, type VersionedField } from './fields.ts';
import { jsonBlock, table } from './markdown.ts';

const MAX_EXAMPLE = 40;

function exampleText(value: Json | undefined): string {
  if (value === undefined || (typeof value === 'object' && value !== null)) return '';
  const text = JSON.stringify(value);
  return `\`${text.length > MAX_EXAMPLE ? `${text.slice(0, MAX_EXAMPLE)}…` : text}\``;
}

const sinceText = ({ first, last }: VersionedField): string => (last === undefined ? first : first === last ? `${first} only` : `${first} to ${last}`);

function payloadTable(contract: EventContract): string {
  const newest = [...contract.versions.keys()].at(-1) ?? '';
  return table(['field', 'type', 'required', 'since', 'example', 'notes'], versionedFields(contract).map((field) => [
    `\`${field.path}\``, field.type, field.required, sinceText(field),
    exampleText(valueAt(examplePayload(contract, field.last ?? newest), field.path)), field.notes,
  ]));
}

/** Number of the first release of the record that has the field. */
function firstRelease(path: string, releases: readonly ReleasedSchema[]): string {
  const index = releases.findIndex(({ schema }) => recordFields(JSON.parse(schema) as EventContract['record']).some((field) => field.path === path));
  return index < 0 ? 'next' : String(index + 1);
}

function recordTable({ record }: EventContract, releases: readonly ReleasedSchema[]): string {
  const columns = new Map(landingColumns(record).map(({ name, type }) => [name, type]));
  return table(['field', 'Avro type', 'since release', 'ClickHouse type', 'notes'], recordFields(record).map(({ path, type, notes }) => {
    const column = columns.get(path);
    return [`\`${path}\``, type, firstRelease(path, releases), column === undefined ? '' : `\`${column}\``, notes];
  }));
}

/** @param releases of this record, oldest first. */
export function eventPage(contract: EventContract, releases: readonly ReleasedSchema[]): string {
  const { eventType, folder, record, recordName } = contract;
  const versions = [...contract.versions.keys()];
  const newest = versions.at(-1) ?? '';
  return `# ${eventType}

${record.doc ?? ''} JSON Schemas: ${versions.map((version) => `[${version}](../${folder}/${version}.json)`).join(', ')}. Avro:
[record.avsc](../${folder}/record.avsc), \`${recordName}\`. Changes: [changelog](changelog.md).

## What the CRM sends

The fields of \`payload\`; a field inside an object is required when the object is there. Fields that are not
listed are welcome: they are kept in the record's \`extra\`. The envelope around it: [Integrate your CRM](integrate-your-crm.md).

${payloadTable(contract)}

Signed with the secret \`${EXAMPLE_SECRET}\`:

${jsonBlock(exampleWebhook(contract, newest))}

## What the log keeps

The same record for every version that was sent. The ClickHouse type is that of a table
which reads the topic, where a nested field is a column with dots in its name; \`log.events\` has \`_\` for the dots.
${releases.length === 1 ? 'One release so far' : `${releases.length} releases so far`}: schema id ${releases.map(({ id }) => id).join(', ')}.

${recordTable(contract, releases)}

The example above, in the log:

${jsonBlock(exampleRecord(contract, newest))}
`;
}
