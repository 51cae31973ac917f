// The live page: one query a second for each different question, however many pages look at its answer. A page that joins gets
// the last answer at once; one that reads too slowly skips answers; when nobody looks, nothing is asked.
import type { ServerResponse } from 'node:http';
import type { Answer } from './answers.ts';

export interface Watch {
  /** Pages with the same key share their answers. */
  readonly key: string;
  readonly ask: () => Promise<Answer>;
  /** False as soon as who opened the page may not look any more. */
  readonly mayLook: () => boolean;
  /** A failure as a page may be told it. */
  readonly explain: (error: unknown) => { readonly status: number; readonly code: string; readonly message: string };
}

interface Channel {
  readonly pages: Map<ServerResponse, Watch['mayLook']>;
  /** The last answer, as it is sent. */
  message: string;
  /** What it said without its time: sent again only when that changes. */
  said: string;
}

/** A page that has so much unread gets nothing more until it has read. */
const MOST_UNREAD_BYTES = 4 * 1_048_576;
const MOST_PAGES = 2_000;

const asEvent = (name: string, data: unknown): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

export class Live {
  readonly #everyMs: number;
  readonly #channels = new Map<string, Channel>();
  #stopped = false;

  constructor(everyMs = 1_000) {
    this.#everyMs = everyMs;
  }

  get pages(): number {
    return [...this.#channels.values()].reduce((sum, { pages }) => sum + pages.size, 0);
  }

  get isFull(): boolean {
    return this.pages >= MOST_PAGES;
  }

  /** Sends the answer now and whenever it changes, until the page is closed. */
  join(watch: Watch, page: ServerResponse, headers: Readonly<Record<string, string>>): void {
    page.writeHead(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
    page.write('retry: 1000\n\n');
    const known = this.#channels.get(watch.key);
    const channel = known ?? { pages: new Map<ServerResponse, Watch['mayLook']>(), message: '', said: '' };
    channel.pages.set(page, watch.mayLook);
    page.once('close', () => channel.pages.delete(page));
    if (channel.message !== '') page.write(channel.message);
    if (known !== undefined) return;
    this.#channels.set(watch.key, channel);
    void this.#run(watch, channel);
  }

  stop(): void {
    this.#stopped = true;
    for (const { pages } of this.#channels.values()) for (const page of pages.keys()) page.end();
  }

  async #run({ key, ask, explain }: Watch, channel: Channel): Promise<void> {
    while (channel.pages.size > 0 && !this.#stopped) {
      const begun = performance.now();
      for (const [page, mayLook] of channel.pages) if (!mayLook()) page.end();
      await this.#tell(channel, ask, explain);
      const took = performance.now() - begun;
      // A query that takes long is not asked all the time.
      await new Promise((resolve) => setTimeout(resolve, Math.max(this.#everyMs - took, took)).unref());
    }
    this.#channels.delete(key);
  }

  async #tell(channel: Channel, ask: Watch['ask'], explain: Watch['explain']): Promise<void> {
    try {
      const { at, took_ms: took, read_rows: read, ...what } = await ask();
      const said = JSON.stringify(what);
      if (said === channel.said) {
        send(channel, asEvent('same', { at }));
        return;
      }
      channel.said = said;
      channel.message = asEvent('answer', { ...what, at, took_ms: took, read_rows: read });
      send(channel, channel.message);
    } catch (error) {
      channel.said = '';
      channel.message = asEvent('failed', explain(error));
      send(channel, channel.message);
    }
  }
}

function send({ pages }: Channel, message: string): void {
  for (const page of pages.keys()) if (!page.writableEnded && page.writableLength < MOST_UNREAD_BYTES) page.write(message);
}
