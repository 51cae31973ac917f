// What a CRM's status means: names are compared by key and mapped to a category by the desk's status map.

export type Category = 'new' | 'open' | 'pending' | 'on_hold' | 'solved' | 'closed' | 'discarded';

/** A status as one event sent it. */
export interface Status {
  /** Shown as sent. */
  readonly name: string;
  readonly key: string;
  readonly category: Category;
  /** Nobody knows an unknown one; it counts as open and gives a data-quality finding. */
  readonly isKnown: boolean;
}

/** Over: nothing is expected of anybody any more. Discarded is over without having been solved. */
export const isOver = (category: Category): boolean => category === 'solved' || category === 'closed' || category === 'discarded';

/** The agents' turn: what counts as work and as held. */
export const isAgentsTurn = (category: Category): boolean => category === 'new' || category === 'open';

/** Names are compared without case, with _ and - as blanks, trimmed, runs of blanks as one. */
export const statusKey = (name: string): string => name.toLowerCase().replaceAll(/[\s_-]+/g, ' ').trim();

/** Category by status; * at the end of a name stands for anything that follows. */
export type StatusNames = Readonly<Record<string, Category>>;

export const builtInStatuses: StatusNames = {
  'new': 'new', 'created': 'new',
  'open': 'open', 'opened': 'open', 'reopened': 'open', 'active': 'open', 'in progress': 'open', 'work in progress': 'open', 'assigned': 'open',
  'pending': 'pending', 'awaiting user info': 'pending', 'awaiting user': 'pending', 'awaiting customer': 'pending', 'awaiting reply': 'pending',
  'waiting for customer': 'pending', 'waiting on customer': 'pending', 'pending customer': 'pending', 'snoozed': 'pending',
  'on hold': 'on_hold', 'onhold': 'on_hold', 'hold': 'on_hold', 'waiting for third party': 'on_hold', 'waiting on third party': 'on_hold',
  'blocked': 'on_hold', 'awaiting *': 'on_hold',
  'solved': 'solved', 'resolved': 'solved', 'done': 'solved', 'completed': 'solved',
  'closed': 'closed', 'archived': 'closed',
  'discarded': 'discarded', 'merged': 'discarded', 'spam': 'discarded', 'deleted': 'discarded', 'duplicate': 'discarded',
};

interface Layer {
  readonly names: ReadonlyMap<string, Category>;
  /** The longest first. */
  readonly beginnings: readonly (readonly [string, Category])[];
}

function layerOf(statuses: StatusNames): Layer {
  const entries = Object.entries(statuses).map(([name, category]) => [statusKey(name), category] as const);
  const beginnings = entries.filter(([key]) => key.endsWith('*')).map(([key, category]) => [key.slice(0, -1), category] as const);
  return {
    names: new Map(entries.filter(([key]) => !key.endsWith('*'))),
    beginnings: beginnings.sort(([a], [b]) => b.length - a.length),
  };
}

/** A whole name comes before a beginning, a long beginning before a short one. */
const lookUp = ({ names, beginnings }: Layer, key: string): Category | undefined =>
  names.get(key) ?? beginnings.find(([beginning]) => key.startsWith(beginning))?.[1];

/** A CRM uses a dozen statuses, so each is read once. Whoever invents one per ticket doesn't fill the memory. */
const MOST_REMEMBERED = 10_000;

export class StatusMap {
  readonly #layers: readonly Layer[];
  readonly #read = new Map<string, Status>();

  /** A tenant's own entries come before the ones for all, and those before what is built in. */
  constructor(own: StatusNames = {}, forAll: StatusNames = {}) {
    const keyed = (statuses: StatusNames): StatusNames => Object.fromEntries(Object.entries(statuses).map(([name, category]) => [statusKey(name), category]));
    this.#layers = [layerOf(own), layerOf({ ...builtInStatuses, ...keyed(forAll) })];
  }

  read(name: string): Status {
    const known = this.#read.get(name);
    if (known !== undefined) return known;
    if (this.#read.size >= MOST_REMEMBERED) this.#read.clear();
    const status = this.#interpret(name);
    this.#read.set(name, status);
    return status;
  }

  #interpret(name: string): Status {
    const key = statusKey(name);
    for (const layer of this.#layers) {
      const category = lookUp(layer, key);
      if (category !== undefined) return { name, key, category, isKnown: true };
    }
    return { name, key, category: 'open', isKnown: false };
  }
}
