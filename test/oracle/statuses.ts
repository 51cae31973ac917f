// Which category a CRM's status name belongs to, and when two names are the same status.

export type StatusCategory = 'new' | 'open' | 'pending' | 'on_hold' | 'solved' | 'closed' | 'discarded';

/** Normalised name → category; a name that ends in `*` matches every name that starts so. */
export type StatusMap = Readonly<Record<string, StatusCategory>>;

/** What is known out of the box. To await the customer, who is meant when nobody else is named, is pending; whoever else is awaited is a third party. */
export const defaultStatusMap: StatusMap = {
  'new': 'new',
  'created': 'new',
  'open': 'open',
  'opened': 'open',
  'reopened': 'open',
  'active': 'open',
  'in progress': 'open',
  'work in progress': 'open',
  'assigned': 'open',
  'pending': 'pending',
  'pending customer': 'pending',
  'awaiting user': 'pending',
  'awaiting user info': 'pending',
  'awaiting customer': 'pending',
  'awaiting reply': 'pending',
  'waiting for customer': 'pending',
  'waiting on customer': 'pending',
  'snoozed': 'pending',
  'hold': 'on_hold',
  'on hold': 'on_hold',
  'onhold': 'on_hold',
  'waiting for third party': 'on_hold',
  'waiting on third party': 'on_hold',
  'blocked': 'on_hold',
  'awaiting *': 'on_hold',
  'solved': 'solved',
  'resolved': 'solved',
  'done': 'solved',
  'completed': 'solved',
  'closed': 'closed',
  'archived': 'closed',
  'discarded': 'discarded',
  'merged': 'discarded',
  'spam': 'discarded',
  'deleted': 'discarded',
  'duplicate': 'discarded',
};

/** The status key (section 9): without case, `_` and `-` are blanks, runs of blanks are one, none at the ends. */
export function normaliseStatus(name: string): string {
  return name.toLowerCase().split(/[\s_-]+/).filter((word) => word !== '').join(' ');
}

export function sameStatus(a: string, b: string): boolean {
  return normaliseStatus(a) === normaliseStatus(b);
}

function findInMap(name: string, map: StatusMap): StatusCategory | null {
  const wanted = normaliseStatus(name);
  const entries = Object.entries(map).map(([entry, category]) => ({ entry: normaliseStatus(entry), category }));
  const whole = entries.find(({ entry }) => entry === wanted);
  const beginnings = entries.filter(({ entry }) => entry.endsWith('*') && wanted.startsWith(entry.slice(0, -1)));
  const longest = beginnings.sort((a, b) => b.entry.length - a.entry.length)[0];
  return (whole ?? longest)?.category ?? null;
}

/** By the first map that knows the name, an integration's own before the default one; null = none does, which is reported. */
export function findCategory(name: string, maps: readonly StatusMap[]): StatusCategory | null {
  for (const map of maps) {
    const found = findInMap(name, map);
    if (found !== null) return found;
  }
  return null;
}

/** An unknown status counts as open. */
export function categoryOf(name: string, maps: readonly StatusMap[]): StatusCategory {
  return findCategory(name, maps) ?? 'open';
}

/** Over: solved, closed, or discarded without having been solved. */
export function isOver(category: StatusCategory): boolean {
  return category === 'solved' || category === 'closed' || category === 'discarded';
}

/** New and open: the agent's turn. */
export function isAgentsTurn(category: StatusCategory): boolean {
  return category === 'new' || category === 'open';
}
