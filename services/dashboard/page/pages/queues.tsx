// How queues do over a range: what comes and when, what is left, how long people wait, where the time goes, what to expect.
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { changed, go, usePlace } from '../address.ts';
import { instantOf, numberOf, numberOrNull, textOf, useAnswer, type Answer, type Row } from '../api.ts';
import { useDesk } from '../desk.ts';
import { count, dayText, duration, exactSeconds, NONE, percent, plusDays, shortDuration, time, weekday } from '../format.ts';
import { Chart, type Line } from '../parts/chart.tsx';
import { Count, Duration, Figure, openDrill, Share, type Drill } from '../parts/figure.tsx';
import { heat } from '../parts/heat.ts';
import { Answered, Panel } from '../parts/panel.tsx';
import { t, type TextKey } from '../texts/text.ts';
import { byKey, sumOf } from './now-cells.ts';
import { Forecast, HOURS } from './staffing.tsx';

const DAY_MS = 86_400_000;
/** Ranges up to here are shown by hours. */
const HOURLY_DAYS = 4;

const secondsOf = (row: Row, column: string): number => (instantOf(row[column]) ?? 0) / 1_000;
const column = ({ rows }: Answer, name: string): (number | null)[] => rows.map((row) => numberOrNull(row[name]));
const line = (answer: Answer, name: string, label: TextKey, look: Pick<Line, 'colour' | 'kind'>): Line => ({ label: t(label), values: column(answer, name), ...look });
const daySeconds = (row: Row): number => Date.parse(`${textOf(row['day'])}T00:00:00Z`) / 1_000;

interface SummaryTile {
  readonly column: string;
  readonly label: string;
  readonly which: 'all' | 'answered';
  readonly format: (value: number) => string;
}

const summaryTiles = (): readonly SummaryTile[] => [
  { column: 'tickets', label: t('arrivals'), which: 'all', format: (value) => count(value) },
  { column: 'answered_share', label: t('answered_share'), which: 'answered', format: percent },
  ...['p50', 'p90', 'p95'].map((p) => ({ column: `${p}_seconds`, label: `${t('first_response')} ${p}`, which: 'answered' as const, format: duration })),
  { column: 'one_touch_share', label: t('one_touch'), which: 'all', format: percent },
];

const exactly = ({ column }: SummaryTile, value: number, row: Row): string | undefined =>
  (column.endsWith('_seconds') ? exactSeconds(value) : column === 'answered_share' ? `${count(numberOf(row['answered']))} / ${count(numberOf(row['tickets']))}` : undefined);

/** The range in six numbers, each beside that of as many days before. */
function Summary(): JSX.Element {
  const desk = useDesk();
  const days = Math.round((Date.parse(desk.to) - Date.parse(desk.from)) / DAY_MS) + 1;
  const [from, to] = [plusDays(desk.from, -days), plusDays(desk.from, -1)];
  const asked = useAnswer('queues/summary', desk.query);
  const [before = {}] = useAnswer('queues/summary', changed(desk.query, { from, to })).answer?.rows ?? [];
  return (
    <Answered asked={asked}>{({ rows: [row = {}] }) => (
      <>
        <dl class="tiles">
          {summaryTiles().map((tile) => {
            const [value, earlier] = [numberOrNull(row[tile.column]), numberOrNull(before[tile.column])];
            return (
              <div key={tile.column}>
                <dt>{tile.label}</dt>
                <dd>
                  <Figure label={tile.label} title={value === null ? undefined : exactly(tile, value, row)} drill={{ made: 'queues/summary', rows: 'queues/created', only: { which: tile.which } }}>{value === null ? NONE : tile.format(value)}</Figure>
                  <span class="note under"><Figure label={`${tile.label}, ${dayText(from)} – ${dayText(to)}`} title={earlier === null ? undefined : exactly(tile, earlier, before)} drill={{ made: 'queues/summary', rows: 'queues/created', only: { which: tile.which, from, to } }}>{t('before', { value: earlier === null ? NONE : tile.format(earlier) })}</Figure></span>
                </dd>
              </div>
            );
          })}
        </dl>
        <p class="note beneath">{t('before_note', { from: dayText(from), to: dayText(to) })}</p>
      </>
    )}</Answered>
  );
}

/** The backlog over time, and a slider through it: the desk as it was at any instant. */
function Flow(): JSX.Element {
  const desk = useDesk();
  const { query } = usePlace();
  const days = (Date.parse(desk.to) - Date.parse(desk.from)) / DAY_MS + 1;
  const step = days <= HOURLY_DAYS ? 'hour' : 'day';
  const asked = useAnswer('queues/flow', changed(desk.query, { step }));
  const wanted = query.get('at');
  const at = wanted === null || Number.isNaN(Date.parse(wanted)) ? null : wanted;
  return (
    <Panel title={t('flow')} note={t('flow_note')} source={{ made: 'queues/flow', only: { step } }} ignores={['channel', 'language', 'clock']} wide>
      <Answered asked={asked}>{(answer) => {
        const x = answer.rows.map((row) => secondsOf(row, 'starts_at'));
        return (
          <>
            <Chart title={t('flow')} answer={answer} x={x} format={(value) => count(value)} mark={at === null ? null : Date.parse(at) / 1_000}
              lines={[line(answer, 'created', 'created', { colour: 'age1', kind: 'bars' }), line(answer, 'solved', 'solved', { colour: 'good' }), line(answer, 'backlog', 'backlog', { colour: 'accent' }), line(answer, 'waiting', 'waiting', { colour: 'warn', kind: 'dashed' })]} />
            <AsOf from={x[0] ?? 0} to={(x.at(-1) ?? 0) + (days <= HOURLY_DAYS ? 3_600 : 86_400)} at={at} />
          </>
        );
      }}</Answered>
    </Panel>
  );
}

const STEP_SECONDS = 900;

function AsOf({ from, to, at }: { readonly from: number; readonly to: number; readonly at: string | null }): JSX.Element {
  const desk = useDesk();
  // The present stands still while one looks at it: each answer would ask again.
  const last = useMemo(() => Math.min(to, Math.floor(Date.now() / 1_000)), [to]);
  const chosen = at === null ? last : Date.parse(at) / 1_000;
  const instant = new Date(chosen * 1_000).toISOString();
  const asked = useAnswer('queues/as-of', changed(desk.query, { at: instant }));
  const text = time(chosen * 1_000, desk.zone);
  return (
    <>
      <label class="slider">
        <span>{t('as_it_was', { time: text })}</span>
        <input type="range" min={from} max={last} step={STEP_SECONDS} value={chosen} aria-valuetext={text} onInput={({ currentTarget }) => go({ at: new Date(Number(currentTarget.value) * 1_000).toISOString() }, { replace: true })} />
      </label>
      <Answered asked={asked} inRange={false}>{(answer) => <AsOfTable answer={answer} instant={instant} />}</Answered>
    </>
  );
}

const STATUSES = ['new', 'open', 'pending', 'on_hold'] as const;

function AsOfTable({ answer, instant }: { readonly answer: Answer; readonly instant: string }): JSX.Element {
  const desk = useDesk();
  const drill = (only: NonNullable<Drill['only']>): Drill => ({ made: 'queues/as-of', rows: 'queues/as-of-tickets', only: { at: instant, ...only } });
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t('backlog_by_queue')}>
      <table class="desk">
        <thead><tr><th scope="col">{t('queue')}</th>{STATUSES.map((status) => <th key={status} scope="col" class="n">{t(`status_${status}`)}</th>)}<th scope="col" class="n">{t('total')}</th><th scope="col" class="n">{t('unassigned')}</th><th scope="col" class="n">{t('waiting')}</th><th scope="col" class="n">{t('longest_wait')}</th></tr></thead>
        <tbody>
          {[...byKey(answer.rows, 'queue_id')].map(([queue, rows]) => (
            <tr key={queue}>
              <th scope="row"><bdi>{desk.queueName(queue)}</bdi></th>
              {STATUSES.map((status) => <td key={status} class="n"><Count value={sumOf(rows.filter((row) => row['category'] === status), 'tickets')} label={`${desk.queueName(queue)}, ${t(`status_${status}`)}`} drill={drill({ queue, category: status })} /></td>)}
              <td class="n"><Count value={sumOf(rows, 'tickets')} label={`${desk.queueName(queue)}, ${t('total')}`} drill={drill({ queue })} /></td>
              {(['unassigned', 'waiting'] as const).map((which) => <td key={which} class="n"><Count value={sumOf(rows, which)} label={`${desk.queueName(queue)}, ${t(which)}`} drill={drill({ queue, which })} /></td>)}
              <td class="n"><Duration value={Math.max(0, ...rows.map((row) => numberOf(row['oldest_wait_seconds']))) || null} label={`${desk.queueName(queue)}, ${t('longest_wait')}`} drill={drill({ queue, which: 'waiting' })} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function HeatMap(): JSX.Element {
  const desk = useDesk();
  const asked = useAnswer('queues/arrivals', desk.query);
  return (
    <Panel title={t('heat_map')} note={t('heat_map_note', { zone: desk.zone })} source={{ made: 'queues/arrivals' }} ignores={['clock']} wide>
      <Answered asked={asked}>{({ rows }) => {
        const most = Math.max(...rows.map((row) => numberOf(row['mean'])), 0.01);
        const cellOf = (day: number, hour: number): Row | undefined => rows.find((row) => row['weekday'] === day && row['local_hour'] === hour);
        return (
          <div class="scroll" tabIndex={0} role="region" aria-label={t('heat_map')}>
            <table class="heat">
              <thead><tr><th />{HOURS.map((hour) => <th key={hour} scope="col">{hour}</th>)}</tr></thead>
              <tbody>
                {[1, 2, 3, 4, 5, 6, 7].map((day) => (
                  <tr key={day}>
                    <th scope="row">{weekday(day)}</th>
                    {HOURS.map((hour) => <Heat key={hour} row={cellOf(day, hour)} most={most} />)}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        );
      }}</Answered>
    </Panel>
  );
}

function Heat({ row, most }: { readonly row: Row | undefined; readonly most: number }): JSX.Element {
  if (row === undefined) return <td />;
  const mean = numberOf(row['mean']);
  const only = { weekday: textOf(row['weekday']), hour: textOf(row['local_hour']) };
  const label = t('heat_cell', { day: weekday(numberOf(row['weekday'])), hour: only.hour, mean: count(mean, 1), p90: count(numberOf(row['p90'])), tickets: count(numberOf(row['tickets'])) });
  return <td><button type="button" style={{ background: heat(mean / most) }} title={label} aria-label={label} onClick={() => openDrill({ made: 'queues/arrivals', rows: 'queues/created', only })}>{mean === 0 ? '' : count(mean, 1)}</button></td>;
}

interface SpeedProps {
  readonly title: string;
  readonly note: string;
  readonly query: string;
  readonly rows: string;
  readonly all: string;
}

function Speed({ title, note, query, rows, all }: SpeedProps): JSX.Element {
  const desk = useDesk();
  const asked = useAnswer(query, desk.query);
  return (
    <Panel title={title} note={note} source={{ made: query }}>
      <Answered asked={asked}>{(answer) => (
        <>
          <Chart title={title} answer={answer} x={answer.rows.map(daySeconds)} format={duration}
            lines={[{ label: 'p50', values: column(answer, 'p50_seconds'), colour: 'accent' }, { label: 'p90', values: column(answer, 'p90_seconds'), colour: 'warn' }, { label: 'p95', values: column(answer, 'p95_seconds'), colour: 'bad', kind: 'dashed' }]} />
          <div class="scroll low" tabIndex={0} role="region" aria-label={title}>
            <table class="desk">
              <thead><tr><th scope="col">{t('day')}</th><th scope="col" class="n">{all}</th><th scope="col" class="n">{t('answered_share')}</th><th scope="col" class="n">p50</th><th scope="col" class="n">p90</th><th scope="col" class="n">p95</th></tr></thead>
              <tbody>{answer.rows.toReversed().map((row) => <SpeedRow key={textOf(row['day'])} row={row} drill={{ made: query, rows }} all={all} />)}</tbody>
            </table>
          </div>
        </>
      )}</Answered>
    </Panel>
  );
}

function SpeedRow({ row, drill, all }: { readonly row: Row; readonly drill: Drill; readonly all: string }): JSX.Element {
  const day = textOf(row['day']);
  const answered = { ...drill, only: { day, which: 'answered' } };
  return (
    <tr>
      <th scope="row">{time(Date.parse(day), 'UTC', { weekday: 'short', day: 'numeric', month: 'short' })}</th>
      <td class="n"><Count value={numberOf(row['tickets'] ?? row['waits'])} label={`${day}, ${all}`} drill={{ ...drill, only: { day } }} /></td>
      <td class="n"><Share value={numberOrNull(row['answered_share'])} label={`${day}, ${t('answered_share')}`} drill={answered} /></td>
      {(['p50', 'p90', 'p95'] as const).map((p) => <td key={p} class="n"><Duration value={numberOrNull(row[`${p}_seconds`])} label={`${day}, ${p}`} drill={answered} /></td>)}
    </tr>
  );
}

const STATUS_COLOURS: Readonly<Record<string, string>> = { new: 'age1', open: 'age3', pending: 'age4', on_hold: 'age5' };

function TimeByStatus(): JSX.Element {
  const desk = useDesk();
  const asked = useAnswer('queues/time-by-status', desk.query);
  return (
    <Panel title={t('time_by_status')} note={t('time_by_status_note')} source={{ made: 'queues/time-by-status' }} ignores={['clock']}>
      <Answered asked={asked}>{({ rows }) => (
        <table class="desk">
          <tbody>
            {[...byKey(rows, 'queue_id')].map(([queue, own]) => {
              const total = sumOf(own, 'spent_seconds');
              return (
                <tr key={queue}>
                  <th scope="row"><bdi>{desk.queueName(queue)}</bdi></th>
                  <td class="n">{shortDuration(total)}</td>
                  <td><span class="bar tall">{own.map((row) => <StatusPart key={textOf(row['category'])} row={row} total={total} queue={queue} />)}</span></td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}</Answered>
      <ul class="legend" aria-hidden="true">{STATUSES.map((status) => <li key={status}><i class={STATUS_COLOURS[status]} />{t(`status_${status}`)}</li>)}</ul>
    </Panel>
  );
}

function StatusPart({ row, total, queue }: { readonly row: Row; readonly total: number; readonly queue: string }): JSX.Element {
  const [category, seconds] = [textOf(row['category']), numberOf(row['spent_seconds'])];
  const label = `${t(`status_${category}` as TextKey)}: ${duration(seconds)}, ${percent(total === 0 ? 0 : seconds / total)}`;
  return <button type="button" class={`age ${STATUS_COLOURS[category] ?? 'age1'}`} style={{ flexGrow: total === 0 ? 0 : seconds / total }} title={label} aria-label={label} onClick={() => openDrill({ made: 'queues/time-by-status', rows: 'queues/time-by-status', only: { queue } })} />;
}

function Survival(): JSX.Element {
  const desk = useDesk();
  const asked = useAnswer('queues/survival', desk.query);
  return (
    <Panel title={t('survival')} note={t('survival_note')} source={{ made: 'queues/survival' }} ignores={['queue', 'channel', 'language', 'clock']}>
      <Answered asked={asked} inRange={false}>{(answer) => (
        <Chart title={t('survival')} answer={answer} over="duration" x={answer.rows.map((row) => Math.max(1, numberOf(row['seconds_since_created'])))} format={percent}
          lines={[{ label: t('unsolved'), values: column(answer, 'unsolved_share'), colour: 'accent', kind: 'steps' }]} />
      )}</Answered>
    </Panel>
  );
}

export function QueuesPage(): JSX.Element {
  return (
    <>
      <Summary />
      <div class="columns broad">
        <Flow />
        <HeatMap />
        <Speed title={t('first_response')} note={t('first_response_note')} query="queues/first-response" rows="queues/created" all={t('arrivals')} />
        <Speed title={t('waits_title')} note={t('waits_note')} query="queues/waits" rows="queues/wait-rows" all={t('waits_count')} />
        <TimeByStatus />
        <Survival />
        <Forecast />
      </div>
    </>
  );
}
