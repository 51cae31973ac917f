// The filters of all pages. What is chosen stands in the address.
import type { JSX } from 'preact';
import { go } from '../address.ts';
import { useDesk, type Desk } from '../desk.ts';
import { browserZone } from '../format.ts';
import { said, t } from '../texts/text.ts';

const ANY = '*';

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, text: string])[];
  readonly onChoose: (value: string) => void;
}

export const Choice = ({ label, value, options, onChoose }: ChoiceProps): JSX.Element => (
  <label>
    <span>{label}</span>
    <select value={value} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
      {options.map(([option, text]) => <option key={option} value={option} selected={option === value}>{text}</option>)}
    </select>
  </label>
);

function Filter({ name, values, textOf }: { readonly name: 'queue' | 'channel' | 'language'; readonly values: readonly string[]; readonly textOf: (value: string) => string }): JSX.Element {
  const { query } = useDesk();
  const chosen = query.get(name);
  const options = [[ANY, t('all')] as const, ...new Set(chosen === null ? values : [...values, chosen])].map((option) => (typeof option === 'string' ? [option, textOf(option)] as const : option));
  return <Choice label={t(name)} value={chosen ?? ANY} options={options} onChoose={(value) => go({ [name]: value === ANY ? null : value })} />;
}

function Range({ desk }: { readonly desk: Desk }): JSX.Element {
  const day = (name: 'from' | 'to', value: string): JSX.Element => (
    <label>
      <span>{t(name)}</span>
      <input type="date" value={value} onChange={({ currentTarget: { value: chosen } }) => {
        if (chosen !== '') go(name === 'from' ? { from: chosen, to: desk.to < chosen ? chosen : desk.to } : { to: chosen, from: desk.from > chosen ? chosen : desk.from });
      }} />
    </label>
  );
  return <>{day('from', desk.from)}{day('to', desk.to)}</>;
}

/** @param hasRange of a page that is about a span of time. */
export function Filters({ hasRange }: { readonly hasRange: boolean }): JSX.Element {
  const desk = useDesk();
  const zones = [...new Set([desk.zone, browserZone(), 'UTC'])];
  return (
    <form class="filters" aria-label={t('filters')} onSubmit={(event) => event.preventDefault()}>
      <Choice label={t('tenant')} value={desk.tenant} options={[...new Set([desk.tenant, ...desk.tenants])].map((tenant) => [tenant, tenant])} onChoose={(tenant) => go({ tenant, queue: null, channel: null, language: null, from: null, to: null })} />
      {hasRange && <Range desk={desk} />}
      <Filter name="queue" values={desk.queues} textOf={desk.queueName} />
      <Filter name="channel" values={desk.channels} textOf={said} />
      <Filter name="language" values={desk.languages} textOf={(language) => (language === '' ? t('no_language') : language)} />
      {hasRange && <Choice label={t('clock')} value={desk.clock} options={[['elapsed', t('clock_elapsed')], ['business', t('clock_business')]]} onChoose={(clock) => go({ clock: clock === 'elapsed' ? null : clock })} />}
      <Choice label={t('zone')} value={desk.zone} options={zones.map((zone) => [zone, zone.replaceAll('_', ' ')])} onChoose={(zone) => go({ zone })} />
    </form>
  );
}
