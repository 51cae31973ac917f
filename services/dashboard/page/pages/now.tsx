// The desk now. Every number is a sum over the rows of one answer, which the server sends as soon as it changes.
import type { JSX } from 'preact';
import { go, usePlace } from '../address.ts';
import { instantOf, textOf, type Row } from '../api.ts';
import { useDesk } from '../desk.ts';
import { clockTime, duration, shortDuration } from '../format.ts';
import { useLive, useNow, type Lively } from '../live.ts';
import { Count, Duration, type Drill } from '../parts/figure.tsx';
import { Bones, Nothing, Panel, Trouble } from '../parts/panel.tsx';
import { TicketLink } from '../parts/rows.tsx';
import { t, type TextKey } from '../texts/text.ts';
import { byKey, sumOf, soonest, type Moment } from './now-cells.ts';

const STATUSES = ['new', 'open', 'pending', 'on_hold'] as const;
const AGES = ['1 <4h', '2 <1d', '3 <3d', '4 <7d', '5 older'] as const;
const RISK_SECONDS = 3_600;
const SHOWN = 10;
const SHOWN_ON_WALL = 7;

const drillTo = (only: NonNullable<Drill['only']>): Drill => ({ made: 'now/cells', rows: 'now/tickets', only });
const ageText = (age: string): string => t(`age_${age.charAt(0)}` as TextKey);
const secondsTo = (from: number, to: number): number => Math.max(0, Math.floor((to - from) / 1_000));

function Tiles({ cells, now }: { readonly cells: readonly Row[]; readonly now: number }): JSX.Element {
  const [longest] = soonest(cells, 'longest_waits', 1);
  const unassigned = cells.filter((cell) => cell['assignee_id'] === '');
  const tiles: readonly (readonly [TextKey, JSX.Element])[] = [
    ['backlog', <Count value={sumOf(cells, 'tickets')} label={t('backlog')} drill={drillTo({})} />],
    ['waiting', <Count value={sumOf(cells, 'waiting')} label={t('waiting')} drill={drillTo({ which: 'waiting' })} />],
    ['longest_wait', <Duration value={longest === undefined ? null : secondsTo(longest.at, now)} label={t('longest_wait')} drill={drillTo({ which: 'waiting' })} />],
    ['unassigned', <Count value={sumOf(unassigned, 'tickets')} label={t('unassigned')} drill={drillTo({ which: 'unassigned' })} />],
    ['at_risk', <Count value={sumOf(cells, 'at_risk')} tone="warn" label={t('at_risk')} drill={drillTo({ which: 'at_risk' })} />],
    ['breached', <Count value={sumOf(cells, 'breached')} tone="bad" label={t('breached')} drill={drillTo({ which: 'breached' })} />],
  ];
  return (
    <dl class="tiles">
      {tiles.map(([name, figure]) => <div key={name}><dt>{t(name)}</dt><dd>{figure}{name === 'at_risk' && <span class="note"> {t('at_risk_note', { time: duration(RISK_SECONDS) })}</span>}</dd></div>)}
    </dl>
  );
}

function AgeBar({ cells, queue }: { readonly cells: readonly Row[]; readonly queue: string }): JSX.Element {
  const total = sumOf(cells, 'tickets');
  return (
    <span class="bar">
      {AGES.map((age, nth) => {
        const tickets = sumOf(cells.filter((cell) => cell['age'] === age), 'tickets');
        if (tickets === 0) return null;
        const label = `${ageText(age)}: ${tickets}`;
        return <button key={age} type="button" class={`age age${nth + 1}`} style={{ flexGrow: tickets / total }} title={label} aria-label={label} onClick={() => openAge(queue, age)} />;
      })}
    </span>
  );
}

const openAge = (queue: string, age: string): void => go({ open: 'now/tickets', made: 'now/cells', 'o.queue': queue, 'o.age': age });

function QueueRow({ queue, cells, now }: { readonly queue: string; readonly cells: readonly Row[]; readonly now: number }): JSX.Element {
  const { queueName } = useDesk();
  const name = queueName(queue);
  const drill = (only: NonNullable<Drill['only']>): Drill => drillTo({ queue, ...only });
  const oldest = Math.min(...cells.map((cell) => instantOf(cell['oldest_created_at']) ?? now));
  const count = (rows: readonly Row[], column: string, label: string, only: NonNullable<Drill['only']>, tone?: 'bad' | 'warn'): JSX.Element =>
    <td class="n"><Count value={sumOf(rows, column)} label={`${name}, ${label}`} drill={drill(only)} tone={tone} /></td>;
  return (
    <tr>
      <th scope="row"><bdi>{name}</bdi></th>
      {count(cells, 'tickets', t('total'), {})}
      {count(cells.filter((cell) => cell['assignee_id'] === ''), 'tickets', t('unassigned'), { which: 'unassigned' })}
      {count(cells, 'waiting', t('waiting'), { which: 'waiting' })}
      {count(cells, 'at_risk', t('at_risk'), { which: 'at_risk' }, 'warn')}
      {count(cells, 'breached', t('breached'), { which: 'breached' }, 'bad')}
      {STATUSES.map((status) => <td key={status} class="n detail"><Count value={sumOf(cells.filter((cell) => cell['status_category'] === status), 'tickets')} label={`${name}, ${t(`status_${status}`)}`} drill={drill({ category: status })} /></td>)}
      <td class="n detail" title={duration(secondsTo(oldest, now))}>{shortDuration(secondsTo(oldest, now))}</td>
      <td class="detail"><AgeBar cells={cells} queue={queue} /></td>
    </tr>
  );
}

function Queues({ cells, now }: { readonly cells: readonly Row[]; readonly now: number }): JSX.Element {
  const queues = [...byKey(cells, 'queue_id')].sort(([, a], [, b]) => sumOf(b, 'tickets') - sumOf(a, 'tickets'));
  return (
    <Panel title={t('backlog_by_queue')} wide>
      {cells.length === 0 ? <Nothing /> : <>
        <div class="scroll" tabIndex={0} role="region" aria-label={t('backlog_by_queue')}>
          <table class="desk">
            <thead>
              <tr>
                <th scope="col">{t('queue')}</th>
                {(['total', 'unassigned', 'waiting', 'at_risk', 'breached'] as const).map((name) => <th key={name} scope="col" class="n">{t(name)}</th>)}
                {STATUSES.map((status) => <th key={status} scope="col" class="n detail">{t(`status_${status}`)}</th>)}
                <th scope="col" class="n detail">{t('oldest')}</th>
                <th scope="col" class="detail">{t('age')}</th>
              </tr>
            </thead>
            <tbody>{queues.map(([queue, own]) => <QueueRow key={queue} queue={queue} cells={own} now={now} />)}</tbody>
          </table>
        </div>
        <ul class="legend detail" aria-hidden="true">{AGES.map((age, nth) => <li key={age}><i class={`age age${nth + 1}`} />{ageText(age)}</li>)}</ul>
      </>}
    </Panel>
  );
}

function Moments({ title, moments, empty, text }: { readonly title: string; readonly moments: readonly Moment[]; readonly empty: string; readonly text: (moment: Moment) => JSX.Element }): JSX.Element {
  const { queueName, agentName } = useDesk();
  // Who writes is nobody's business who only passes by.
  const isWall = usePlace().query.has('wall');
  return (
    <Panel title={title}>
      {moments.length === 0 ? <div class="state quiet">{empty}</div> : (
        <ol class="moments">
          {moments.map((moment) => (
            <li key={moment.ticket}>
              {text(moment)}
              <TicketLink id={moment.ticket} />
              <span class="note">{!isWall && moment.customer !== '' && `${t('customer')} ${moment.customer} · `}<bdi>{queueName(moment.queue)}</bdi> · <bdi>{agentName(moment.assignee)}</bdi></span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}

function Agents({ cells }: { readonly cells: readonly Row[] }): JSX.Element {
  const { agentName } = useDesk();
  const agents = [...byKey(cells.filter((cell) => cell['assignee_id'] !== ''), 'assignee_id')]
    .map(([agent, own]) => ({ agent, own, held: own.filter((cell) => ['new', 'open'].includes(textOf(cell['status_category']))) }))
    .sort((a, b) => sumOf(b.held, 'tickets') - sumOf(a.held, 'tickets') || a.agent.localeCompare(b.agent));
  return (
    <Panel title={t('agents_hold')} note={`${t('held')}: ${t('held_note')}`}>
      {agents.length === 0 ? <Nothing /> : (
        <table class="desk">
          <thead><tr><th scope="col">{t('agent')}</th>{(['held', 'total', 'waiting', 'breached'] as const).map((name) => <th key={name} scope="col" class="n">{t(name)}</th>)}</tr></thead>
          <tbody>
            {agents.map(({ agent, own, held }) => (
              <tr key={agent}>
                <th scope="row"><bdi>{agentName(agent)}</bdi></th>
                <td class="n"><Count value={sumOf(held, 'tickets')} label={`${agentName(agent)}, ${t('held')}`} drill={drillTo({ agent, which: 'held' })} /></td>
                <td class="n"><Count value={sumOf(own, 'tickets')} label={`${agentName(agent)}, ${t('total')}`} drill={drillTo({ agent })} /></td>
                <td class="n"><Count value={sumOf(own, 'waiting')} label={`${agentName(agent)}, ${t('waiting')}`} drill={drillTo({ agent, which: 'waiting' })} /></td>
                <td class="n"><Count value={sumOf(own, 'breached')} tone="bad" label={`${agentName(agent)}, ${t('breached')}`} drill={drillTo({ agent, which: 'breached' })} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

export function Connection({ lively, now }: { readonly lively: Lively; readonly now: number }): JSX.Element {
  const { zone } = useDesk();
  if (lively.at === null) return <p class="connection" role="status">{t('connecting')}</p>;
  const values = { time: clockTime(lively.at, zone), age: shortDuration(secondsTo(lively.at, now)) };
  if (lively.connection === 'live') return <p class="connection live">{t('live')} · {t('as_of', values)}</p>;
  return <p class="connection bad" role="status">{t(lively.connection === 'stale' ? 'stale' : 'lost', values)}</p>;
}

export function NowPage(): JSX.Element {
  const desk = useDesk();
  const { query } = usePlace();
  const lively = useLive(desk.query);
  const now = useNow(lively.ahead);
  const isWall = query.has('wall');
  if (lively.answer === null) return lively.failure === null ? <><Connection lively={lively} now={now} /><Bones /></> : <Trouble error={lively.failure} />;
  const cells = lively.answer.rows;
  return (
    <div class={isWall ? 'now wall' : 'now'}>
      <Connection lively={lively} now={now} />
      <Tiles cells={cells} now={now} />
      <div class="columns">
        <Queues cells={cells} now={now} />
        <Moments title={t('waiting_longest')} empty={t('nobody_waits')} moments={soonest(cells, 'longest_waits', isWall ? SHOWN_ON_WALL : SHOWN)}
          text={({ at }) => <Duration value={secondsTo(at, now)} label={t('waits')} drill={drillTo({ which: 'waiting' })} />} />
        {!isWall && <Moments title={t('due_next')} empty={t('nothing_due', { time: duration(RISK_SECONDS) })} moments={soonest(cells, 'next_due', SHOWN)}
          text={({ at }) => <Duration value={secondsTo(now, at)} tone="warn" label={t('at_risk')} drill={drillTo({ which: 'at_risk' })} />} />}
        {!isWall && <Agents cells={cells} />}
      </div>
    </div>
  );
}
