// In which order an incident's rows happened: that of sys_mod_count, the number of the update, so
// that a file sorted otherwise gives the same events. Rows of a log whose counts are missing keep
// the file's order. Where a count occurs twice, a row has a wrong number or a wrong time, and it
// shows in a state or an assignment that goes back and forth, or in a time that goes back; so of the
// orders by time and by count the one with the fewest of these is taken. No two rows are ever equal,
// so the file's order decides nothing.

export interface OrderedRow {
  readonly line: number;
  readonly modCount: number | null;
  readonly updatedAt: number | null;
  /** All of its cells. */
  readonly text: string;
  /** What its events are made of. */
  readonly shown: readonly (string | null)[];
}

export interface Ordered<Row> {
  readonly rows: readonly Row[];
  /** Said when sys_mod_count alone does not tell the order. */
  readonly note: string | null;
}

const byNumber = (a: number | null, b: number | null): number => (a === b ? 0 : (a ?? Infinity) - (b ?? Infinity));
const byText = (a: string, b: string): number => Number(a > b) - Number(a < b);

const byTime = (a: OrderedRow, b: OrderedRow): number => byNumber(a.updatedAt, b.updatedAt) || byNumber(a.modCount, b.modCount) || byText(a.text, b.text);
const byCount = (a: OrderedRow, b: OrderedRow): number => byNumber(a.modCount, b.modCount) || byTime(a, b);
const byCountLaterFirst = (a: OrderedRow, b: OrderedRow): number => byNumber(a.modCount, b.modCount) || byTime(b, a);

/** What changes from row to row, and how often the time goes back. The first row happens at the opening, whatever its time says. */
const turnsIn = (rows: readonly OrderedRow[]): number => rows.slice(1).reduce((turns, { shown, updatedAt }, index) => {
  const before = rows[index];
  const isBack = index > 0 && byNumber(updatedAt, before?.updatedAt ?? null) < 0;
  return turns + Number(isBack) + shown.filter((value, at) => value !== before?.shown[at]).length;
}, 0);

export function inOrder<Row extends OrderedRow>(rows: readonly Row[]): Ordered<Row> {
  const uncounted = rows.filter(({ modCount }) => modCount === null);
  if (uncounted.length > 0) {
    return { rows, note: rows.length === 1 ? null : `no sys_mod_count in line ${uncounted.map(({ line }) => line).join(', ')}; its rows keep the file's order` };
  }
  const counted = [...rows].sort(byCount);
  // A row exported twice is one update.
  const once = counted.filter((row, index) => row.modCount !== counted[index - 1]?.modCount || row.text !== counted[index - 1]?.text);
  const twice = once.filter((row, index) => row.modCount === once[index - 1]?.modCount).map(({ modCount }) => modCount ?? 0);
  if (twice.length === 0) return { rows: once, note: null };
  const orders = [byTime, byCount, byCountLaterFirst].map((order) => [...once].sort(order));
  const rowsOfFewestTurns = orders.reduce((best, order) => (turnsIn(order) < turnsIn(best) ? order : best));
  return { rows: rowsOfFewestTurns, note: `sys_mod_count ${[...new Set(twice)].join(', ')} occurs in different rows; in the order by count or time in which least changes or goes back` };
}
