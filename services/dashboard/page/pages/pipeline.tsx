// Whether what is shown is all there is: what each service does, how far each projection has read, what could not be used, what is odd.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ServiceState } from '../../answer.ts';
import { get, numberOf, Refused, useAnswer, type Row } from '../api.ts';
import { useDesk } from '../desk.ts';
import { count, duration, exactSeconds, NONE } from '../format.ts';
import { Duration, Figure } from '../parts/figure.tsx';
import { Answered, Bones, Panel, Trouble, type FilterName } from '../parts/panel.tsx';
import { Rows } from '../parts/rows.tsx';
import { said, t, type TextKey } from '../texts/text.ts';
import { byKey } from './now-cells.ts';

const ALL: readonly FilterName[] = ['queue', 'channel', 'language', 'clock'];
const LOOK_EVERY_MS = 5_000;

/** Looked for again and again while the page is open. */
function useServices(): readonly ServiceState[] | Refused | null {
  const [states, setStates] = useState<readonly ServiceState[] | Refused | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    const look = (): void => void get('/api/services', stop.signal).then((found) => setStates(found as readonly ServiceState[]), (error: unknown) => {
      if (!stop.signal.aborted) setStates(error instanceof Refused ? error : new Refused(0, 'failed', String(error)));
    });
    look();
    const every = setInterval(look, LOOK_EVERY_MS);
    return () => {
      clearInterval(every);
      stop.abort();
    };
  }, []);
  return states;
}

function ServiceRow({ state }: { readonly state: ServiceState }): JSX.Element {
  const isWell = state.state === 'ready' && state.amiss.length === 0;
  return (
    <tr>
      <th scope="row">{state.service}</th>
      <td><strong class={isWell ? 'good' : state.state === 'ready' ? 'warn' : 'bad'}>{t(`state_${state.state}`)}</strong>{state.amiss.map((text) => <p key={text} class="note">{text}</p>)}</td>
      <td class="n">{state.lag_records === null ? NONE : count(state.lag_records)}</td>
      <td class="n" title={state.lag_seconds === null ? undefined : exactSeconds(state.lag_seconds)}>{state.lag_seconds === null || state.lag_records === 0 ? NONE : duration(state.lag_seconds)}</td>
      <td class="n">{count(state.held_partitions)}</td>
      <td>{Object.entries(state.outcomes).map(([outcome, n]) => `${said(outcome)} ${count(n)}`).join(', ') || NONE}</td>
    </tr>
  );
}

function ServiceTable(): JSX.Element {
  const states = useServices();
  if (states === null) return <Bones />;
  if (states instanceof Refused) return <Trouble error={states} />;
  if (states.length === 0) return <div class="state quiet">{t('services_none')}</div>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t('services')}>
      <table class="desk">
        <thead><tr><th scope="col">{t('service')}</th><th scope="col">{t('state')}</th><th scope="col" class="n">{t('behind')}</th><th scope="col" class="n">{t('oldest_unread')}</th><th scope="col" class="n">{t('held_partitions')}</th><th scope="col">{t('done')}</th></tr></thead>
        <tbody>{states.map((state) => <ServiceRow key={state.service} state={state} />)}</tbody>
      </table>
    </div>
  );
}

function Services(): JSX.Element {
  const { isOperator } = useDesk();
  return <Panel title={t('services')} note={t('services_note')} wide>{isOperator ? <ServiceTable /> : <div class="state quiet">{t('operators_only')}</div>}</Panel>;
}

function Freshness(): JSX.Element {
  const desk = useDesk();
  const asked = useAnswer('pipeline/freshness', desk.query);
  const newest = (rows: readonly Row[]): number => Math.min(...rows.map((row) => numberOf(row['lag_seconds'])));
  return (
    <Panel title={t('freshness')} note={t('freshness_note')} source={{ made: 'pipeline/freshness' }} ignores={ALL} wide>
      <Answered asked={asked} inRange={false}>{(answer) => (
        <>
          <dl class="tiles">
            {[...byKey(answer.rows, 'projection')].map(([projection, rows]) => (
              <div key={projection}>
                <dt>{projection}</dt>
                <dd><Duration value={newest(rows)} label={`${projection}, ${t('last_came')}`} drill={{ made: 'pipeline/freshness' }} /> <span class="note">{t('last_came')}</span></dd>
              </div>
            ))}
          </dl>
          <details><summary>{t('by_partition')}</summary><Rows answer={answer} caption={t('freshness')} /></details>
        </>
      )}</Answered>
    </Panel>
  );
}

interface ListedProps {
  readonly title: 'quarantine' | 'versions' | 'quality';
  readonly query: string;
  readonly actions?: JSX.Element | undefined;
}

function Listed({ title, query, actions }: ListedProps): JSX.Element {
  const desk = useDesk();
  const asked = useAnswer(query, desk.query);
  const none = asked.answer?.rows.length === 0 && asked.error === null;
  const note: TextKey = `${title}_note`;
  return <Panel title={t(title)} note={t(note)} ignores={ALL} source={{ made: query }} actions={none ? undefined : actions}>{none ? <div class="state good">{t(`${title}_none`)}</div> : <Answered asked={asked} inRange={false}>{(answer) => <Rows answer={answer} caption={t(title)} />}</Answered>}</Panel>;
}

export function PipelinePage(): JSX.Element {
  const { isOperator } = useDesk();
  const firstLines = isOperator ? <Figure label={t('first_lines')} drill={{ made: 'pipeline/quarantine', rows: 'pipeline/quarantine-records' }}>{t('first_lines')}</Figure> : undefined;
  return (
    <div class="columns broad">
      <Services />
      <Listed title="quarantine" query="pipeline/quarantine" actions={firstLines} />
      <Listed title="versions" query="pipeline/versions" />
      <Listed title="quality" query="pipeline/quality" />
      <Freshness />
    </div>
  );
}
