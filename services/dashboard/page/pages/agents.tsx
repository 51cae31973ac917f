// Agents, within one queue and range: anything else compares who got which tickets, not who did what with them.
import type { JSX } from 'preact';
import { go } from '../address.ts';
import { numberOf, textOf, useAnswer, type Row } from '../api.ts';
import { useDesk } from '../desk.ts';
import { count, duration, exactSeconds, hours, NONE, percent, shortDuration } from '../format.ts';
import { Count, Figure, type Drill } from '../parts/figure.tsx';
import { heat } from '../parts/heat.ts';
import { Measured, mostOf } from '../parts/measured.tsx';
import { Answered, Panel } from '../parts/panel.tsx';
import { t, type TextKey } from '../texts/text.ts';

function ChooseQueue(): JSX.Element {
  const desk = useDesk();
  return (
    <Panel title={t('choose_queue')} note={t('choose_queue_note')} wide>
      <div class="choices">{desk.queues.filter((queue) => queue !== '').map((queue) => <button key={queue} type="button" onClick={() => go({ queue })}><bdi>{desk.queueName(queue)}</bdi></button>)}</div>
    </Panel>
  );
}

const CLOCKS = ['customer', 'own'] as const;
const CLOCK_COLUMNS = CLOCKS.map((clock) => `${clock}_p50_seconds`);

interface CardProps {
  readonly row: Row;
  /** Of both clocks and all agents. */
  readonly longest: number;
}

function Card({ row, longest }: CardProps): JSX.Element {
  const { agentName } = useDesk();
  const agent = textOf(row['agent_id']);
  const name = agentName(agent);
  const of = (rows: string, which = 'all'): Drill => ({ made: 'agents/scorecard', rows: `agents/${rows}`, only: { agent, which } });
  const share = (column: string, n: string, label: TextKey, drill: Drill): JSX.Element =>
    <td class="interval"><Measured row={row} of={column} n={numberOf(row[n])} label={`${name}, ${t(label)}`} drill={drill} most={1} format={percent} /></td>;
  return (
    <tr>
      <th scope="row"><bdi>{name}</bdi></th>
      {CLOCKS.map((clock) => (
        <td key={clock} class="interval">
          <Measured row={row} of={`${clock}_p50_seconds`} n={numberOf(row[`${clock}_n`])} label={`${name}, ${t(`${clock}_clock`)}`} drill={of('replies', 'answered')} most={longest} format={duration} exact={exactSeconds} />
        </td>
      ))}
      <td class="n"><Count value={numberOf(row['reply_turns'])} label={`${name}, ${t('reply_turns')}`} drill={of('replies')} /></td>
      <td class="n"><Count value={numberOf(row['solves'])} label={`${name}, ${t('solves')}`} drill={of('solves')} /></td>
      {share('reopen_rate', 'judged', 'reopened', of('solves', 'judged'))}
      {share('answered_share', 'stations', 'stations_answered', of('stations', 'answered'))}
      {share('bounced_share', 'stations', 'bounced', of('stations', 'bounced'))}
      <td class="n"><Figure label={`${name}, ${t('held_time')}`} title={exactSeconds(numberOf(row['held_seconds']))} drill={of('stations')}>{shortDuration(numberOf(row['held_seconds']))}</Figure></td>
    </tr>
  );
}

const CARD_COLUMNS = ['customer_clock', 'own_clock', 'reply_turns', 'solves', 'reopened', 'stations_answered', 'bounced', 'held_time'] as const;
const COUNTED: ReadonlySet<TextKey> = new Set<TextKey>(['reply_turns', 'solves', 'held_time']);

function Scorecard(): JSX.Element {
  const desk = useDesk();
  const asked = useAnswer('agents/scorecard', desk.query);
  return (
    <Panel title={t('scorecard')} note={t('scorecard_note')} source={{ made: 'agents/scorecard' }} ignores={['channel', 'language']} wide>
      <Answered asked={asked}>{({ rows }) => {
        const longest = mostOf(rows, CLOCK_COLUMNS);
        return (
          <div class="scroll" tabIndex={0} role="region" aria-label={t('scorecard')}>
            <table class="desk">
              <thead><tr><th scope="col">{t('agent')}</th>{CARD_COLUMNS.map((name) => <th key={name} scope="col" class={COUNTED.has(name) ? 'n' : ''}>{t(name)}</th>)}</tr></thead>
              <tbody>{rows.map((row) => <Card key={textOf(row['agent_id'])} row={row} longest={longest} />)}</tbody>
            </table>
          </div>
        );
      }}</Answered>
    </Panel>
  );
}

function Handovers(): JSX.Element {
  const desk = useDesk();
  const asked = useAnswer('agents/handovers', desk.query);
  return (
    <Panel title={t('handovers')} note={t('handovers_note')} source={{ made: 'agents/handovers' }} ignores={['channel', 'language', 'clock']}>
      <Answered asked={asked}>{({ rows }) => {
        const givers = [...new Set(rows.map((row) => textOf(row['from_agent_id'])))].sort();
        const takers = [...new Set(rows.map((row) => textOf(row['agent_id'])))].sort();
        const most = Math.max(1, ...rows.map((row) => numberOf(row['handovers'])));
        const handed = (from: string, to: string): Row | undefined => rows.find((row) => row['from_agent_id'] === from && row['agent_id'] === to);
        return (
          <div class="scroll" tabIndex={0} role="region" aria-label={t('handovers')}>
            <table class="matrix">
              <thead><tr><th scope="col">{t('from_to')}</th>{takers.map((taker) => <th key={taker} scope="col" class="n"><bdi>{desk.agentName(taker)}</bdi></th>)}</tr></thead>
              <tbody>
                {givers.map((giver) => (
                  <tr key={giver}>
                    <th scope="row"><bdi>{desk.agentName(giver)}</bdi></th>
                    {takers.map((taker) => {
                      const row = handed(giver, taker);
                      const n = numberOf(row?.['handovers']);
                      const label = `${desk.agentName(giver)} → ${desk.agentName(taker)}`;
                      return <td key={taker} class="n" style={{ background: heat(n / most) }}>{n === 0 ? '' : <Count value={n} label={label} drill={{ made: 'agents/handovers', rows: 'agents/stations', only: { agent: taker, from_agent: giver } }} />}</td>;
                    })}
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

function PingPong(): JSX.Element {
  const desk = useDesk();
  const asked = useAnswer('agents/ping-pong', desk.query);
  const drill = (which: string): Drill => ({ made: 'agents/ping-pong', rows: 'agents/returns', only: { which } });
  return (
    <Panel title={t('ping_pong')} note={t('ping_pong_note')} source={{ made: 'agents/ping-pong' }} ignores={['channel', 'language', 'clock']}>
      <Answered asked={asked}>{({ rows: [row = {}] }) => {
        const assigned = numberOf(row['assigned_tickets']);
        return (
          <dl class="tiles small">
            <div><dt>{t('assigned_tickets')}</dt><dd><Count value={assigned} label={t('assigned_tickets')} drill={drill('all')} /></dd></div>
            {([['agent_share', 'back_to_agent'], ['queue_share', 'back_to_queue']] as const).map(([of, name]) =>
              <div key={name}><dt>{t(name)}</dt><dd><Measured row={row} of={of} n={assigned} label={t(name)} drill={drill(name)} most={1} format={percent} /></dd></div>)}
          </dl>
        );
      }}</Answered>
    </Panel>
  );
}

const BUSY = [['occupancy_share', 'occupied', percent], ['concurrency', 'at_once', (value: number) => count(value, 1)]] as const;

function Busy({ row, rows }: { readonly row: Row; readonly rows: readonly Row[] }): JSX.Element {
  const desk = useDesk();
  const agent = textOf(row['agent_id']);
  const name = desk.agentName(agent);
  const drill: Drill = { made: 'agents/occupancy', rows: 'agents/days', only: { agent } };
  const time = (column: 'handle_seconds' | 'shift_seconds', label: TextKey): JSX.Element => {
    const seconds = numberOf(row[column]);
    return <td class="n"><Figure label={`${name}, ${t(label)}`} title={exactSeconds(seconds)} drill={drill}>{column === 'shift_seconds' && seconds === 0 ? NONE : hours(seconds)}</Figure></td>;
  };
  return (
    <tr>
      <th scope="row"><bdi>{name}</bdi></th>
      <td class="n"><Count value={numberOf(row['days'])} label={`${name}, ${t('days')}`} drill={drill} /></td>
      {time('handle_seconds', 'handled')}
      {time('shift_seconds', 'on_shift')}
      {BUSY.map(([of, label, format]) => <td key={of} class="interval"><Measured row={row} of={of} n={numberOf(row['shift_days'])} cases={t('days_n', { n: count(numberOf(row['shift_days'])) })} label={`${name}, ${t(label)}`} drill={drill} most={mostOf(rows, [of])} format={format} /></td>)}
    </tr>
  );
}

function Occupancy(): JSX.Element {
  const desk = useDesk();
  const asked = useAnswer('agents/occupancy', desk.query);
  return (
    <Panel title={t('occupancy')} note={t('occupancy_note')} source={{ made: 'agents/occupancy' }} ignores={['queue', 'channel', 'language', 'clock']}>
      <Answered asked={asked}>{({ rows }) => (
        <div class="scroll" tabIndex={0} role="region" aria-label={t('occupancy')}>
          <table class="desk">
            <thead><tr><th scope="col">{t('agent')}</th>{(['days', 'handled', 'on_shift'] as const).map((name) => <th key={name} scope="col" class="n">{t(name)}</th>)}{BUSY.map(([, name]) => <th key={name} scope="col">{t(name)}</th>)}</tr></thead>
            <tbody>{rows.map((row) => <Busy key={textOf(row['agent_id'])} row={row} rows={rows} />)}</tbody>
          </table>
        </div>
      )}</Answered>
    </Panel>
  );
}

export function AgentsPage(): JSX.Element {
  const desk = useDesk();
  const hasQueue = desk.query.has('queue');
  return <div class="columns broad">{hasQueue ? <><Scorecard /><div class="stack"><Handovers /><PingPong /></div></> : <ChooseQueue />}<Occupancy /></div>;
}
