// Promises: which were kept, which are due, and whether what the CRM escalated is what was broken.
import type { JSX } from 'preact';
import { changed, go, usePlace } from '../address.ts';
import { instantOf, numberOrNull, textOf, useAnswer, type Row } from '../api.ts';
import { useDesk, type Desk } from '../desk.ts';
import { count, dayText, duration, exactTime, percent, plusDays } from '../format.ts';
import { Count, Duration, Figure, type Drill } from '../parts/figure.tsx';
import { Choice } from '../parts/filters.tsx';
import { Answered, Panel } from '../parts/panel.tsx';
import { TicketLink } from '../parts/rows.tsx';
import { said, t, type TextKey } from '../texts/text.ts';
import { byKey, sumOf } from './now-cells.ts';

const METRICS = ['first_response', 'next_response', 'resolution'] as const;
const JUDGED = ['met', 'breached'] as const;
/** All of them together, under this name. */
const ALL = 'all';
const metricText = (metric: string): string => t(`metric_${metric}` as TextKey);

/** Of several rows: met of those judged. */
function kept(rows: readonly Row[]): { readonly share: number | null; readonly n: number } {
  const [met, breached] = [sumOf(rows, 'met'), sumOf(rows, 'breached')];
  return { share: met + breached === 0 ? null : met / (met + breached), n: met + breached };
}

const toneOf = (share: number | null): 'bad' | 'warn' | undefined => (share === null || share >= 0.95 ? undefined : share < 0.8 ? 'bad' : 'warn');

interface KeptProps {
  readonly rows: readonly Row[];
  /** The same of the live desk, to compare with. */
  readonly beside: readonly Row[] | null;
  readonly label: string;
  readonly only: NonNullable<Drill['only']>;
}

/** In points, with its sign. */
function differenceText(share: number | null, beside: readonly Row[] | null): string {
  const other = beside === null ? null : kept(beside).share;
  if (share === null || other === null) return '';
  const points = Math.round((share - other) * 1_000) / 10;
  return points === 0 ? '' : `${points > 0 ? '+' : '−'}${count(Math.abs(points), 1)} · `;
}

function Kept({ rows, beside, label, only }: KeptProps): JSX.Element {
  const { share, n } = kept(rows);
  const title = `${count(sumOf(rows, 'met'))} / ${count(n)}`;
  const broken = sumOf(rows, 'breached');
  return (
    <td class="n">
      <Figure label={label} tone={toneOf(share)} title={title} drill={{ made: 'sla/attainment', rows: 'sla/timers', only: { outcome: JUDGED, ...only } }}>{share === null ? '–' : percent(share)}</Figure>
      {share !== null && <span class="note under">{differenceText(share, beside)}{t('broken_of', { broken: count(broken), n: count(n) })}</span>}
    </td>
  );
}

interface OfMetric {
  readonly metric: string;
  readonly rows: readonly Row[];
  readonly beside: readonly Row[] | null;
  readonly weeks: readonly string[];
  readonly only: NonNullable<Drill['only']>;
}

/** The queue that broke most of its promises in the latest week comes first. */
function worstFirst(queues: ReadonlyMap<string, readonly Row[]>, weeks: readonly string[]): readonly (readonly [string, readonly Row[]])[] {
  const brokenIn = (rows: readonly Row[]): number => sumOf(rows.filter((row) => row['week'] === weeks.at(-1)), 'breached');
  return [...queues].sort(([a, ofA], [b, ofB]) => brokenIn(ofB) - brokenIn(ofA) || sumOf(ofB, 'breached') - sumOf(ofA, 'breached') || (a < b ? -1 : 1));
}

interface KeptRowProps extends Omit<OfMetric, 'metric'> {
  readonly name: string;
  readonly label: string;
  readonly isSum?: boolean;
}

/** Of a queue, or of all of them. */
function KeptRow({ rows, beside, weeks, only, name, label, isSum = false }: KeptRowProps): JSX.Element {
  const inWeek = (all: readonly Row[], week: string): readonly Row[] => all.filter((row) => row['week'] === week);
  return (
    <tr class={isSum ? 'sum' : undefined}>
      <th scope="row"><bdi>{name}</bdi></th>
      {weeks.map((week) => <Kept key={week} rows={inWeek(rows, week)} beside={beside === null ? null : inWeek(beside, week)} label={`${label}, ${week}`} only={{ ...only, week }} />)}
      <Kept rows={rows} beside={beside} label={label} only={only} />
      {(['active', 'cancelled'] as const).map((outcome) => <td key={outcome} class="n"><Count value={sumOf(rows, outcome)} label={`${label}, ${said(outcome)}`} drill={{ made: 'sla/attainment', rows: 'sla/timers', only: { ...only, outcome } }} /></td>)}
    </tr>
  );
}

/** A week that the range, or the present, cuts is not to be compared with a whole one. */
function weekText(week: string, { from, to, lastDay }: Desk): string {
  const isWhole = week >= from && plusDays(week, 6) <= (to < lastDay ? to : lastDay);
  return t(isWhole ? 'week_of' : 'week_part', { day: dayText(week) });
}

function MetricTable({ metric, rows, beside, weeks, only }: OfMetric): JSX.Element {
  const desk = useDesk();
  const ofMetric = metric === ALL ? only : { ...only, metric };
  const queues = worstFirst(byKey(rows, 'queue_id'), weeks);
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={metricText(metric)}>
      <table class="desk even">
        <thead><tr><th scope="col">{metricText(metric)}</th>{weeks.map((week) => <th key={week} scope="col" class="n">{weekText(week, desk)}</th>)}<th scope="col" class="n">{t('total')}</th><th scope="col" class="n">{t('running')}</th><th scope="col" class="n">{t('cancelled')}</th></tr></thead>
        <tbody>
          {queues.map(([queue, of]) => <KeptRow key={queue} rows={of} beside={beside?.filter((row) => row['queue_id'] === queue) ?? null} weeks={weeks} only={{ ...ofMetric, queue }} name={desk.queueName(queue)} label={`${metricText(metric)}, ${desk.queueName(queue)}`} />)}
          {queues.length > 1 && <KeptRow isSum rows={rows} beside={beside} weeks={weeks} only={ofMetric} name={t('all_queues')} label={`${metricText(metric)}, ${t('all_queues')}`} />}
        </tbody>
      </table>
    </div>
  );
}

/** Of the live desk, or of a snapshot beside it. */
function Attainment({ snapshot = null }: { readonly snapshot?: string | null }): JSX.Element {
  const desk = useDesk();
  const live = useAnswer('sla/attainment', desk.query);
  const other = useAnswer(snapshot === null ? null : 'sla/attainment', changed(desk.query, { snapshot }));
  const [title, note] = snapshot === null ? [t('attainment'), t('attainment_note')] : [t('attainment_of', { name: snapshot }), t('attainment_of_note')];
  return (
    <Panel title={title} note={note} ignores={['clock']} wide source={{ made: 'sla/attainment', only: snapshot === null ? {} : { snapshot } }} actions={snapshot === null ? <WhatIf /> : undefined}>
      <Answered asked={snapshot === null ? live : other} empty="empty_promises">{({ rows }) => {
        const weeks = [...new Set(rows.map((row) => textOf(row['week'])))].sort();
        const beside = snapshot === null ? null : live.answer?.rows ?? null;
        return ([ALL, ...METRICS]).map((metric) => {
          const isMeant = (row: Row): boolean => metric === ALL || row['metric'] === metric;
          const own = rows.filter(isMeant);
          return own.length === 0 ? null : <MetricTable key={metric} metric={metric} rows={own} beside={beside?.filter(isMeant) ?? null} weeks={weeks} only={snapshot === null ? {} : { snapshot }} />;
        });
      }}</Answered>
    </Panel>
  );
}

/** Which snapshot to compare with; a link keeps one that is not there any more, which then says so. */
function WhatIf(): JSX.Element {
  const { query } = usePlace();
  const chosen = query.get('snapshot') ?? '';
  const { answer } = useAnswer('desk/snapshots', new URLSearchParams());
  const names = new Set([...(answer?.rows ?? []).map((row) => textOf(row['snapshot'])), ...(chosen === '' ? [] : [chosen])]);
  if (answer !== null && names.size === 0) return <span class="note">{t('no_snapshots')}</span>;
  return <Choice label={t('compare_with')} value={chosen} options={[['', t('compare_none')], ...[...names].map((name) => [name, name] as const)]} onChoose={(name) => go({ snapshot: name === '' ? null : name })} />;
}

const SHOWN = '15';

function Running(): JSX.Element {
  const desk = useDesk();
  const asked = useAnswer('sla/running', changed(desk.query, { limit: SHOWN }));
  return (
    <Panel title={t('running_title')} note={t('running_note')} ignores={['clock']} source={{ made: 'sla/running' }}>
      <Answered asked={asked} inRange={false} empty="empty_running">{({ rows }) => (
        <ol class="moments">
          {rows.map((row, at) => {
            const due = instantOf(row['due_at']);
            const left = due === null ? numberOrNull(row['remaining_seconds']) : Math.floor((due - Date.now()) / 1_000);
            return (
              <li key={at}>
                <strong class={row['outcome'] === 'breached' ? 'bad' : left !== null && left < 3_600 ? 'warn' : ''} title={due === null ? t('paused') : exactTime(due)}>{due === null ? `${t('paused')}, ${duration(left)}` : duration(left)}</strong>
                <TicketLink id={textOf(row['ticket_id'])} />
                <span class="note">{metricText(textOf(row['metric']))} · <bdi>{desk.queueName(textOf(row['queue_id']))}</bdi></span>
              </li>
            );
          })}
        </ol>
      )}</Answered>
    </Panel>
  );
}

const FINDINGS = ['matched', 'missed', 'unfounded'] as const;

function Audit(): JSX.Element {
  const desk = useDesk();
  const asked = useAnswer('sla/audit', desk.query);
  return (
    <Panel title={t('audit')} note={t('audit_note')} source={{ made: 'sla/audit' }} ignores={['queue', 'clock']}>
      <Answered asked={asked}>{({ rows }) => (
        <table class="desk">
          <thead><tr><th scope="col">{t('metric')}</th>{FINDINGS.map((finding) => <th key={finding} scope="col" class="n">{t(`finding_${finding}`)}</th>)}<th scope="col" class="n">{t('late_p50')}</th><th scope="col" class="n">{t('late_p90')}</th></tr></thead>
          <tbody>
            {[...byKey(rows, 'metric')].map(([metric, own]) => {
              const matched = own.find((row) => row['finding'] === 'matched');
              const drill = (finding: string): Drill => ({ made: 'sla/audit', rows: 'sla/audit-rows', only: { metric, finding } });
              return (
                <tr key={metric}>
                  <th scope="row">{metricText(metric)}</th>
                  {FINDINGS.map((finding) => <td key={finding} class="n"><Count value={sumOf(own.filter((row) => row['finding'] === finding), 'pairs')} tone={finding === 'matched' ? undefined : 'warn'} label={`${metricText(metric)}, ${t(`finding_${finding}`)}`} drill={drill(finding)} /></td>)}
                  {(['late_p50_seconds', 'late_p90_seconds'] as const).map((late) => <td key={late} class="n"><Duration value={numberOrNull(matched?.[late])} label={`${metricText(metric)}, ${t(late === 'late_p50_seconds' ? 'late_p50' : 'late_p90')}`} drill={drill('matched')} /></td>)}
                </tr>
              );
            })}
          </tbody>
        </table>
      )}</Answered>
    </Panel>
  );
}

export function SlaPage(): JSX.Element {
  const { query } = usePlace();
  const snapshot = query.get('snapshot');
  return <div class="columns broad"><Attainment />{snapshot !== null && <Attainment key={snapshot} snapshot={snapshot} />}<Running /><Audit /></div>;
}
