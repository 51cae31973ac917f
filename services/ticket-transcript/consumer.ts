// Keeps a readable transcript of every ticket as a text file that a customer may see: what they
// wrote and what they were answered, in order, without a private note.
import { join } from 'node:path';
import { ticketEvents } from '../../schemas/events.ts';
import { defineConsumer } from '../runtime/consumer.ts';
import { text } from '../runtime/config.ts';
import { publicEntry } from './entry.ts';
import { addToTranscript } from './transcript.ts';

export const consumer = defineConsumer(ticketEvents, {
  name: 'ticket-transcript',
  events: ['ticket.created', 'message.received'],
  settings: {
    DATA_DIR: { parse: text, default: '.data', doc: 'Folder of local state' },
    TRANSCRIPT_DIR: { parse: text, default: '', doc: 'Folder of the transcripts, one folder per integration in it; DATA_DIR/transcripts when empty' },
  },
  async handle(event, { config }) {
    const entry = publicEntry(event);
    if (entry === null) return;
    const folder = config.TRANSCRIPT_DIR === '' ? join(config.DATA_DIR, 'transcripts') : config.TRANSCRIPT_DIR;
    await addToTranscript(folder, event, entry);
  },
});
