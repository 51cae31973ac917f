// One ticket: found by its id, then its life as a swim lane, the facts and the events behind it.
import type { JSX } from 'preact';
import { changed, go, usePlace } from '../address.ts';
import { instantOf, numberOf, numberOrNull, textOf, useAnswer, type Answer, type Row } from '../api.ts';
import { useDesk } from '../desk.ts';
import { count, duration, exactSeconds, NONE, percent, time } from '../format.ts';
import { Answered, Panel } from '../parts/panel.tsx';
import { Rows } from '../parts/rows.tsx';
import { said, t, type TextKey } from '../texts/text.ts';
import { lanesOf, type Lane } from './ticket-lanes.ts';

function Search(): JSX.Element {
  const { query } = usePlace();
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const search = new FormData(event.currentTarget as HTMLFormElement).get('search');
    go({ search: typeof search === 'string' ? search.trim() : '', ticket: null });
  };
  return (
    <form class="search" role="search" onSubmit={submit}>
      <input name="search" type="search" aria-label={t('search')} placeholder={t('search_hint')} value={query.get('search') ?? ''} />
      <button type="submit" class="primary">{t('search')}</button>
    </form>
  );
}

function Found({ search }: { readonly search: string }): JSX.Element {
  const desk = useDesk();
  const asked = useAnswer('ticket/search', changed(desk.query, { search, limit: '50' }));
  return <Panel title={search === '' ? t('latest_tickets') : t('found', { search })} source={{ made: 'ticket/search', only: { search } }} wide><Answered asked={asked} inRange={false}>{(answer) => <Rows answer={answer} caption={t('latest_tickets')} />}</Answered></Panel>;
}

const PARTS = ['ticket', 'intervals', 'stations', 'waits', 'turns', 'timers', 'escalations', 'findings', 'events'] as const;
type Part = (typeof PARTS)[number];
const SHOWN_AS_TABLES = ['events', 'waits', 'stations', 'turns', 'timers', 'escalations', 'findings'] as const satisfies readonly Part[];

const DURATIONS = ['first_response_seconds', 'full_resolution_seconds', 'unassigned_seconds'] as const;
const COUNTS = ['agent_replies', 'customer_messages', 'private_notes', 'stations', 'handoffs', 'reopens'] as const;

/** What it waited for while it was not solved: the three add up to that time. Time with the requester waiting holds the time on hold, too. */
function WaitedFor({ row }: { readonly row: Row }): JSX.Element {
  const onHold = numberOf(row['on_hold_seconds']);
  const parts = [['with_us', numberOf(row['requester_wait_seconds']) - onHold, 'age3'], ['with_customer', numberOf(row['pending_seconds']), 'age4'], ['status_on_hold', onHold, 'age5']] as const;
  const total = Math.max(1, parts.reduce((sum, [, seconds]) => sum + seconds, 0));
  return (
    <>
      <h3>{t('waited_for')}</h3>
      <span class="bar tall" aria-hidden="true">{parts.map(([name, seconds, look]) => <i key={name} class={look} style={{ flexGrow: seconds / total }} />)}</span>
      <dl class="facts">{parts.map(([name, seconds, look]) => <div key={name}><dt class="legend"><span><i class={look} />{t(name)}</span></dt><dd title={exactSeconds(seconds)}>{duration(seconds)} <span class="note">{percent(seconds / total)}</span></dd></div>)}</dl>
    </>
  );
}

function Facts({ row }: { readonly row: Row }): JSX.Element {
  const desk = useDesk();
  const told: readonly (readonly [TextKey, string])[] = [
    ['status', textOf(row['status'])], ['queue', desk.queueName(textOf(row['queue_id']))], ['agent', desk.agentName(textOf(row['assignee_id']))],
    ['customer', textOf(row['customer_telegram_user_id']) || NONE], ['channel', said(textOf(row['channel_type']))], ['language', textOf(row['customer_language_code']) || t('no_language')], ['created', time(instantOf(row['created_at']) ?? 0, desk.zone)],
  ];
  return (
    <>
      <dl class="facts">{told.map(([key, text]) => <div key={key}><dt>{t(key)}</dt><dd><bdi>{text}</bdi></dd></div>)}</dl>
      <dl class="facts">
        {DURATIONS.map((name) => <div key={name}><dt>{t(`fact_${name}`)}</dt><dd title={exactSeconds(numberOf(row[name]))}>{duration(numberOrNull(row[name]))}</dd></div>)}
        {COUNTS.map((name) => <div key={name}><dt>{t(`fact_${name}`)}</dt><dd>{count(numberOf(row[name]))}</dd></div>)}
      </dl>
      <WaitedFor row={row} />
    </>
  );
}

const [LANE, TOP, LEFT, WIDTH] = [30, 22, 110, 1_000];

function LaneShape({ lane, at, y }: { readonly lane: Lane; readonly at: (instant: number) => number; readonly y: number }): JSX.Element {
  const desk = useDesk();
  return (
    <g>
      <text x={0} y={y + 15} class="lane">{t(lane.name)}</text>
      {lane.spans.map((span, nth) => {
        const [from, to] = [at(span.from), at(span.to)];
        const name = span.agent === undefined ? span.text : desk.agentName(span.agent);
        return (
          <g key={nth}>
            <rect x={from} y={y} width={Math.max(2, to - from)} height={LANE - 10} rx={3} class={`span ${span.look}`}>
              <title>{`${name}: ${time(span.from, desk.zone)} – ${span.isOpen ? t('until_now') : time(span.to, desk.zone)}, ${duration((span.to - span.from) / 1_000)}`}</title>
            </rect>
            {to - from > name.length * 7 + 8 && <text x={from + 5} y={y + 14} class="inside">{name}</text>}
          </g>
        );
      })}
      {lane.points.map((point, nth) => <circle key={nth} cx={at(point.at)} cy={y + 10} r={4.5} class={`point ${point.look}`}><title>{`${point.agent === undefined ? '' : `${desk.agentName(point.agent)} `}${point.text}: ${time(point.at, desk.zone)}`}</title></circle>)}
    </g>
  );
}

/** Time runs to the right, evenly; a lane for each kind of thing that lasts or happens. */
function SwimLane({ answers }: { readonly answers: Readonly<Record<Part, Answer>> }): JSX.Element {
  const desk = useDesk();
  const { lanes, from, to } = lanesOf(answers, Date.now());
  const at = (instant: number): number => LEFT + Math.min(1, (instant - from) / Math.max(1, to - from)) * (WIDTH - LEFT);
  const height = TOP + lanes.length * LANE + 6;
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => from + share * (to - from));
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t('life')}>
      <svg class="lanes" viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={t('life')}>
        {ticks.map((tick, nth) => (
          <g key={tick}>
            <line x1={at(tick)} x2={at(tick)} y1={TOP - 4} y2={height} class="tick" />
            <text x={at(tick)} y={12} class="lane" text-anchor={nth === 0 ? 'start' : nth === 4 ? 'end' : 'middle'}>{time(tick, desk.zone, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })}</text>
          </g>
        ))}
        {lanes.map((lane, nth) => <LaneShape key={lane.name} lane={lane} at={at} y={TOP + nth * LANE} />)}
      </svg>
    </div>
  );
}

function Ticket({ id }: { readonly id: string }): JSX.Element {
  const desk = useDesk();
  const query = changed(desk.query, { ticket: id });
  const asked = Object.fromEntries(PARTS.map((part) => [part, useAnswer(`ticket/${part}`, query)])) as Record<Part, ReturnType<typeof useAnswer>>;
  const needed = PARTS.filter((part) => part !== 'events' && part !== 'findings');
  const isWhole = needed.every((part) => asked[part].answer !== null);
  const isMissing = asked.ticket.answer?.rows.length === 0;
  return (
    <div class="columns broad">
      <Panel title={`${t('ticket')} ${id}`} ignores={['channel', 'language', 'clock']} source={{ made: 'ticket/ticket', only: { ticket: id } }} wide>
        <Answered asked={asked.ticket} inRange={false} empty="no_such_ticket">{({ rows: [row = {}] }) => <Facts row={row} />}</Answered>
        {isWhole && !isMissing && <SwimLane answers={Object.fromEntries(needed.map((part) => [part, asked[part].answer])) as Record<Part, Answer>} />}
      </Panel>
      {!isMissing && SHOWN_AS_TABLES.map((part) => <Panel key={part} title={t(`part_${part}`)} source={{ made: `ticket/${part}`, only: { ticket: id } }} wide={part !== 'escalations' && part !== 'findings'}><Answered asked={asked[part]} inRange={false} empty="empty_part">{(answer) => <Rows answer={answer} caption={t(`part_${part}`)} />}</Answered></Panel>)}
    </div>
  );
}

export function TicketPage(): JSX.Element {
  const { query } = usePlace();
  const id = query.get('ticket');
  return <><Search />{id === null || id === '' ? <Found search={query.get('search') ?? ''} /> : <Ticket key={id} id={id} />}</>;
}
