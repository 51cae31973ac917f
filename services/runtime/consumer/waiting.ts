// What of a batch waits to be tried again, and whether trying more of it is worth the while.
//
// When many events wait because a sink is away, the others would wait too. When many of one tenant's events fail, that says
// nothing about another tenant's: those are tried, or one tenant's bad events would hold up all that lie behind them.

/** `failure`: the event failed and has tries left. `handler`: so many failed for good that the handler seems to be at fault. */
export type WaitCause = 'failure' | 'outage' | 'handler';

interface Waiting {
  readonly cause: WaitCause;
  readonly reason: string;
  readonly tenant: string;
}

export class WaitingEvents {
  /** Of one kind: after so many nothing more is tried. */
  readonly #enough: number;
  readonly #sinkPerTenant: boolean;
  readonly #events: Waiting[] = [];

  constructor(enough: number, sinkPerTenant = false) {
    this.#enough = enough;
    this.#sinkPerTenant = sinkPerTenant;
  }

  add(event: Waiting): void {
    this.#events.push(event);
  }

  /** Whether an event of this tenant isn't tried for now. */
  isEnoughOf(tenant: string): boolean {
    const outages = this.#sinkPerTenant ? 0 : this.#events.filter(({ cause }) => cause === 'outage').length;
    return outages >= this.#enough || this.#events.filter((event) => event.tenant === tenant).length >= this.#enough;
  }

  /** Whether everything that waits does so for its tenant's sink. */
  get areOfSinks(): boolean {
    return this.#sinkPerTenant && this.#events.every(({ cause }) => cause === 'outage');
  }

  /** What to tell of why the partition waits: an outage before a failure. */
  told(): Waiting | undefined {
    return this.#events.find(({ cause }) => cause !== 'failure') ?? this.#events[0];
  }
}
