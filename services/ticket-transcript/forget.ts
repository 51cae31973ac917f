// Takes out of the transcripts what was said in events whose author or customer is forgotten. The entries stay, so that an event that
// is read again finds its place taken.
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../runtime/config.ts';
import { groupBy } from '../runtime/group-by.ts';
import { folderOf, transcriptSettings } from './folder.ts';
import { blankEntries } from './transcript.ts';

/** The service may be about to write what it read a moment ago. */
const LOOK_AGAIN_MS = 1_000;

export async function forget(env: NodeJS.ProcessEnv, { integrationId, records }: { readonly integrationId: string; readonly records: readonly { readonly ticket_id: string; readonly event_id: string }[] }): Promise<string> {
  const folder = folderOf(readConfig(transcriptSettings, env));
  const tickets = groupBy(records, ({ ticket_id }) => ticket_id);
  const blanked = new Set<string>();
  for (const pauseMs of [LOOK_AGAIN_MS, 0]) {
    for (const [ticket_id, events] of tickets) {
      if (await blankEntries(folder, { ticket_id, source: { integration_id: integrationId } }, new Set(events.map(({ event_id }) => event_id)))) blanked.add(ticket_id);
    }
    if (pauseMs > 0 && blanked.size > 0) await sleep(pauseMs);
  }
  return `transcripts in ${folder}: ${blanked.size} blanked`;
}
