// Keeps a readable transcript of every ticket as a text file that a customer may see: what they
// wrote and what they were answered, in order, without a private note.
import { ticketEvents } from '../../schemas/events.ts';
import { defineConsumer } from '../runtime/consumer.ts';
import { publicEntry } from './entry.ts';
import { folderOf, transcriptSettings } from './folder.ts';
import { addToTranscript } from './transcript.ts';

export const consumer = defineConsumer(ticketEvents, {
  name: 'ticket-transcript',
  events: ['ticket.created', 'message.received'],
  settings: transcriptSettings,
  async handle(event, { config }) {
    const entry = publicEntry(event);
    if (entry === null) return;
    await addToTranscript(folderOf(config), event, entry);
  },
});
