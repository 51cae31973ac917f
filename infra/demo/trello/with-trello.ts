// npm run demo -- --with trello: boards of our own that the trello service writes to, so that one sees cards move without an
// account. They are kept in the data folder: the service goes on where it was, and so do they.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../../services/runtime/errors.ts';
import { writeWhole } from '../../local/supervisor/state-file.ts';
import type { Query } from '../verify.ts';
import { counted, differences, ticketRows, type TicketRow } from './compare.ts';
import { TrelloServer } from './server.ts';
import { TrelloStore, type StoredBoard } from './store.ts';

const SAVE_EVERY_MS = 2_000;
/** After this long without a change the comparison is final. */
const SETTLED_MS = 20_000;
const lists = ['New', 'Open', 'Pending', 'On hold', 'Solved', 'Closed', 'Discarded'];
const fields = [['telegram_user_id', 'number'], ['Ticket Status', 'text'], ['First Response Time', 'number'], ['Ticketstream', 'text']] as const;
/** As fast as it goes: nobody else asks these boards. */
const UNLIMITED = 10_000;

export interface DemoBoards {
  /** Where people look. */
  readonly url: string;
  /** For DESTINATIONS_FILE. */
  readonly file: string;
  /** Waits for the last cards. @returns what to tell of them, and whether each says what its ticket's row says */
  readonly compare: (query: Query, integrations: readonly string[]) => Promise<{ text: string; equal: boolean }>;
  readonly stop: () => Promise<void>;
}

function boardOf(store: TrelloStore, name: string): StoredBoard {
  const known = [...store.boards.values()].find((board) => board.name === name);
  if (known !== undefined) return known;
  const board = store.addBoard(name, { lists });
  for (const [field, type] of fields) store.addField(board, field, type);
  return board;
}

export async function startBoards(integrations: readonly string[], { dataDir, port }: { dataDir: string; port: number }): Promise<DemoBoards> {
  const [state, file] = [join(dataDir, 'demo-trello.json'), join(dataDir, 'demo-destinations.json')];
  const [key, token] = [randomBytes(16).toString('hex'), randomBytes(32).toString('hex')];
  const store = await readFile(state, 'utf8').then((text) => TrelloStore.read(text), () => new TrelloStore());
  const server = await TrelloServer.start({ key, token, port, store, limits: { perKey: 3 * UNLIMITED, perToken: UNLIMITED, windowMs: 10_000 } });
  const sections = integrations.map((integration) => [integration, { trello: { api_url: server.url, key, token, board: boardOf(store, integration).id, requests_per_10_seconds: UNLIMITED } }]);
  await writeWhole(file, JSON.stringify(Object.fromEntries(sections), null, 2));
  let [saved, saving] = [0, Promise.resolve()];
  /** One after the other. What can't be kept is told, and kept the next time. */
  const save = (): Promise<void> => {
    saving = saving.then(async () => {
      const { requests } = server;
      if (saved === requests) return;
      await writeWhole(state, store.written());
      saved = requests;
    }).catch((error: unknown) => console.error(`${state}: ${messageOf(error)}`));
    return saving;
  };
  const timer = setInterval(() => void save(), SAVE_EVERY_MS);
  return {
    url: server.url, file,
    compare: (query, asked) => compareWhenSettled(server, query, asked),
    stop: async () => {
      clearInterval(timer);
      server.stop();
      await save();
    },
  };
}

async function compareWhenSettled(server: TrelloServer, query: Query, integrations: readonly string[]): Promise<{ text: string; equal: boolean }> {
  const rows = await query<TicketRow>(ticketRows, { integrations });
  let [differing, last, since] = [differences(server.store, rows), -1, Date.now()];
  while (differing.length > 0 && Date.now() - since < SETTLED_MS) {
    if (server.requests !== last) [last, since] = [server.requests, Date.now()];
    await sleep(500);
    differing = differences(server.store, rows);
  }
  const equal = differing.length === 0;
  const shown = differing.slice(0, 5).map((line) => `\n    ${line}`).join('');
  return { equal, text: `TRELLO: ${counted(server.store)} for ${rows.length} tickets; ${equal ? 'each says what queue.tickets and log.events say of its ticket, and nothing private' : `${differing.length} differ:${shown}`}\n  ${server.url} shows them\n` };
}
