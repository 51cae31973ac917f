// Agents, within one queue and range: anything else compares who got which tickets, not who did what with them.
import type { JSX } from 'preact';
import { go } from '../address.ts';
import { numberOf, numberOrNull, textOf, useAnswer, type Row } from '../api.ts';
import { useDesk } from '../desk.ts';
import { count, duration, exactSeconds, percent, shortDuration } from '../format.ts';
import { Count, Figure, Share, type Drill } from '../parts/figure.tsx';
import { heat } from '../parts/heat.ts';
import { Answered, Panel } from '../parts/panel.tsx';
import { t } from '../texts/text.ts';

function ChooseQueue(): JSX.Element {
  const desk = useDesk();
  return (
    <Panel title={t('choose_queue')} note={t('choose_queue_note')} wide>
      <div class="choices">{desk.queues.filter((queue) => queue !== '').map((queue) => <button key={queue} type="button" onClick={() => go({ queue })}><bdi>{desk.queueName(queue)}</bdi></button>)}</div>
    </Panel>
  );
}

interface ClockProps {
  readonly row: Row;
  readonly of: 'customer' | 'own';
  readonly longest: number;
  readonly drill: Drill;
  readonly label: string;
}

/** The median, and where the true one is with 95 % certainty, on one scale for all agents. */
function Clock({ row, of, longest, drill, label }: ClockProps): JSX.Element {
  const [median, from, to] = [numberOrNull(row[`${of}_p50_seconds`]), numberOf(row[`${of}_likely_from`]), numberOf(row[`${of}_likely_to`])];
  if (median === null) return <td class="n">–</td>;
  const at = (seconds: number): string => `${Math.min(100, (seconds / longest) * 100)}%`;
  return (
    <td class="interval">
      <Figure label={label} title={`${exactSeconds(median)}; 95 %: ${duration(from)} – ${duration(to)}`} drill={drill}>{duration(median)}</Figure>
      <span class="note">n {count(numberOf(row[`${of}_n`]))}</span>
      <span class="range" aria-hidden="true"><i style={{ left: at(from), width: `calc(${at(to)} - ${at(from)})` }} /><b style={{ left: at(median) }} /></span>
      <span class="hidden">{t('likely', { from: duration(from), to: duration(to) })}</span>
    </td>
  );
}

function Card({ row, longest }: { readonly row: Row; readonly longest: number }): JSX.Element {
  const { agentName } = useDesk();
  const agent = textOf(row['agent_id']);
  const name = agentName(agent);
  const of = (rows: string, which = 'all'): Drill => ({ made: 'agents/scorecard', rows: `agents/${rows}`, only: { agent, which } });
  const rate = numberOrNull(row['reopen_rate']);
  return (
    <tr>
      <th scope="row"><bdi>{name}</bdi></th>
      <Clock row={row} of="customer" longest={longest} label={`${name}, ${t('customers_clock')}`} drill={of('replies', 'answered')} />
      <Clock row={row} of="own" longest={longest} label={`${name}, ${t('own_clock')}`} drill={of('replies', 'answered')} />
      <td class="n"><Count value={numberOf(row['reply_turns'])} label={`${name}, ${t('reply_turns')}`} drill={of('replies')} /></td>
      <td class="n"><Count value={numberOf(row['solves'])} label={`${name}, ${t('solves')}`} drill={of('solves')} /></td>
      <td class="interval">
        <Share value={rate} label={`${name}, ${t('reopened')}`} of={rate === null ? '' : `95 %: ${percent(numberOf(row['reopen_likely_from']))} – ${percent(numberOf(row['reopen_likely_to']))}`} drill={of('solves', 'judged')} />
        <span class="note">n {count(numberOf(row['judged']))}</span>
        {rate !== null && <span class="range" aria-hidden="true"><i style={{ left: `${numberOf(row['reopen_likely_from']) * 100}%`, width: `${(numberOf(row['reopen_likely_to']) - numberOf(row['reopen_likely_from'])) * 100}%` }} /><b style={{ left: `${rate * 100}%` }} /></span>}
      </td>
      <td class="n"><Share value={numberOrNull(row['answered_share'])} of={`${count(numberOf(row['answered_stations']))} / ${count(numberOf(row['stations']))}`} label={`${name}, ${t('stations_answered')}`} drill={of('stations')} /></td>
      <td class="n">{count(numberOf(row['bounced']))}</td>
      <td class="n" title={exactSeconds(numberOf(row['held_seconds']))}>{shortDuration(numberOf(row['held_seconds']))}</td>
    </tr>
  );
}

function Scorecard(): JSX.Element {
  const desk = useDesk();
  const asked = useAnswer('agents/scorecard', desk.query);
  return (
    <Panel title={t('scorecard')} note={t('scorecard_note')} ignores={['channel', 'language']} wide>
      <Answered asked={asked}>{({ rows }) => {
        const longest = Math.max(1, ...rows.flatMap((row) => [numberOf(row['customer_likely_to']), numberOf(row['own_likely_to'])]));
        return (
          <div class="scroll" tabIndex={0} role="region" aria-label={t('scorecard')}>
            <table class="desk">
              <thead><tr><th scope="col">{t('agent')}</th><th scope="col">{t('customers_clock')}</th><th scope="col">{t('own_clock')}</th><th scope="col" class="n">{t('reply_turns')}</th><th scope="col" class="n">{t('solves')}</th><th scope="col">{t('reopened')}</th><th scope="col" class="n">{t('stations_answered')}</th><th scope="col" class="n">{t('bounced')}</th><th scope="col" class="n">{t('held_time')}</th></tr></thead>
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
    <Panel title={t('handovers')} note={t('handovers_note')} ignores={['channel', 'language', 'clock']}>
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
    <Panel title={t('ping_pong')} note={t('ping_pong_note')} ignores={['channel', 'language', 'clock']}>
      <Answered asked={asked}>{({ rows: [row = {}] }) => (
        <dl class="tiles small">
          <div><dt>{t('assigned_tickets')}</dt><dd><Count value={numberOf(row['assigned_tickets'])} label={t('assigned_tickets')} drill={drill('all')} /></dd></div>
          <div><dt>{t('back_to_agent')}</dt><dd><Share value={numberOrNull(row['agent_share'])} of={count(numberOf(row['back_to_an_agent']))} label={t('back_to_agent')} drill={drill('back_to_agent')} /></dd></div>
          <div><dt>{t('back_to_queue')}</dt><dd><Share value={numberOrNull(row['queue_share'])} of={count(numberOf(row['back_to_a_queue']))} label={t('back_to_queue')} drill={drill('back_to_queue')} /></dd></div>
        </dl>
      )}</Answered>
    </Panel>
  );
}

function Occupancy(): JSX.Element {
  const desk = useDesk();
  const asked = useAnswer('agents/occupancy', desk.query);
  return (
    <Panel title={t('occupancy')} note={t('occupancy_note')} ignores={['queue', 'channel', 'language', 'clock']}>
      <Answered asked={asked}>{({ rows }) => (
        <div class="scroll" tabIndex={0} role="region" aria-label={t('occupancy')}>
          <table class="desk">
            <thead><tr><th scope="col">{t('agent')}</th><th scope="col" class="n">{t('days')}</th><th scope="col" class="n">{t('handled')}</th><th scope="col" class="n">{t('on_shift')}</th><th scope="col" class="n">{t('occupied')}</th><th scope="col" class="n">{t('at_once')}</th></tr></thead>
            <tbody>
              {rows.map((row) => (
                <tr key={textOf(row['agent_id'])}>
                  <th scope="row"><bdi>{desk.agentName(textOf(row['agent_id']))}</bdi></th>
                  <td class="n">{count(numberOf(row['days']))}</td>
                  <td class="n" title={exactSeconds(numberOf(row['handle_seconds']))}>{shortDuration(numberOf(row['handle_seconds']))}</td>
                  <td class="n">{numberOf(row['shift_seconds']) === 0 ? '–' : shortDuration(numberOf(row['shift_seconds']))}</td>
                  <td class="n">{numberOrNull(row['occupancy']) === null ? '–' : percent(numberOf(row['occupancy']))}</td>
                  <td class="n">{numberOrNull(row['concurrency']) === null ? '–' : count(numberOf(row['concurrency']), 1)}</td>
                </tr>
              ))}
            </tbody>
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
