// A part of a page with its heading, and what stands in it while there is no answer: each state says what is, and what to do.
import type { ComponentChildren, JSX } from 'preact';
import type { Answer, Asked, Refused } from '../api.ts';
import { go } from '../address.ts';
import { useDesk } from '../desk.ts';
import { clockTime, dayText, plusDays, shortDuration } from '../format.ts';
import { t, type TextKey } from '../texts/text.ts';
import { Figure, type Drill } from './figure.tsx';

const FILTER_NAMES = { queue: 'queue', channel: 'channel', language: 'language', clock: 'clock' } as const satisfies Record<string, TextKey>;
export type FilterName = keyof typeof FILTER_NAMES;

const CLASSES = { wide: 'panel wide', normal: 'panel' };

interface PanelProps {
  readonly title: string;
  readonly note?: string;
  /** Filters that the answer does not depend on: said when one of them is set. */
  readonly ignores?: readonly FilterName[];
  readonly wide?: boolean;
  /** What it was asked: its SQL and rows open like a number's. */
  readonly source?: Drill;
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Panel({ title, note, ignores = [], wide = false, source, actions, children }: PanelProps): JSX.Element {
  const { query } = useDesk();
  const ignored = ignores.filter((name) => (name === 'clock' ? query.get('clock') === 'business' : query.has(name)));
  return (
    <section class={CLASSES[wide ? 'wide' : 'normal']} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {(actions !== undefined || source !== undefined) && <div class="line">{actions}{source !== undefined && <Figure label={title} drill={source} tone="quiet">{t('source')}</Figure>}</div>}
      </header>
      {note !== undefined && <p class="note">{note}</p>}
      {ignored.length > 0 && <p class="note flag">{t('not_filtered', { names: ignored.map((name) => t(FILTER_NAMES[name])).join(', ') })}</p>}
      {children}
    </section>
  );
}

export function Trouble({ error }: { readonly error: Refused }): JSX.Element {
  const [title, why] = error.status === 403 ? [t('no_permission'), t('no_permission_why')]
    : error.status === 503 ? [t('unavailable'), t('unavailable_why')]
      : [t('failed'), error.message];
  return <div class={`state ${error.status === 403 ? 'quiet' : 'bad'}`} role="status"><strong>{title}</strong><span>{why}</span></div>;
}

/** While an answer is on its way. */
export const Bones = (): JSX.Element =>
  <div class="state quiet" role="status" aria-busy="true"><span class="bone" /><span class="bone short" /><span class="hidden">{t('loading')}</span></div>;

interface NothingProps {
  readonly inRange?: boolean;
  /** What it means that there is nothing. */
  readonly why?: TextKey;
}

export function Nothing({ inRange = false, why = 'empty' }: NothingProps): JSX.Element {
  const desk = useDesk();
  const isBehind = inRange && desk.from > desk.lastDay;
  if (!isBehind) return <div class="state quiet">{t(why)}</div>;
  return (
    <div class="state quiet">
      <span>{t('empty_range', { day: dayText(desk.lastDay) })}</span>
      <button type="button" onClick={() => go({ from: plusDays(desk.lastDay, -13), to: desk.lastDay })}>{t('show_last')}</button>
    </div>
  );
}

export function Stale({ answer }: { readonly answer: Answer }): JSX.Element | null {
  const { zone } = useDesk();
  if (answer.stale === undefined) return null;
  const at = Date.parse(answer.at);
  return <p class="note flag" role="status">{t('stale', { time: clockTime(at, zone), age: shortDuration((Date.now() - at) / 1_000) })}</p>;
}

interface AnsweredProps {
  readonly asked: Asked;
  /** Whether no rows mean that the range is to blame. */
  readonly inRange?: boolean;
  /** What it means then, where that is more than filters. */
  readonly empty?: TextKey;
  readonly children: (answer: Answer) => ComponentChildren;
}

/** What an answer shows, or why there is none. */
export function Answered({ asked: { answer, error, isLoading }, inRange = true, empty = 'empty', children }: AnsweredProps): JSX.Element {
  if (error !== null) return <Trouble error={error} />;
  if (answer === null) return <Bones />;
  return (
    <div class={isLoading ? 'answer waiting' : 'answer'} aria-busy={isLoading}>
      <Stale answer={answer} />
      {answer.rows.length === 0 ? <Nothing inRange={inRange} why={empty} /> : children(answer)}
    </div>
  );
}
