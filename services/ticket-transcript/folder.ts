// Where the transcripts are.
import { join } from 'node:path';
import { text, type Config, type Settings } from '../runtime/config.ts';

export const transcriptSettings = {
  DATA_DIR: { parse: text, default: '.data', doc: 'Folder of local state' },
  TRANSCRIPT_DIR: { parse: text, default: '', doc: 'Folder of the transcripts, one folder per integration in it; DATA_DIR/transcripts when empty' },
} satisfies Settings;

export const folderOf = ({ DATA_DIR, TRANSCRIPT_DIR }: Config<typeof transcriptSettings>): string => (TRANSCRIPT_DIR === '' ? join(DATA_DIR, 'transcripts') : TRANSCRIPT_DIR);
