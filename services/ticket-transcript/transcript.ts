// A ticket's transcript on disk: the entries as JSON in a hidden folder, from which the text
// is written anew each time. So an event may come twice, late or again from the beginning: the
// same entries give the same text. Both files are replaced whole; a reader never sees half.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Entry } from './entry.ts';

interface TicketOf {
  readonly ticket_id: string;
  readonly source: { readonly integration_id: string };
}

const plainIds = { lower: /^[a-z0-9][a-z0-9_-]{0,79}$/, upper: /^[A-Z0-9][A-Z0-9_-]{0,79}$/ };
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)$/i;

/**
 * A file name for any id: plain ids of one case as they are, others as what can be read of them and
 * a hash. No two ids share a name, not even on disks that don't tell upper from lower case.
 */
export function fileName(id: string, letters: 'lower' | 'upper'): string {
  if (plainIds[letters].test(id) && !reserved.test(id)) return id;
  const readable = id.replaceAll(/[^A-Za-z0-9_-]+/g, '-').slice(0, 40);
  return `${readable}~${createHash('sha256').update(id).digest('hex').slice(0, 20)}`;
}

/** Event time, then rank, then event_id: the order of every report. */
const compare = (a: Entry, b: Entry): number =>
  a.at.localeCompare(b.at) || a.rank - b.rank || (a.event_id < b.event_id ? -1 : a.event_id > b.event_id ? 1 : 0);

/** The customer's name is known from the creation; a message that repeats the opening one is shown once. */
export function render(ticketId: string, entries: readonly Entry[]): string {
  const sorted = [...entries].sort(compare);
  const opening = sorted.find(({ rank }) => rank === 0);
  const shown = sorted.filter((entry) => entry === opening || opening?.message_id === null || entry.message_id !== opening?.message_id);
  const name = (from: string): string => (from === 'Customer' ? (opening?.from ?? from) : from);
  const paragraphs = shown.flatMap(({ at, rank, from, text, files }) => {
    const said = [...(text === '' ? [] : [text]), ...files.map((file) => `[file: ${file}]`)];
    if (said.length === 0 && rank > 0) return [];
    return [[`${at.replace('T', ' ').replace('Z', ' UTC')}  ${name(from)}${rank === 0 ? ' opened the ticket' : ''}`, ...said.flatMap((part) => part.split(/\r?\n/)).map((line) => `    ${line}`)].join('\n')];
  });
  return `Ticket ${ticketId.replaceAll(/\s+/g, ' ')}\n\n${paragraphs.join('\n\n')}\n`;
}

async function replaceFile(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  await writeFile(temporary, content);
  await rename(temporary, path);
}

async function readEntries(path: string): Promise<Entry[]> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Entry[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Where a ticket's transcript lies below `folder`. */
export function transcriptFile(folder: string, { ticket_id, source }: TicketOf): string {
  return join(folder, fileName(source.integration_id, 'lower'), `${fileName(ticket_id, 'upper')}.txt`);
}

/** From which the transcript is written. */
const entriesFile = (folder: string, ticket: TicketOf): string => join(dirname(transcriptFile(folder, ticket)), '.entries', `${fileName(ticket.ticket_id, 'upper')}.json`);

/** Takes words, names and files out of the entries of some events. @returns whether there was something to take out. */
export async function blankEntries(folder: string, ticket: TicketOf, eventIds: ReadonlySet<string>): Promise<boolean> {
  const state = entriesFile(folder, ticket);
  const known = await readEntries(state);
  const entries = known.map((entry): Entry => (eventIds.has(entry.event_id) ? { ...entry, from: entry.from === 'Support' ? entry.from : 'Customer', text: '', files: [] } : entry));
  if (JSON.stringify(entries) === JSON.stringify(known)) return false;
  await replaceFile(state, JSON.stringify(entries));
  await replaceFile(transcriptFile(folder, ticket), render(ticket.ticket_id, entries));
  return true;
}

/** Puts an entry in its place; the first of an event_id stays. */
export async function addToTranscript(folder: string, ticket: TicketOf, entry: Entry): Promise<void> {
  const text = transcriptFile(folder, ticket);
  const state = entriesFile(folder, ticket);
  const known = await readEntries(state);
  const entries = known.some(({ event_id }) => event_id === entry.event_id) ? known : [...known, entry];
  await replaceFile(state, JSON.stringify(entries));
  await replaceFile(text, render(ticket.ticket_id, entries));
}
