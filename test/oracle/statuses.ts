// Which category a CRM's status name belongs to, and when two names are the same status.

export type StatusCategory = 'new' | 'open' | 'pending' | 'on_hold' | 'solved' | 'closed';

/** Normalised name → category; a name that ends in `*` matches every name that starts so. */
export type StatusMap = Readonly<Record<string, StatusCategory>>;

export const defaultStatusMap: StatusMap = {
  'new': 'new',
  'open': 'open',
  'active': 'open',
  'in progress': 'open',
  'assigned': 'open',
  'work in progress': 'open',
  'reopened': 'open',
  'pending': 'pending',
  'awaiting user info': 'pending',
  'waiting on customer': 'pending',
  'awaiting customer': 'pending',
  'on hold': 'on_hold',
  'awaiting *': 'on_hold',
  'solved': 'solved',
  'resolved': 'solved',
  'done': 'solved',
  'closed': 'closed',
};

/** Section 9: compared without case, with `_` and `-` as blanks. */
export function normaliseStatus(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, ' ');
}

export function sameStatus(a: string, b: string): boolean {
  return normaliseStatus(a) === normaliseStatus(b);
}

/** null = no entry of the map fits; such a status counts as `open` and is reported. */
export function findCategory(name: string, map: StatusMap): StatusCategory | null {
  const wanted = normaliseStatus(name);
  for (const [entry, category] of Object.entries(map)) {
    if (!entry.endsWith('*') && normaliseStatus(entry) === wanted) return category;
  }
  for (const [entry, category] of Object.entries(map)) {
    if (entry.endsWith('*') && wanted.startsWith(normaliseStatus(entry.slice(0, -1)))) return category;
  }
  return null;
}

export function categoryOf(name: string, map: StatusMap): StatusCategory {
  return findCategory(name, map) ?? 'open';
}

export function isFinished(category: StatusCategory): boolean {
  return category === 'solved' || category === 'closed';
}

/** New and open: the agent's turn. */
export function isAgentsTurn(category: StatusCategory): boolean {
  return category === 'new' || category === 'open';
}
