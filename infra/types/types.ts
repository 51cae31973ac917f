// TypeScript types of the events as consumers get them, generated from the Avro records into
// schemas/generated/events.ts: `npm run types`. The file is committed, and a contract test
// fails when it isn't what the records say.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadContracts, type AvroRecord, type AvroType, type EventContract } from '../../schemas/contract.ts';

export const typesFile = fileURLToPath(new URL('../../schemas/generated/events.ts', import.meta.url));

const header = `// Generated from the Avro records by \`npm run types\`; edit those instead.
// An event as a consumer gets it: the contract's current record, whatever version was sent.
// Times are Date (JSON.stringify gives ISO 8601 again); what is absent is null.
`;

/** Interfaces by name: a nested record that several events share is one, and two different ones of a name are told apart. */
class Interfaces {
  readonly #bodies = new Map<string, string>();

  /** @returns the interface's name. */
  add(record: AvroRecord, owner = ''): string {
    const body = `${doc(record.doc, '')}export interface NAME {\n${this.#fields(record, owner)}}\n`;
    const name = [record.name, `${owner}${record.name}`].find((candidate) => [undefined, body].includes(this.#bodies.get(candidate)));
    if (name === undefined) throw new Error(`two different records are named ${owner}${record.name}`);
    this.#bodies.set(name, body);
    return name;
  }

  addEvent({ record, eventType }: EventContract): string {
    const tag = `  readonly event_type: '${eventType}';\n`;
    this.#bodies.set(record.name, `${doc(record.doc, '')}export interface NAME {\n${tag}${this.#fields(record, record.name)}}\n`);
    return record.name;
  }

  text(): string {
    return [...this.#bodies].map(([name, body]) => body.replace('interface NAME', `interface ${name}`)).join('\n');
  }

  #fields(record: AvroRecord, owner: string): string {
    return record.fields.map((field) => `${doc(field.doc, '  ')}  readonly ${field.name}: ${this.#type(field.type, owner)};\n`).join('');
  }

  #type(type: AvroType, owner: string): string {
    if (Array.isArray(type)) return (type as readonly AvroType[]).toReversed().map((branch) => this.#type(branch, owner)).join(' | ');
    if (typeof type === 'string') return type === 'long' ? 'number' : type;
    const schema = type as Exclude<AvroType, string | readonly AvroType[]>;
    switch (schema.type) {
      case 'record': return this.add(schema, owner);
      case 'array': return `readonly ${this.#type(schema.items, owner)}[]`;
      case 'map': return `Readonly<Record<string, ${this.#type(schema.values, owner)}>>`;
      case 'long': return 'Date';
    }
  }
}

const doc = (text: string | undefined, indent: string): string => (text === undefined ? '' : `${indent}/** ${text.replaceAll('*/', '* /')} */\n`);

/** The generated file's text. */
export async function generateTypes(): Promise<string> {
  const interfaces = new Interfaces();
  const names = [...(await loadContracts()).values()].map((contract) => interfaces.addEvent(contract));
  return `${header}
${interfaces.text()}
/** Any event of the log; \`event_type\` tells which. */
export type TicketEvent = ${names.join(' | ')};
export type TicketEventType = TicketEvent['event_type'];
/** The event of a type, e.g. \`EventOf<'message.received'>\`. */
export type EventOf<T extends TicketEventType> = Extract<TicketEvent, { event_type: T }>;
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(dirname(typesFile), { recursive: true });
  await writeFile(typesFile, await generateTypes());
  console.log(`wrote ${typesFile}`);
}
