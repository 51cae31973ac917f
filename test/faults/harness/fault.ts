// What a fault is: what it breaks, how often, and what it sends besides the load. All else, load, recovery, checking, is the
// harness's (run.ts). A file in ../cases is one fault, found by its folder.
import type { Invariant, Violation } from './judge.ts';
import type { Random } from '../../../infra/demo/random.ts';
import type { Request, Sent } from './history.ts';
import type { StackKind } from './parts.ts';
import type { Integration, FaultStack } from './stack.ts';

export interface Fault {
  /** As the list of faults names it, e.g. F8; several cases of one fault have a letter behind it. */
  readonly id: string;
  /** What happens, as a short sentence. */
  readonly title: string;
  /** Injections in `npm test`, where 0 leaves it out, and in `npm run test:faults`. */
  readonly times: { readonly small: number; readonly full: number };
  /** What it needs; one broker and the machine's disks, unless something else is said. Those that need more are not in `npm test`. */
  readonly on?: StackKind;
  /** Events per second of the load beside it; 25 by default, 0 for none. */
  readonly perSecond?: number;
  /** What its integration has besides a secret. */
  readonly integration?: Partial<Integration>;
  /** Other integrations that it needs, as they are at the start. */
  readonly integrations?: readonly Integration[];
  /** Recovery is measured after each injection; false for those after which nothing has to recover. */
  readonly recovers?: boolean;
  /** Groups are set back, by an operator or by Kafka itself: offsets may be seen to go backwards. */
  readonly rewinds?: boolean;
  /** Before the load begins. */
  readonly prepare?: (scene: Scene) => Promise<void>;
  /** One injection, healed when it resolves. */
  readonly inject: (scene: Scene, turn: number) => Promise<void>;
  /** When the load has ended and all was settled: what else has to hold. */
  readonly finish?: (scene: Scene) => Promise<void>;
}

export const defineFault = (fault: Fault): Fault => fault;

/** What an injection works with. */
export interface Scene {
  readonly stack: FaultStack;
  readonly random: Random;
  /** Of the load, whose events the checker knows all. */
  readonly integrationId: string;
  /** How many injections there are. */
  readonly times: number;
  readonly size: 'small' | 'full';
  /** Distinguishes this run's ids from those of all others. */
  readonly seed: string;
  /** Sends one event once, into the same history as the load. */
  readonly send: (event: Sent, options?: { url?: string; headers?: Readonly<Record<string, string>> }) => Promise<Request>;
  /** The same again until it has a 2xx, within 60 s. */
  readonly sendUntilAccepted: (event: Sent, url?: string) => Promise<Request>;
  /** Events that another producer appended to the log: as good as acknowledged. */
  readonly appended: (events: readonly Sent[]) => void;
  /** Sends an event of a new ticket and waits until every table has it: for what goes on while something is broken. */
  readonly arrives: () => Promise<void>;
  /** Moves the load to another door. */
  readonly aim: (url: string) => void;
  /** Waits up to so long, by chance. */
  readonly pause: (maxMs: number) => Promise<void>;
  /** What the sender knows so far. */
  readonly requests: () => readonly Request[];
  /** Notes what must not be. */
  readonly fail: (invariant: Invariant, what: string, eventIds?: readonly string[]) => void;
  readonly violations: readonly Violation[];
  /** Shown beside the result. */
  readonly note: (text: string) => void;
  /** Times how long it takes from now until every service is ready and a new event has come all the way. */
  readonly recovered: () => Promise<void>;
  /** Looks at what a group has committed and what is in its table; judged at the end. */
  readonly audit: (group: string) => Promise<void>;
  /** Events of this integration are looked at, too. */
  readonly watch: (integrationId: string) => void;
  /** Resolves when everything that the log holds now has been projected. */
  readonly settled: () => Promise<void>;
}
