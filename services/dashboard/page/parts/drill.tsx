// What is behind a number: its rows, the SQL that made it, and both as files.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { changed, DRILL, go, usePlace, withoutDrill } from '../address.ts';
import { pathOf, useAnswer, type Answer } from '../api.ts';
import { useDesk } from '../desk.ts';
import { clockTime, count } from '../format.ts';
import { question, t } from '../texts/text.ts';
import { Answered } from './panel.tsx';
import { Rows } from './rows.tsx';

const SHOWN = 200;
/** What of the rows' question the number depends on, too; the rest chooses rows. */
const SHARED = new Set(['from', 'to', 'at', 'step', 'ticket', 'risk', 'handle', 'within', 'target', 'snapshot']);

const close = (): void => go(withoutDrill(new URLSearchParams(location.search)));

function Downloads({ name, query }: { readonly name: string; readonly query: URLSearchParams }): JSX.Element {
  return (
    <span class="downloads">
      {t('download')} <a href={pathOf(name, query, '.csv')} download>CSV</a> <a href={pathOf(name, query, '.parquet')} download>Parquet</a>
    </span>
  );
}

function Copy({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
  const [isCopied, setCopied] = useState(false);
  const copy = (): void => void navigator.clipboard.writeText(text).then(() => setCopied(true), () => undefined);
  return <button type="button" onClick={copy}>{isCopied ? t('copied') : label}</button>;
}

function Made({ answer, query }: { readonly answer: Answer; readonly query: URLSearchParams }): JSX.Element {
  const { zone } = useDesk();
  return (
    <>
      <p class="note">{question(answer.query, answer.title)} {answer.about}</p>
      <div class="line"><Downloads name={answer.query} query={query} /><Copy text={answer.sql} label={t('copy')} /></div>
      <pre tabIndex={0}><code>{answer.sql}</code></pre>
      <p class="note">{t('answered_at', { time: clockTime(Date.parse(answer.at), zone), ms: count(answer.took_ms) })}{answer.read_rows !== null && `, ${t('rows_read', { n: count(answer.read_rows) })}`}</p>
    </>
  );
}

interface OpenedProps {
  readonly rows: string;
  readonly made: string;
  /** Of the rows. */
  readonly query: URLSearchParams;
  readonly madeQuery: URLSearchParams;
}

function Opened({ rows, made, query, madeQuery }: OpenedProps): JSX.Element {
  const box = useRef<HTMLDialogElement>(null);
  const behind = useAnswer(rows, changed(query, { limit: String(SHOWN) }));
  const source = useAnswer(made, madeQuery);
  useEffect(() => {
    box.current?.showModal();
  }, []);
  const hasMore = behind.answer?.rows.length === SHOWN;
  const title = behind.answer === null ? t('loading') : question(rows, behind.answer.title);
  return (
    <dialog ref={box} class="drill" aria-label={title} onClose={close} onClick={({ target }) => target === box.current && close()}>
      <header><h2>{title}</h2><div class="line"><Copy text={location.href} label={t('share_link')} /><button type="button" onClick={close}>{t('close')}</button></div></header>
      <h3>{t('rows_behind')}</h3>
      <div class="line">
        <span class="note">{hasMore ? t('first_rows', { n: count(SHOWN) }) : t('n_rows', { n: count(behind.answer?.rows.length ?? 0) })}</span>
        <Downloads name={rows} query={query} />
      </div>
      <Answered asked={behind} inRange={false}>{(answer) => <Rows answer={answer} caption={answer.title} />}</Answered>
      <h3>{t('how_made')}</h3>
      {source.answer === null ? <Answered asked={source}>{() => null}</Answered> : <Made answer={source.answer} query={madeQuery} />}
    </dialog>
  );
}

export function Drilled(): JSX.Element | null {
  const { query } = usePlace();
  const desk = useDesk();
  const rows = query.get(DRILL);
  if (rows === null) return null;
  const only = [...new Set([...query.keys()].filter((name) => name.startsWith('o.')))];
  const chosen = only.map((name): [string, string[]] => [name.slice(2), query.getAll(name)]);
  const asked = changed(desk.query, Object.fromEntries(chosen));
  const made = query.get('made') ?? rows;
  const madeQuery = made === rows ? asked : changed(desk.query, Object.fromEntries(chosen.filter(([name]) => SHARED.has(name))));
  return <Opened key={`${rows} ${asked.toString()}`} rows={rows} made={made} query={asked} madeQuery={madeQuery} />;
}
