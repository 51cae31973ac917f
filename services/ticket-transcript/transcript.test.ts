import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sampleEvent, type MessageReceived, type TicketCreated } from '../../schemas/events.ts';
import { publicEntry } from './entry.ts';
import { addToTranscript, blankEntries, fileName, render, transcriptFile } from './transcript.ts';

const at = (minute: number): Date => new Date(Date.UTC(2026, 2, 2, 9, minute));
const created = sampleEvent('ticket.created', {
  ticket_id: 'TKT-1', event_id: 'e0', timestamp: at(0), source: { integration_id: 'acme' },
  customer: { first_name: 'Mira' }, initial_message: { message_id: 'm0', text: 'My parcel\nis lost', content_type: 'text' },
});
const message = (event_id: string, minute: number, text: string, more: { type?: string; is_private?: boolean; message_id?: string } = {}): MessageReceived =>
  sampleEvent('message.received', {
    ticket_id: 'TKT-1', event_id, timestamp: at(minute), message_id: more.message_id ?? event_id, source: { integration_id: 'acme' },
    sender: { type: more.type ?? 'customer', agent_id: 'lea' }, content: { text, content_type: 'text' }, is_private: more.is_private ?? false,
  });

const entriesOf = (events: readonly (TicketCreated | MessageReceived)[]) => events.map(publicEntry).filter((entry) => entry !== null);

test('shows what was said in event time, and nobody of the company by name', () => {
  const events = [message('e2', 5, 'We found it', { type: 'agent' }), created, message('e1', 2, 'Hello?')];
  expect(render('TKT-1', entriesOf(events))).toBe(`Ticket TKT-1

2026-03-02 09:00:00.000 UTC  Mira opened the ticket
    My parcel
    is lost

2026-03-02 09:02:00.000 UTC  Mira
    Hello?

2026-03-02 09:05:00.000 UTC  Support
    We found it
`);
});

test('a private note is no entry', () => {
  expect(publicEntry(message('e1', 1, 'this customer again', { type: 'agent', is_private: true }))).toBeNull();
});

test('the message that repeats the opening one is shown once', () => {
  const text = render('TKT-1', entriesOf([created, message('e1', 0, 'My parcel\nis lost', { message_id: 'm0' })]));
  expect(text.match(/parcel/g)?.length).toBe(1);
});

test('any order of arrival and any repetition give the same file, without a private word', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'transcripts-'));
  try {
    const events = [created, message('b', 3, 'second'), message('a', 3, 'first'), message('c', 4, 'SECRET', { is_private: true, type: 'agent' }), message('d', 9, 'last', { type: 'agent' })];
    const wanted = render('TKT-1', entriesOf(events));
    expect(wanted.indexOf('first')).toBeLessThan(wanted.indexOf('second'));
    let round = 0;
    await fc.assert(fc.asyncProperty(fc.shuffledSubarray([...events, ...events], { minLength: 10 }), async (arrival) => {
      const place = join(folder, String(round++));
      for (const event of arrival) {
        const entry = publicEntry(event);
        if (entry !== null) await addToTranscript(place, event, entry);
      }
      expect(await readFile(transcriptFile(place, created), 'utf8')).toBe(wanted);
    }), { numRuns: 20 });
    for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (file.isFile()) expect(await readFile(join(file.parentPath, file.name), 'utf8')).not.toMatch(/SECRET/);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('what was said by somebody who is forgotten goes, and does not come back when the event is read again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'transcripts-'));
  try {
    const events = [created, message('a', 3, 'mine'), message('b', 4, 'theirs'), message('c', 5, 'answer', { type: 'agent' })];
    const add = async (event: TicketCreated | MessageReceived): Promise<void> => {
      const entry = publicEntry(event);
      expect.assert(entry);
      await addToTranscript(folder, event, entry);
    };
    for (const event of events) await add(event);
    expect(await blankEntries(folder, created, new Set(['e0', 'a', 'c']))).toBe(true);
    for (const event of events) await add(event);
    expect(await blankEntries(folder, created, new Set(['e0', 'a', 'c']))).toBe(false);
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((file) => file.isFile());
    expect(files.length).toBe(2);
    for (const file of files) {
      const text = await readFile(join(file.parentPath, file.name), 'utf8');
      expect(text).not.toMatch(/Mira|parcel|mine|answer/);
      expect(text).toContain('theirs');
    }
    expect(await blankEntries(folder, { ...created, ticket_id: 'TKT-NONE' }, new Set(['e0']))).toBe(false);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('no id leads out of the folder, and no two ids share a file', () => {
  const ids = ['TKT-1', 'tkt-1', '../../etc/passwd', '..', '.', '', 'a/b', 'a\\b', 'a b', 'a:b', 'NUL', 'nul', 'ü', 'x'.repeat(512), 'X'.repeat(512), '\u0000', 'TKT-1~'];
  const names = ids.map((id) => fileName(id, 'upper'));
  for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_~-]{1,100}$/);
  expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(ids.length);
  expect(fileName('TKT-0A1B2C3D', 'upper')).toBe('TKT-0A1B2C3D');
  expect(fileName('acme', 'lower')).toBe('acme');
});
