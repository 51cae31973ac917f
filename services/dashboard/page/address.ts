// Where one is: the address holds everything that a page depends on, so a link is the whole view. Nothing else keeps state but
// the theme.
import { useEffect, useState } from 'preact/hooks';

export type Changes = Readonly<Record<string, string | readonly string[] | null>>;

export interface Place {
  readonly page: string;
  readonly query: URLSearchParams;
}

const placeOf = ({ pathname, search }: Location): Place => ({ page: pathname.replaceAll('/', '') || 'now', query: new URLSearchParams(search) });

const listeners = new Set<() => void>();
const told = (): void => {
  for (const listener of listeners) listener();
};

export function changed(query: URLSearchParams, changes: Changes): URLSearchParams {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name);
    if (value === null) continue;
    for (const item of typeof value === 'string' ? [value] : value) next.append(name, item);
  }
  return next;
}

export const hrefOf = (page: string, query: URLSearchParams): string => `/${page}${query.size === 0 ? '' : `?${query.toString()}`}`;

export function go(changes: Changes, to: { readonly page?: string; readonly replace?: boolean } = {}): void {
  const { page, query } = placeOf(location);
  const href = hrefOf(to.page ?? page, changed(query, changes));
  if (to.replace === true) history.replaceState(null, '', href);
  else history.pushState(null, '', href);
  told();
}

export function usePlace(): Place {
  const [place, setPlace] = useState(() => placeOf(location));
  useEffect(() => {
    const update = (): void => setPlace(placeOf(location));
    listeners.add(update);
    addEventListener('popstate', update);
    return () => {
      listeners.delete(update);
      removeEventListener('popstate', update);
    };
  }, []);
  return place;
}

/** What of the address is about the opened number, not the page. */
export const DRILL = 'open';
export const withoutDrill = (query: URLSearchParams): Changes =>
  Object.fromEntries([...query.keys()].filter((name) => name === DRILL || name === 'made' || name.startsWith('o.')).map((name) => [name, null]));
