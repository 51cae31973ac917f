// A number that can be asked where it comes from: it opens the SQL that made it and the rows behind it. What is opened stands in
// the address, so that can be sent, too.
import type { ComponentChildren, JSX } from 'preact';
import { DRILL, go, withoutDrill } from '../address.ts';
import { count, duration, exactSeconds, NONE, percent } from '../format.ts';
import { t } from '../texts/text.ts';

export interface Drill {
  /** The query that made the number. */
  readonly made: string;
  /** The query of the rows behind it; the same one by default. */
  readonly rows?: string;
  /** What the rows are asked with besides the page's filters. */
  readonly only?: Readonly<Record<string, string | readonly string[]>>;
}

export function openDrill({ made, rows = made, only = {} }: Drill): void {
  const asked = Object.fromEntries(Object.entries(only).map(([name, value]) => [`o.${name}`, value]));
  go({ ...withoutDrill(new URLSearchParams(location.search)), [DRILL]: rows, made, ...asked });
}

interface FigureProps {
  readonly drill: Drill;
  /** What it is, for who doesn't see where it stands. */
  readonly label: string;
  readonly tone?: 'bad' | 'warn' | 'quiet' | undefined;
  readonly title?: string | undefined;
  readonly children: ComponentChildren;
}

export function Figure({ drill, label, tone, title, children }: FigureProps): JSX.Element {
  return <button type="button" class={`figure ${tone ?? ''}`} title={title} aria-label={`${label}: ${textIn(children)}. ${t('explain', { what: label })}`} onClick={() => openDrill(drill)}>{children}</button>;
}

const textIn = (children: ComponentChildren): string => (Array.isArray(children) ? children.map((child) => textIn(child as ComponentChildren)).join('') : typeof children === 'string' || typeof children === 'number' ? String(children) : '');

type ValueProps = Omit<FigureProps, 'children' | 'title'> & { readonly value: number | null };

export const Count = ({ value, ...rest }: ValueProps): JSX.Element =>
  <Figure {...rest} tone={value === 0 ? 'quiet' : rest.tone}>{value === null ? NONE : count(value)}</Figure>;

export const Duration = ({ value, ...rest }: ValueProps): JSX.Element =>
  <Figure {...rest} title={value === null ? undefined : exactSeconds(value)}>{duration(value)}</Figure>;

export const Share = ({ value, of, ...rest }: ValueProps & { readonly of?: string }): JSX.Element =>
  <Figure {...rest} title={of}>{value === null ? NONE : percent(value)}</Figure>;
