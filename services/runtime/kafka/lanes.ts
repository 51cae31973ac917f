// What waits to be sent, divided by partition among a few lanes. A lane has one send in flight, and
// what arrives meanwhile forms its next batch: there is no linger timer, an idle system sends at
// once and a busy one batches by itself. A partition has one lane, so its order holds. While one
// lane waits for Kafka, another one's events are made; a lane per partition would cost more sends.

export interface LaneItem {
  readonly partition: number;
  readonly bytes: number;
  readonly expiresAt: number;
}

export interface LaneOptions<Item> {
  readonly lanes: number;
  readonly maxBatch: number;
  readonly maxBatchBytes: number;
  /** Never rejects. */
  readonly send: (batch: readonly Item[]) => Promise<void>;
}

interface Lane<Item> {
  queue: Item[];
  inFlight: readonly Item[];
  sending: Promise<void> | null;
}

export class Lanes<Item extends LaneItem> {
  readonly #options: LaneOptions<Item>;
  readonly #lanes = new Map<number, Lane<Item>>();

  constructor(options: LaneOptions<Item>) {
    this.#options = options;
  }

  add(item: Item): void {
    const lane = this.#laneOf(item.partition);
    lane.queue.push(item);
    lane.sending ??= this.#drain(lane);
  }

  /** Those whose time is over. They are not sent any more, but what is in flight may still arrive. */
  expired(now: number): Item[] {
    return [...this.#lanes.values()].flatMap((lane) => {
      const late = [...lane.inFlight, ...lane.queue].filter((item) => item.expiresAt <= now);
      if (late.length > 0) lane.queue = lane.queue.filter((item) => item.expiresAt > now);
      return late;
    });
  }

  /** Resolves when nothing waits any longer. */
  async empty(): Promise<void> {
    for (const lane of this.#lanes.values()) while (lane.sending !== null) await lane.sending;
  }

  #laneOf(partition: number): Lane<Item> {
    const number = partition % this.#options.lanes;
    const known = this.#lanes.get(number);
    if (known !== undefined) return known;
    const lane: Lane<Item> = { queue: [], inFlight: [], sending: null };
    this.#lanes.set(number, lane);
    return lane;
  }

  async #drain(lane: Lane<Item>): Promise<void> {
    // One turn of the event loop lets the requests that arrived together share the first batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (lane.queue.length > 0) {
      lane.inFlight = this.#takeBatch(lane.queue);
      await this.#options.send(lane.inFlight);
      lane.inFlight = [];
    }
    lane.sending = null;
  }

  #takeBatch(queue: Item[]): Item[] {
    const { maxBatch, maxBatchBytes } = this.#options;
    let count = 0;
    let bytes = 0;
    for (const item of queue) {
      bytes += item.bytes;
      if (count > 0 && (count === maxBatch || bytes > maxBatchBytes)) break;
      count++;
    }
    return queue.splice(0, count);
  }
}
