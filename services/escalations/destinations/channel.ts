// What each kind of destination is to the pager: how it takes alerts, and how one message goes out.
import type { OpenApi } from '../../destinations/consumer.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Tracked } from '../book.ts';
import type { Manner, Work } from '../plan.ts';
import type { EscalationsSection } from '../section.ts';

export interface Delivery extends Work {
  readonly now: number;
  readonly signal: AbortSignal;
  /** An earlier try may have gone through. */
  readonly mayBeRepeated: boolean;
}

export interface Channel {
  readonly name: string;
  readonly manner: Manner;
  /** Whether the receiver tells a repetition from something new, so that a try that broke off may simply be made again. */
  readonly isKeyed: boolean;
  /** @returns what the destination calls the message. @throws NotNow, Refused. */
  readonly send: (delivery: Delivery) => Promise<number | undefined>;
  /** Looks whether the destination would take something, as far as that can be seen without telling anybody. @returns what was seen. @throws what is wrong. */
  readonly check: () => Promise<string>;
  /** Of a destination that forgets what it isn't told again: all that is open. */
  readonly renew?: { readonly everyMs: number; readonly send: (open: readonly Tracked[], at: Pick<Delivery, 'now' | 'signal'>) => Promise<void> };
}

export interface ChannelPlace {
  readonly name: string;
  readonly section: EscalationsSection;
  readonly api: OpenApi;
  readonly logger: Logger;
}

/** Our own settings are at fault, not the alert: it waits until somebody mends them. */
export const ourFault = [401, 403, 404];
