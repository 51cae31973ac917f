// Reads the lines that a process appends to its log file, as they come. The process writes to the file
// and not to a pipe of ours: a pipe would tie it to the supervisor, whose death (or Ctrl-Z) would make
// its next log line fail (or wait), just when it should drain and leave its consumer group.
import { open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 200;

export interface Following {
  /** Offset in bytes of the first line. */
  from: number;
  onLine: (line: string) => void;
  /** Ends it, after what is left in the file. */
  until: AbortSignal;
}

export async function followLines(file: string, { from, onLine, until }: Following): Promise<void> {
  let offset = from;
  let rest = '';
  const decoder = new StringDecoder('utf8');
  const handle = await open(file, 'r');
  const chunk = Buffer.alloc(64 * 1024);
  try {
    for (;;) {
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, offset);
      offset += bytesRead;
      const lines = (rest + decoder.write(chunk.subarray(0, bytesRead))).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
      if (bytesRead > 0) continue;
      if (until.aborted) return;
      await sleep(pollMs, undefined, { signal: until, ref: false }).catch(() => undefined);
    }
  } finally {
    await handle.close();
  }
}
