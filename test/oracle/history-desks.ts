// Random desks for the random histories: policies of any match, target, calendar and pause, status names of a tenant's own.
import fc from 'fast-check';
import type { OracleConfig } from './config.ts';
import { baseTime } from './histories.ts';
import { historyCalendars, historyConfig } from './history-config.ts';
import type { SlaPolicy, SlaPolicyVersion } from './sla.ts';
import type { StatusCategory, StatusMap } from './statuses.ts';

type Desk = Omit<OracleConfig, 'now'>;

const calendarIds = fc.constantFrom('', '', ...historyCalendars.map(({ calendar_id }) => calendar_id));
const target = fc.constantFrom(undefined, 1, 900, 1800, 3600, 5400, 14_400, 86_400, 400_000);
const sometimes = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.oneof(fc.constant(undefined), value);

const match: fc.Arbitrary<NonNullable<SlaPolicyVersion['match']>> = fc.record({
  queue_ids: sometimes(fc.subarray(['', 'billing', 'tech'], { minLength: 1 })),
  channel_types: sometimes(fc.subarray(['direct_message', 'topic_group', 'bot_form', ''], { minLength: 1 })),
  language_codes: sometimes(fc.subarray(['de', 'en', ''], { minLength: 1 })),
  metadata: sometimes(fc.constantFrom<Record<string, string | number>>({ campaign_id: 'spring' }, { campaign_id: 42 }, { vip: 'yes' }, {})),
}, { requiredKeys: [] }).map((given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)));

const version = fc.record({
  valid_from: fc.constantFrom(0, 0, 0, baseTime + 900_000, baseTime + 5 * 86_400_000),
  calendar_id: calendarIds,
  match: fc.oneof({ weight: 3, arbitrary: match }, { weight: 2, arbitrary: fc.constant({}) }, { weight: 3, arbitrary: fc.constantFrom({ queue_ids: ['billing'] }, { queue_ids: ['tech'] }, { queue_ids: [''] }) }),
  first: target, next: target, resolution: target,
  pause_statuses: fc.constantFrom(['pending'], ['pending', 'on_hold'], ['PENDING', 'In-Progress'], ['open'], ['Awaiting_vendor', 'on-hold'], []),
}).map(({ first, next, resolution, ...rest }): Omit<SlaPolicyVersion, 'version'> => ({
  ...rest,
  ...(first === undefined ? {} : { first_response_seconds: first }), ...(next === undefined ? {} : { next_response_seconds: next }),
  ...(resolution === undefined ? {} : { resolution_seconds: resolution }),
}));

/** One version, or two with the later one in force from another instant. */
const versions: fc.Arbitrary<SlaPolicyVersion[]> = fc.uniqueArray(version, { minLength: 1, maxLength: 2, selector: ({ valid_from }) => valid_from })
  .map((found) => found.sort((a, b) => a.valid_from - b.valid_from).map((each, i) => ({ ...each, version: i + 1 })));

function policiesOf(integration_id: string): fc.Arbitrary<SlaPolicy[]> {
  return fc.array(versions, { maxLength: 4 }).map((list) => list.map((own, i) => ({ policy_id: `policy-${i}`, integration_id, versions: own })));
}

const category = fc.constantFrom<StatusCategory[]>('new', 'open', 'pending', 'on_hold', 'solved', 'closed', 'discarded');
const statusMap: fc.Arbitrary<StatusMap> = fc.dictionary(fc.constantFrom('parked *', 'awaiting v*', 'Spam', 'merged', 'done', 'In-Progress', 'new', '  openish', 'open', 'pending', 'a*'), category, { maxKeys: 4 });

/** Any calendar, policies and status names for each of the integrations, or those of history-config. */
export function historyDesks(integrations: readonly string[]): fc.Arbitrary<Desk> {
  const byIntegration = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> => fc.record(Object.fromEntries(integrations.map((id) => [id, value])));
  const random = fc.record({
    calendars: fc.constant(historyCalendars),
    defaultCalendars: byIntegration(calendarIds).map((ids) => Object.fromEntries(Object.entries(ids).filter(([, id]) => id !== ''))),
    statusMaps: byIntegration(fc.oneof({ weight: 2, arbitrary: fc.constant<StatusMap>({}) }, { weight: 1, arbitrary: statusMap })),
    policies: fc.tuple(...integrations.map(policiesOf)).map((lists) => lists.flat()),
  });
  const configured = fc.boolean().map((onIsland): Desk => historyConfig(integrations, onIsland));
  return fc.oneof({ weight: 3, arbitrary: random }, { weight: 1, arbitrary: configured });
}
