// Whether what is shown is all there is: how far each projection has read, what could not be used, what is odd.
import type { JSX } from 'preact';
import { numberOf, useAnswer, type Row } from '../api.ts';
import { useDesk } from '../desk.ts';
import { count, duration, exactSeconds } from '../format.ts';
import { Answered, Panel, type FilterName } from '../parts/panel.tsx';
import { Rows } from '../parts/rows.tsx';
import { Count } from '../parts/figure.tsx';
import { t, type TextKey } from '../texts/text.ts';
import { byKey, sumOf } from './now-cells.ts';

const ALL: readonly FilterName[] = ['queue', 'channel', 'language', 'clock'];

function Freshness(): JSX.Element {
  const desk = useDesk();
  const asked = useAnswer('pipeline/freshness', desk.query);
  const newest = (rows: readonly Row[]): number => Math.min(...rows.map((row) => numberOf(row['lag_seconds'])));
  return (
    <Panel title={t('freshness')} note={t('freshness_note')} ignores={ALL} wide>
      <Answered asked={asked} inRange={false}>{(answer) => (
        <>
          <dl class="tiles">
            {[...byKey(answer.rows, 'projection')].map(([projection, rows]) => (
              <div key={projection}>
                <dt>{projection}</dt>
                <dd><Count value={sumOf(rows, 'events')} label={`${projection}, ${t('events')}`} drill={{ made: 'pipeline/freshness' }} /> <span class="note" title={exactSeconds(newest(rows))}>{t('last_came', { age: duration(newest(rows)), n: count(rows.length) })}</span></dd>
              </div>
            ))}
          </dl>
          <details><summary>{t('by_partition')}</summary><Rows answer={answer} caption={t('freshness')} /></details>
        </>
      )}</Answered>
    </Panel>
  );
}

function Listed({ title, note, query, ignores }: { readonly title: 'quarantine' | 'versions' | 'quality'; readonly note: TextKey; readonly query: string; readonly ignores: readonly FilterName[] }): JSX.Element {
  const desk = useDesk();
  const asked = useAnswer(query, desk.query);
  const none = asked.answer?.rows.length === 0;
  return <Panel title={t(title)} note={t(note)} ignores={ignores}>{none ? <div class="state good">{t(`${title}_none`)}</div> : <Answered asked={asked} inRange={false}>{(answer) => <Rows answer={answer} caption={t(title)} />}</Answered>}</Panel>;
}

export function PipelinePage(): JSX.Element {
  return (
    <div class="columns">
      <Freshness />
      <Listed title="quarantine" note="quarantine_note" query="pipeline/quarantine" ignores={ALL} />
      <Listed title="versions" note="versions_note" query="pipeline/versions" ignores={ALL} />
      <Listed title="quality" note="quality_note" query="pipeline/quality" ignores={ALL} />
    </div>
  );
}
