// A figure of few cases with what it is worth: how many they are, and where the true one lies with 95 % certainty, as words and
// as a bar on one scale for all that stand in a column. Where cases are too few to bound it, that is said instead.
import type { JSX } from 'preact';
import { numberOf, numberOrNull, type Row } from '../api.ts';
import { count, NONE } from '../format.ts';
import { t } from '../texts/text.ts';
import { Figure, type Drill } from './figure.tsx';

interface MeasuredProps {
  readonly row: Row;
  /** The figure's column; its interval is in those called likely_from and likely_to after it. */
  readonly of: string;
  readonly n: number;
  /** What they are, where the heading doesn't say it. */
  readonly cases?: string;
  readonly label: string;
  readonly drill: Drill;
  /** Where the scale ends. */
  readonly most: number;
  readonly format: (value: number) => string;
  readonly exact?: (value: number) => string;
}

function Interval({ from, to, value, most }: { readonly from: number; readonly to: number; readonly value: number; readonly most: number }): JSX.Element {
  const at = (place: number): string => `${Math.min(100, (place / most) * 100)}%`;
  return <span class="range" aria-hidden="true"><i style={{ left: at(from), width: `calc(${at(to)} - ${at(from)})` }} /><b style={{ left: `min(${at(value)}, 100% - 2px)` }} /></span>;
}

export function Measured({ row, of, n, cases = `n ${count(n)}`, label, drill, most, format, exact }: MeasuredProps): JSX.Element {
  const value = numberOrNull(row[of]);
  if (value === null) return <span>{NONE}</span>;
  const [from, to] = [row[`${of}_likely_from`], row[`${of}_likely_to`]].map(numberOrNull);
  return (
    <>
      <Figure label={label} title={exact?.(value)} drill={drill}>{format(value)}</Figure>
      <span class="note">{cases}</span>
      {typeof from === 'number' && typeof to === 'number'
        ? <><Interval from={from} to={to} value={value} most={most} /><span class="note under">{t('likely', { from: format(from), to: format(to) })}</span></>
        : <span class="note under">{t('too_few')}</span>}
    </>
  );
}

/** The end of a scale that all figures of a column, and their intervals, are on. */
export const mostOf = (rows: readonly Row[], columns: readonly string[]): number =>
  Math.max(...rows.flatMap((row) => columns.flatMap((of) => [numberOf(row[of]), numberOf(row[`${of}_likely_to`])]))) || 1;
