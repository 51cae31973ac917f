// Keeps a service in its consumer group. kafkajs ends a consumer for good on whatever it doesn't call retriable, and the moment
// of an outage decides what that is: a broker that shuts down while the group is being joined is one of them ("group
// coordinator not found", or a TypeError of its own). Nothing of that is mended by ending the process. So a consumer that
// ended, or that neither fetches nor fails any more, is left, and after a pause another one joins, for as long as it takes.
import type { Consumer } from 'kafkajs';
import type { Stoppable } from '../lifecycle.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../logger.ts';

export interface MembershipOptions {
  readonly groupId: string;
  readonly logger: Logger;
  /** Makes one that has not begun: the one before may hold the very connections or metadata that were its end. */
  readonly create: () => Consumer;
  /** Connects, subscribes and runs it; it may fail as it likes. */
  readonly begin: (consumer: Consumer) => Promise<void>;
  /** Called with each membership of the group, also after a rebalance. */
  readonly onJoined: () => void;
  /** Whether batches are in hand, for which fetching waits. */
  readonly isBusy: () => boolean;
  readonly pauses?: Partial<Pauses>;
}

interface Pauses {
  readonly firstMs: number;
  readonly longestMs: number;
  /** Who was a member for as long as this begins with the shortest pause again. */
  readonly recoveredAfterMs: number;
  /** In the group: an idle consumer fetches every second, and a request fails after 15 s, but is sent again on a connection that is dead. */
  readonly silentAfterMs: number;
  /** Before that it waits for the sessions of members that were killed. */
  readonly joinsWithinMs: number;
  readonly lookEveryMs: number;
}

const usualPauses: Pauses = { firstMs: 200, longestMs: 5_000, recoveredAfterMs: 30_000, silentAfterMs: 20_000, joinsWithinMs: 45_000, lookEveryMs: 1_000 };

export class Membership implements Stoppable {
  readonly name = 'consumer';
  readonly #options: MembershipOptions;
  readonly #pauses: Pauses;
  /** Null between two consumers. */
  #consumer: Consumer | null = null;
  #failure: string | null = 'the consumer group is not joined yet';
  #joinedAt = Infinity;
  #losses = 0;
  #signAt = performance.now();
  #again: NodeJS.Timeout | undefined;
  #look: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#pauses = { ...usualPauses, ...options.pauses };
  }

  /** Null while it is a member; else why not. */
  failure(): string | null {
    return this.#failure;
  }

  /** Resolves when it is a member, or when the first attempt failed and others will follow. */
  async start(): Promise<void> {
    this.#look = setInterval(() => this.#leaveIfSilent(), this.#pauses.lookEveryMs).unref();
    await this.#join();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#look);
    clearTimeout(this.#again);
    this.#failure = 'the service stops';
    await this.#consumer?.disconnect();
  }

  async #join(): Promise<void> {
    const consumer = this.#options.create();
    this.#consumer = consumer;
    this.#signAt = performance.now();
    const { GROUP_JOIN, REBALANCING, CRASH, FETCH, END_BATCH_PROCESS } = consumer.events;
    // Only what the present consumer says counts.
    const isPresent = (): boolean => this.#consumer === consumer && !this.#isStopped;
    consumer.on(GROUP_JOIN, () => isPresent() && this.#joined());
    consumer.on(REBALANCING, () => {
      if (isPresent()) this.#failure = 'the consumer group rebalances';
    });
    consumer.on(CRASH, ({ payload }) => isPresent() && this.#lose(payload.error));
    for (const event of [FETCH, END_BATCH_PROCESS]) {
      consumer.on(event, () => {
        if (isPresent()) this.#signAt = performance.now();
      });
    }
    try {
      await this.#options.begin(consumer);
    } catch (error) {
      if (isPresent()) this.#lose(error);
    }
    // It was told to stop while it began, which kafkajs forgets.
    if (this.#isStopped) await consumer.disconnect().catch(() => undefined);
  }

  #joined(): void {
    this.#failure = null;
    this.#joinedAt = performance.now();
    this.#signAt = this.#joinedAt;
    if (this.#losses > 0) this.#options.logger.warn({ group: this.#options.groupId }, 'the consumer is in its group again');
    this.#options.onJoined();
  }

  /** Leaves the present consumer, whose end may never come when the broker neither answers nor hangs up, and begins another one. */
  #lose(error: unknown): void {
    const { groupId, logger } = this.#options;
    const left = this.#consumer;
    this.#consumer = null;
    left?.disconnect().catch(() => undefined);
    this.#losses = performance.now() - this.#joinedAt > this.#pauses.recoveredAfterMs ? 1 : this.#losses + 1;
    this.#joinedAt = Infinity;
    this.#failure = `the consumer lost its group: ${messageOf(error)}`;
    const delayMs = Math.min(this.#pauses.longestMs, this.#pauses.firstMs * 2 ** Math.min(this.#losses - 1, 20));
    logger.warn({ group: groupId, error: messageOf(error), losses: this.#losses, delay_ms: delayMs }, 'the consumer lost its group; it joins again');
    this.#again = setTimeout(() => void this.#join(), delayMs);
  }

  #leaveIfSilent(): void {
    if (this.#consumer === null || this.#isStopped || this.#options.isBusy()) return;
    const silentMs = performance.now() - this.#signAt;
    const { silentAfterMs, joinsWithinMs } = this.#pauses;
    if (silentMs > (this.#failure === null ? silentAfterMs : joinsWithinMs)) this.#lose(new Error(`nothing was fetched for ${Math.round(silentMs / 1_000)} s`));
  }
}
