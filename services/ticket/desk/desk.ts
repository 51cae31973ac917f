// What the numbers depend on besides the events, as a value: status maps, calendars, policies. The key '' stands for every
// integration that says nothing itself.
import { aroundTheClock, BusinessClock, type OpenWindow } from './business-clock.ts';
import { StatusMap, type StatusNames } from './status.ts';
import { pauseNames, type Policy } from '../timers/policies.ts';

type ByIntegration<T> = Readonly<Record<string, T>>;

export interface DeskConfig {
  readonly calendars?: Readonly<Record<string, readonly OpenWindow[]>>;
  /** Calendar of all business time outside SLAs, by integration. */
  readonly defaultCalendars?: ByIntegration<string>;
  readonly statuses?: ByIntegration<StatusNames>;
  /** In configured order, versions of one policy side by side. An empty list is a list of one's own, too. */
  readonly policies?: ByIntegration<readonly Policy[]>;
}

/** A policy with its calendar and pauses looked up. */
export interface ReadyPolicy extends Policy {
  readonly clock: BusinessClock;
  readonly pausedIn: ReadonlySet<string>;
}

/** The desk of one integration. */
export interface Desk {
  readonly statuses: StatusMap;
  readonly clock: BusinessClock;
  readonly policies: readonly ReadyPolicy[];
}

const EVERYBODY = '';

const saidOf = <T>(values: ByIntegration<T> = {}, integrationId: string): T | undefined => (Object.hasOwn(values, integrationId) ? values[integrationId] : undefined);

/** What an integration says itself comes before what is said for all. */
const saidFor = <T>(values: ByIntegration<T> | undefined, integrationId: string): T | undefined => saidOf(values, integrationId) ?? saidOf(values, EVERYBODY);

/** A calendar that nobody configured never opens. */
const neverOpen = new BusinessClock([]);

/** @returns the desk of an integration; made once each. */
export function deskOf(config: DeskConfig): (integrationId: string) => Desk {
  const clocks = new Map(Object.entries(config.calendars ?? {}).map(([id, windows]) => [id, new BusinessClock(windows)]));
  const clockOf = (calendarId: string): BusinessClock => (calendarId === '' ? aroundTheClock : clocks.get(calendarId) ?? neverOpen);
  const desks = new Map<string, Desk>();
  const make = (integrationId: string): Desk => ({
    statuses: new StatusMap(saidOf(config.statuses, integrationId), saidOf(config.statuses, EVERYBODY)),
    // Without a default calendar it is 24×7.
    clock: clockOf(saidFor(config.defaultCalendars, integrationId) ?? ''),
    // An integration's own policies replace those for all.
    policies: (saidFor(config.policies, integrationId) ?? []).map((policy) =>
      ({ ...policy, clock: clockOf(policy.calendarId), pausedIn: pauseNames(policy.pauseStatuses) })),
  });
  return (integrationId) => {
    const desk = desks.get(integrationId) ?? make(integrationId);
    desks.set(integrationId, desk);
    return desk;
  };
}
