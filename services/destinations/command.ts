// What a destination's service brings to `npm run <service> -- check | setup | dry-run`: command.ts in its folder.
import { messageOf } from '../runtime/errors.ts';
import type { Destination, Place } from './consumer.ts';
import type { Section } from './section.ts';

/** Something that was looked at, in a few words, and what a person has to do when it isn't as it has to be. */
export interface Finding {
  readonly what: string;
  /** Null when all is well. */
  readonly todo: string | null;
}

/** @param look says in a few words what is there; what it throws is what has to be done. */
export async function lookAt(what: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return { what: `${what}: ${await look()}`, todo: null };
  } catch (error) {
    return { what, todo: messageOf(error) };
  }
}

export interface DestinationCommand<T> {
  readonly section: Section<T>;
  /** Whose handler the last events of the log are handed to in a dry run; a service without it has a dry run of its own, or none. */
  readonly consumer?: Destination;
  /** What `check` asks of the stack besides the vendor. */
  readonly parts?: readonly ('kafka' | 'clickhouse')[];
  /** Looks at the vendor's side; changes nothing. What it throws is a finding, too. @param env where the stack is. */
  readonly check: (place: Place<T>, env: NodeJS.ProcessEnv) => Promise<readonly Finding[]>;
  /** Makes there what is missing. */
  readonly setup?: (place: Place<T>) => Promise<readonly Finding[]>;
}
