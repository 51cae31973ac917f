// Which alerts go where, and when. A destination gets an alert when any route that names it matches. A route that is closed
// and a silence hold an alert back: what is still open when they end is sent then.
import { isWithin } from '../destinations/hours.ts';
import type { Alert } from './alert.ts';
import type { EscalationsSection, Matcher, Route, Silence } from './section.ts';

export interface Matched {
  /** Of the first route, in order, that matches and is open; of the first that matches when none is. */
  readonly route: Route;
  readonly isOpen: boolean;
}

const sameWord = (wanted: readonly string[] | undefined, word: string): boolean =>
  wanted === undefined || wanted.some((one) => one.toLowerCase() === word.toLowerCase());

/** @param queueId null while nobody knows it: better a page too many than one too few. */
export const matches = ({ on, queues, levels, metrics }: Matcher, alert: Alert, queueId: string | null): boolean =>
  (on === undefined || on.includes(alert.kind)) && (queues === undefined || queueId === null || queues.includes(queueId))
  && sameWord(levels, alert.level) && sameWord(metrics, alert.metric);

const isSilenced = (silences: readonly Silence[], alert: Alert, { queueId, at }: { queueId: string | null; at: number }): boolean =>
  silences.some((silence) => at >= Date.parse(silence.from) && at < Date.parse(silence.until) && (silence.queues === undefined || queueId !== null) && matches(silence, alert, queueId));

/** What a destination's routes say of an alert at an instant; null when none of them wants it. */
export function routeOf(section: EscalationsSection, destination: string, { alert, queueId, at }: { alert: Alert; queueId: string | null; at: number }): Matched | null {
  const wanted = section.routes.filter((route) => route.to.includes(destination) && matches(route, alert, queueId));
  const open = wanted.find(({ hours }) => hours === undefined || isWithin(hours, at));
  const route = open ?? wanted[0];
  if (route === undefined) return null;
  return { route, isOpen: open !== undefined && !isSilenced(section.silences, alert, { queueId, at }) };
}

/** Whether nothing can be said of an alert before its queue is known. */
export const asksForQueue = ({ routes, silences }: EscalationsSection): boolean => [...routes, ...silences].some(({ queues }) => queues !== undefined);
