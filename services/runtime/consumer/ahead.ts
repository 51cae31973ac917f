// Reading on while a tenant's sink is away. What waits is tried again at intervals from its first event on; meanwhile the partition
// is read further for all other tenants. Of a tenant that waits nothing later is tried before the earlier, so its order holds.
//
// A cycle begins at the first event that isn't done. Whoever waits in it is blocked for the rest of it. Between there and the
// frontier, up to which others were served, only events of tenants that owe something are left: once all of those are blocked,
// that stretch needs not be read, and it is gone on at the frontier.

export type Move = { readonly kind: 'on' } | { readonly kind: 'to'; readonly offset: number } | { readonly kind: 'back'; readonly inMs: number };

/** Records of a partition behind the first that waits. What is done there is remembered by offset, here and (as far as there is room) in the commit. */
const MOST_AHEAD = 200_000;

export class ReadAhead {
  readonly #most: number;
  readonly #blocked = new Set<string>();
  #owing: ReadonlySet<string> = new Set();
  #frontier = -1;
  /** Where the next batch begins when it goes on from this one. */
  #expected = Infinity;
  #retryAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(most = MOST_AHEAD) {
    this.#most = most;
  }

  /** Whether something before this waits. */
  get isAhead(): boolean {
    return this.#blocked.size > 0;
  }

  isBlocked(tenant: string): boolean {
    return this.#blocked.has(tenant);
  }

  /** Whether a batch that begins there goes on from the last one. If not, the caller goes back to the first that isn't done. */
  continuesAt(offset: number): boolean {
    clearTimeout(this.#timer);
    return this.isAhead && offset >= this.#expected;
  }

  beginCycle(): void {
    clearTimeout(this.#timer);
    this.#blocked.clear();
    this.#expected = Infinity;
  }

  /** Another may have had the partition meanwhile. */
  forget(): void {
    this.beginCycle();
    this.#frontier = -1;
    this.#owing = new Set();
  }

  retryAfter(ms: number): void {
    this.#retryAt = Date.now() + ms;
  }

  /**
   * A batch is through, but for what waits.
   * @param tenants of which something in it isn't done. @param next the offset behind it. @param first the first that isn't done.
   */
  move({ tenants, next, first }: { readonly tenants: Iterable<string>; readonly next: number; readonly first: number }): Move {
    for (const tenant of tenants) this.#blocked.add(tenant);
    const inMs = Math.max(0, this.#retryAt - Date.now());
    if (next >= this.#frontier) [this.#frontier, this.#owing] = [next, new Set(this.#blocked)];
    if (inMs === 0 || this.#frontier - first > this.#most) return { kind: 'back', inMs };
    const isKnown = next < this.#frontier && [...this.#owing].every((tenant) => this.#blocked.has(tenant));
    this.#expected = isKnown ? this.#frontier : next;
    return isKnown ? { kind: 'to', offset: this.#frontier } : { kind: 'on' };
  }

  /** Unless a batch comes before: at the log's end none may. */
  whenDue(back: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#expected = Infinity;
      back();
    }, Math.max(0, this.#retryAt - Date.now())).unref();
  }
}
