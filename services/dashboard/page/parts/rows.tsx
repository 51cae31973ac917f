// Rows as a table: columns by what people call them (as in the SQL on hover), cells by their meaning: instants in the zone, seconds
// as durations, tickets as links, agents and queues by name.
import type { JSX } from 'preact';
import { changed, go, hrefOf } from '../address.ts';
import { instantOf, textOf, type Answer, type Cell, type Column } from '../api.ts';
import { useDesk, type Desk } from '../desk.ts';
import { count, dayText, duration, exactSeconds, exactTime, NONE, percent, time } from '../format.ts';
import { heading, said } from '../texts/text.ts';
import { isAgents } from '../../../../schemas/personal.ts';

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

/** Columns whose words are ours, not the CRM's. */
const OUR_WORDS = new Set(['category', 'status_category', 'outcome', 'metric', 'breached_metric', 'ended_by', 'kind', 'finding', 'changed_by_type', 'assigned_by_type', 'rule', 'data_quality', 'reason', 'why', 'channel', 'channel_type']);

function numberShown(cell: number, { name }: Column): JSX.Element | string {
  if (name.startsWith('is_')) return said(cell === 1 ? 'yes' : 'no');
  if (/share|rate|attainment/.test(name)) return percent(cell);
  return /seconds/.test(name) ? <span title={exactSeconds(cell)}>{duration(cell)}</span> : count(cell, 2);
}

/** What people call it, with what the row says on hover where that is something else. */
function named(text: string, { name }: Column, desk: Desk): JSX.Element {
  const meant = OUR_WORDS.has(name) ? said(text) : /^(from_)?queue_ids?$/.test(name) ? desk.queueName(text) : isAgents(name) ? desk.agentName(text) : text;
  return <bdi title={meant === text ? undefined : text}>{meant}</bdi>;
}

function shown(cell: Cell | undefined, column: Column, desk: Desk): JSX.Element | string | JSX.Element[] {
  if (cell === null || cell === undefined || cell === '') return NONE;
  if (column.name === 'ticket_id') return <TicketLink id={textOf(cell)} />;
  if (isInstant(column)) {
    const at = instantOf(cell);
    return at === null ? NONE : <time title={exactTime(at)}>{time(at, desk.zone, column.name === 'timestamp' ? { dateStyle: 'medium', timeStyle: 'medium' } : undefined)}</time>;
  }
  if (column.type === 'Date') return dayText(textOf(cell));
  if (typeof cell === 'number') return numberShown(cell, column);
  if (!Array.isArray(cell)) return named(textOf(cell), column, desk);
  return cell.length === 0 ? NONE : cell.map((item, nth) => <span key={nth}>{nth > 0 && ', '}{named(textOf(item as Cell), column, desk)}</span>);
}

export function Rows({ answer, caption }: { readonly answer: Answer; readonly caption: string }): JSX.Element {
  const desk = useDesk();
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
      <table class="rows">
        <caption class="hidden">{caption}</caption>
        <thead><tr>{answer.columns.map((column) => <th key={column.name} scope="col" class={isNumber(column) ? 'n' : ''} title={column.name}>{heading(column.name)}</th>)}</tr></thead>
        <tbody>
          {answer.rows.map((row, at) => (
            <tr key={at}>{answer.columns.map((column) => <td key={column.name} class={classOf(column)}>{shown(row[column.name], column, desk)}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
