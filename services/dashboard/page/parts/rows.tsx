// Rows as a table, columns called as in the SQL, cells by their meaning: instants in the zone, seconds as durations, tickets as links.
import type { JSX } from 'preact';
import { changed, go, hrefOf } from '../address.ts';
import { instantOf, textOf, type Answer, type Cell, type Column } from '../api.ts';
import { useDesk } from '../desk.ts';
import { count, duration, exactSeconds, exactTime, NONE, percent, time } from '../format.ts';

const isInstant = ({ type }: Column): boolean => /DateTime/.test(type);
/** Text of many words, shown whole. */
const isLong = ({ name }: Column): boolean => name === 'first_lines' || name === 'detail';
const classOf = (column: Column): string => (isNumber(column) ? 'n' : isLong(column) ? 'long' : '');
const isNumber = ({ type }: Column): boolean => /^(LowCardinality\()?(Nullable\()?(U?Int|Float|Decimal)/.test(type);

export function TicketLink({ id }: { readonly id: string }): JSX.Element {
  const desk = useDesk();
  const href = hrefOf('ticket', changed(desk.query, { ticket: id }));
  const follow = (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.pushState(null, '', href);
    go({}, { replace: true });
  };
  return <a class="ticket" href={href} onClick={follow}>{id}</a>;
}

function shown(cell: Cell | undefined, column: Column, zone: string): JSX.Element | string {
  if (cell === null || cell === undefined || cell === '') return NONE;
  if (column.name === 'ticket_id') return <TicketLink id={textOf(cell)} />;
  if (isInstant(column)) {
    const at = instantOf(cell);
    return at === null ? NONE : <time title={exactTime(at)}>{time(at, zone)}</time>;
  }
  if (typeof cell === 'number') {
    if (/seconds|likely_(from|to)/.test(column.name) && !/share|rate/.test(column.name)) return <span title={exactSeconds(cell)}>{duration(cell)}</span>;
    return /share|rate|attainment|unsolved/.test(column.name) ? percent(cell) : count(cell, 2);
  }
  return <bdi>{Array.isArray(cell) ? cell.map((item) => textOf(item as Cell)).join(', ') : textOf(cell)}</bdi>;
}

export function Rows({ answer, caption }: { readonly answer: Answer; readonly caption: string }): JSX.Element {
  const { zone } = useDesk();
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
      <table class="rows">
        <caption class="hidden">{caption}</caption>
        <thead><tr>{answer.columns.map((column) => <th key={column.name} scope="col" class={isNumber(column) ? 'n' : ''}>{column.name}</th>)}</tr></thead>
        <tbody>
          {answer.rows.map((row, at) => (
            <tr key={at}>{answer.columns.map((column) => <td key={column.name} class={classOf(column)}>{shown(row[column.name], column, zone)}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
