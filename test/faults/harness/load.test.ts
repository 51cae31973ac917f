// The load sends as the CRM does, and forgets nothing of what became of it.
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { History, type Sent } from './history.ts';
import { Load } from './load.ts';
import { ticketStory } from './story.ts';

type Answer = number | 'reset';

let server: Server;
let url = '';
let answer: (eventId: string, attempt: number) => Answer | Promise<Answer>;
const arrived: string[] = [];

beforeEach(async () => {
  arrived.length = 0;
  const attempts = new Map<string, number>();
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (piece: Buffer) => (text += piece.toString()));
    request.on('end', () => {
      const { event_id: id } = JSON.parse(text) as { event_id: string };
      arrived.push(id);
      attempts.set(id, (attempts.get(id) ?? 0) + 1);
      void Promise.resolve(answer(id, attempts.get(id) ?? 0)).then((status) => {
        if (status === 'reset') response.socket?.resetAndDestroy();
        else response.writeHead(status).end(status === 200 ? '{"status":"accepted"}' : '{"error":{"code":"no"}}');
      });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});

afterEach(() => {
  server.close();
  server.closeAllConnections();
});

/** All events of the list, at once or nearly so, until the fate of each is known. */
async function sendAll(events: readonly Sent[]): Promise<{ history: History; load: Load }> {
  const history = new History();
  const load = new Load({ history, target: () => url, events: events.values(), perSecond: 1_000, compress: 50_000 });
  await sleep(events.length + 20);
  await load.stop();
  return { history, load };
}

const story = (seed: string, events: number): Sent[] => ticketStory({ integrationId: 'acme', seed, events });

test('what fails is sent again four times, and then given up; what is refused is not', async () => {
  const [lost, refused, limited, late] = ['lost', 'refused', 'limited', 'late'].flatMap((seed) => story(seed, 1)) as [Sent, Sent, Sent, Sent];
  answer = (id, attempt) => {
    switch (id) {
      case lost.eventId: return attempt % 2 === 0 ? 503 : 'reset';
      case refused.eventId: return 401;
      case limited.eventId: return attempt < 3 ? 429 : 200;
      default: return attempt < 5 ? 503 : 200;
    }
  };
  const { history, load } = await sendAll([lost, refused, limited, late]);
  const outcomes = [...history.fates().values()].map(({ event, outcome, attempts }) => [event.eventId, outcome, attempts]);
  expect(outcomes).toStrictEqual(expect.arrayContaining([[lost.eventId, 'unknown', 5], [refused.eventId, 'fail', 1], [limited.eventId, 'ok', 3], [late.eventId, 'ok', 5]]));
  expect(load.givenUp).toBe(1);
  expect(history.requests.length).toBe(arrived.length);
});

test("a ticket's next event waits for the fate of the one before; other tickets don't", async () => {
  const [slow, quick] = [story('slow', 3), story('quick', 3)];
  answer = async (id, attempt) => {
    if (id !== slow[0]?.eventId) return 200;
    await sleep(100);
    return attempt === 1 ? 503 : 200;
  };
  await sendAll([...slow, ...quick]);
  const places = (events: readonly Sent[]): number[] => events.map(({ eventId }) => arrived.lastIndexOf(eventId));
  expect(places(slow)).toStrictEqual(places(slow).toSorted((a, b) => a - b));
  expect(Math.max(...places(quick))).toBeLessThan(places(slow)[0] ?? 0);
});
