// How far a partition is when tickets are handled side by side: everything below `next` is done,
// and so are single offsets beyond it while a slow one holds `next` back. Both are kept in the
// group's committed offset, the single ones as a note in the commit's metadata, so that whoever
// takes the partition over repeats only what really wasn't done.
//
// "Done" is a fact that never becomes false, so what several sources know can simply be joined.

/** Kafka keeps 4,096 bytes of metadata; what doesn't fit is repeated, and found by the dedupe window or the sink. */
const MAX_NOTE = 4_000;

export class Progress {
  #next: number;
  readonly #beyond = new Set<number>();

  constructor(next: number) {
    this.#next = next;
  }

  /** The lowest offset that isn't done: the one to commit. */
  get next(): number {
    return this.#next;
  }

  isDone(offset: number): boolean {
    return offset < this.#next || this.#beyond.has(offset);
  }

  done(offset: number): void {
    if (offset < this.#next) return;
    this.#beyond.add(offset);
    while (this.#beyond.delete(this.#next)) this.#next += 1;
  }

  /** Everything below is done, or isn't in the log. */
  advance(next: number): void {
    if (next <= this.#next) return;
    this.#next = next;
    for (const offset of this.#beyond) if (offset < next) this.#beyond.delete(offset);
    while (this.#beyond.delete(this.#next)) this.#next += 1;
  }

  /** The single offsets beyond `next` as ranges relative to it, e.g. `done 1-4,9`; empty when there are none. */
  note(): string {
    const ranges: string[] = [];
    let length = 0;
    for (const [from, to] of this.#ranges()) {
      const range = from === to ? `${from - this.#next}` : `${from - this.#next}-${to - this.#next}`;
      length += range.length + 1;
      if (length > MAX_NOTE) break;
      ranges.push(range);
    }
    return ranges.length === 0 ? '' : `done ${ranges.join(',')}`;
  }

  /** In order, the first ones only as far as somebody asks for more: there may be very many, and a commit has room for a few. */
  *#ranges(): Generator<[number, number]> {
    let left = this.#beyond.size;
    for (let from = this.#next + 1; left > 0; from++) {
      if (!this.#beyond.has(from)) continue;
      let to = from;
      while (this.#beyond.has(to + 1)) to += 1;
      left -= to - from + 1;
      yield [from, to];
      from = to + 1;
    }
  }

  /** Takes in what a commit says; a note that isn't ours says nothing. */
  join(committed: number, note: string): void {
    this.advance(committed);
    if (!/^done \d+(-\d+)?(,\d+(-\d+)?)*$/.test(note)) return;
    for (const range of note.slice('done '.length).split(',')) {
      const [from = 0, to = from] = range.split('-').map(Number);
      // A range longer than any batch is not ours either.
      for (let offset = from; offset <= Math.min(to, from + 1_000_000); offset++) this.done(committed + offset);
    }
  }
}
