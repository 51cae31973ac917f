// Finds batches that are in hand and get nowhere. A handler that waits for something that is away says so again and again; one
// that hangs says nothing. Its group never learns of it, since a consumer's other connections send heartbeats in its place
// (kafkajs's issue 1616), and its partition would wait for ever.

/** A batch in hand. */
export interface Watched {
  /** It got somewhere, or knows why it doesn't. */
  readonly alive: () => void;
  readonly end: () => void;
}

export class StuckBatches {
  readonly #now: () => number;
  /** Where the batch is from, and when it was last heard of. */
  readonly #inHand = new Set<{ readonly place: string; at: number }>();

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get isEmpty(): boolean {
    return this.#inHand.size === 0;
  }

  begin(place: string): Watched {
    const entry = { place, at: this.#now() };
    this.#inHand.add(entry);
    return {
      alive: () => {
        entry.at = this.#now();
      },
      end: () => {
        this.#inHand.delete(entry);
      },
    };
  }

  /** The one that was silent the longest. */
  longest(): { readonly place: string; readonly silentMs: number } | null {
    const [first] = [...this.#inHand].sort((a, b) => a.at - b.at);
    return first === undefined ? null : { place: first.place, silentMs: this.#now() - first.at };
  }
}
