// Adding up the cells of now/cells.sql: what a tile, a queue or an agent shows is a sum of some of them.
import { instantOf, numberOf, textOf, type Cell, type Row } from '../api.ts';

/** A ticket with the instant since when its customer waits, or at which a promise is due. */
export interface Moment {
  readonly at: number;
  readonly ticket: string;
  /** By Telegram id; empty while it is not known. */
  readonly customer: string;
  readonly queue: string;
  readonly assignee: string;
}

export const sumOf = (cells: readonly Row[], column: string): number => cells.reduce((sum, cell) => sum + numberOf(cell[column]), 0);

export function byKey(cells: readonly Row[], column: string): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>();
  for (const cell of cells) {
    const key = textOf(cell[column]);
    groups.set(key, [...groups.get(key) ?? [], cell]);
  }
  return groups;
}

const isMoment = (item: Cell): item is readonly [string, string, string] => Array.isArray(item) && item.length === 3 && item.every((part) => typeof part === 'string');

/** The earliest of all cells; each cell has its own earliest ones. */
export function soonest(cells: readonly Row[], column: string, most: number): readonly Moment[] {
  return cells.flatMap((cell) => {
    const pairs = cell[column];
    return (Array.isArray(pairs) ? pairs as readonly Cell[] : []).filter(isMoment).map(([since, ticket, customer]) =>
      ({ at: instantOf(since) ?? 0, ticket, customer, queue: textOf(cell['queue_id']), assignee: textOf(cell['assignee_id']) }));
  }).sort((a, b) => a.at - b.at || (a.ticket < b.ticket ? -1 : 1)).slice(0, most);
}
