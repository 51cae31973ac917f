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

export interface DestinationCommand<T> {
  readonly consumer: Destination;
  readonly section: Section<T>;
  /** Looks at the vendor's side; changes nothing. What it throws is a finding, too. */
  readonly check: (place: Place<T>) => Promise<readonly Finding[]>;
  /** Makes there what is missing. */
  readonly setup?: (place: Place<T>) => Promise<readonly Finding[]>;
}

/** Looks at one thing after another, tells of each at once, and remembers what is not as it has to be. */
export class Looks {
  readonly missing: string[] = [];

  /** @param look says in a few words what is there; what it throws is what is missing. */
  async at(what: string, look: () => Promise<string>): Promise<void> {
    try {
      console.log(`ok       ${what}: ${await look()}`);
    } catch (error) {
      this.missing.push(what);
      console.log(`MISSING  ${what}: ${messageOf(error)}`);
    }
  }
}
