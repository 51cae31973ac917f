// What will come, and the agents that it takes: over time, and for the week ahead as a plan by local day and hour.
import type { JSX } from 'preact';
import { instantOf, numberOf, numberOrNull, useAnswer, type Answer, type Row } from '../api.ts';
import { useDesk } from '../desk.ts';
import { count, dayOf, hourOf, time } from '../format.ts';
import { Chart } from '../parts/chart.tsx';
import { openDrill } from '../parts/figure.tsx';
import { heat } from '../parts/heat.ts';
import { Answered, Panel } from '../parts/panel.tsx';
import { t } from '../texts/text.ts';

export const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

interface Shift {
  readonly at: number;
  readonly agents: number;
  readonly forecast: number;
}

/** By local day, then hour. What starts within one local hour, where an hour is there twice or a zone is off by half of one, is one cell: most agents count. */
export function planOf(rows: readonly Row[], after: string, zone: string): ReadonlyMap<string, ReadonlyMap<number, Shift>> {
  const plan = new Map<string, Map<number, Shift>>();
  for (const row of rows) {
    const at = instantOf(row['hour']) ?? 0;
    const day = dayOf(at, zone);
    if (day <= after) continue;
    const hours = plan.get(day) ?? new Map<number, Shift>();
    const before = hours.get(hourOf(at, zone));
    hours.set(hourOf(at, zone), { at: before?.at ?? at, agents: Math.max(before?.agents ?? 0, numberOf(row['agents_needed'])), forecast: (before?.forecast ?? 0) + numberOf(row['forecast']) });
    plan.set(day, hours);
  }
  return plan;
}

function PlanCell({ shift, most, day, hour }: { readonly shift: Shift | undefined; readonly most: number; readonly day: string; readonly hour: number }): JSX.Element {
  const { zone } = useDesk();
  if (shift === undefined) return <td />;
  const label = t('plan_cell', { time: time(shift.at, zone, { weekday: 'short', hour: '2-digit', minute: '2-digit' }), agents: count(shift.agents), forecast: count(shift.forecast) });
  const open = (): void => openDrill({ made: 'queues/forecast', only: { day, hour: String(hour) } });
  return <td><button type="button" style={{ background: heat(shift.agents / most) }} title={label} aria-label={label} onClick={open}>{shift.agents === 0 ? '' : count(shift.agents)}</button></td>;
}

function Plan({ rows }: { readonly rows: readonly Row[] }): JSX.Element | null {
  const desk = useDesk();
  const plan = planOf(rows, desk.to, desk.zone);
  if (plan.size === 0) return null;
  const most = Math.max(1, ...[...plan.values()].flatMap((hours) => [...hours.values()].map(({ agents }) => agents)));
  return (
    <>
      <h3>{t('plan')}</h3>
      <div class="scroll" tabIndex={0} role="region" aria-label={t('plan')}>
        <table class="heat wider">
          <thead><tr><th scope="col">{t('day')}</th>{HOURS.map((hour) => <th key={hour} scope="col">{hour}</th>)}</tr></thead>
          <tbody>
            {[...plan].map(([day, hours]) => (
              <tr key={day}>
                <th scope="row">{time(Date.parse(day), 'UTC', { weekday: 'short', day: 'numeric', month: 'short' })}</th>
                {HOURS.map((hour) => <PlanCell key={hour} shift={hours.get(hour)} most={most} day={day} hour={hour} />)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function OverTime({ answer }: { readonly answer: Answer }): JSX.Element {
  const values = (name: string): (number | null)[] => answer.rows.map((row) => numberOrNull(row[name]));
  return (
    <Chart title={t('forecast')} answer={answer} x={answer.rows.map((row) => (instantOf(row['hour']) ?? 0) / 1_000)} format={(value) => count(value, 1)}
      lines={[
        { label: t('arrivals'), values: values('arrivals'), colour: 'age1', kind: 'bars' }, { label: t('forecast_line'), values: values('forecast'), colour: 'accent' },
        { label: t('agents_needed'), values: values('agents_needed'), colour: 'warn', kind: 'steps' },
      ]} />
  );
}

export function Forecast(): JSX.Element {
  const desk = useDesk();
  const asked = useAnswer('queues/forecast', desk.query);
  return (
    <Panel title={t('forecast')} note={t('forecast_note')} source={{ made: 'queues/forecast' }} ignores={['channel', 'language', 'clock']} wide>
      <Answered asked={asked} empty="empty_forecast">{(answer) => <><Plan rows={answer.rows} /><OverTime answer={answer} /></>}</Answered>
    </Panel>
  );
}
