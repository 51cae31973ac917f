// A desk as rows of the config tables, and which tenants' facts differ between two desks.
import { instantText } from '../../services/runtime/clickhouse.ts';
import { statusKey } from '../../services/ticket/desk/status.ts';
import { END_OF_TIME, inForce, openWindows, shiftSpans } from './calendars.ts';
import type { Calendar, Defaults, Desk, Integration, Policy } from './desk.ts';

export type Row = Readonly<Record<string, unknown>>;
/** Rows by table of database config. */
export type Rows = ReadonlyMap<string, readonly Row[]>;

/** For everybody who says nothing else. */
const EVERYBODY = '';

const windowRows = (calendars: readonly Calendar[]): Row[] => calendars.flatMap(openWindows).map((window) => ({
  ...window,
  in_force_from: instantText(window.in_force_from),
  in_force_to: instantText(Math.min(window.in_force_to, END_OF_TIME)),
  open_from: instantText(window.open_from),
  open_to: instantText(window.open_to),
}));

/** A list of no policies is a list of one's own, too: a row without targets keeps the defaults' policies away. */
const NO_POLICY: Policy = { policy_id: '', versions: [{ version: 0 }] };

/** In any spelling a category's name means the category; the one that is not its own key is on_hold. */
const pauseStatus = (status: string): string => (statusKey(status) === 'on hold' ? 'on_hold' : statusKey(status));

function policyRows(integrationId: string, policies: readonly Policy[]): Row[] {
  return (policies.length === 0 ? [NO_POLICY] : policies).flatMap(({ policy_id, versions }, position) => versions.map((version, index) => {
    const { from, to } = inForce(versions, index);
    const { match = {} } = version;
    return {
      integration_id: integrationId, policy_id, version: version.version, position: position + 1,
      in_force_from: instantText(from), in_force_to: instantText(to),
      match_queue_ids: match.queue_ids ?? [], match_channel_types: match.channel_types ?? [], match_language_codes: match.language_codes ?? [],
      match_metadata: Object.fromEntries(Object.entries(match.metadata ?? {}).map(([name, value]) => [name, String(value)])),
      first_response_seconds: version.first_response_seconds ?? null,
      next_response_seconds: version.next_response_seconds ?? null,
      resolution_seconds: version.resolution_seconds ?? null,
      calendar_id: version.calendar_id ?? '',
      pause_statuses: (version.pause_statuses ?? []).map(pauseStatus),
    };
  }));
}

const statusRows = (integration_id: string, { status_map = {} }: Defaults): Row[] =>
  Object.entries(status_map).map(([status, category]) => ({ integration_id, status_key: statusKey(status), category }));

const everyone = (desk: Desk): (readonly [string, Integration])[] => [[EVERYBODY, desk.defaults ?? {}], ...Object.entries(desk.integrations ?? {})];

const shiftRows = (integration_id: string, { agents = {} }: Integration, calendars: readonly Calendar[]): Row[] =>
  Object.entries(agents).flatMap(([agent_id, { shifts = [] }]) => shiftSpans(shifts, calendars)
    .map(({ from, to }) => ({ integration_id, agent_id, shift_from: instantText(from), shift_to: instantText(to) })));

export function toRows(desk: Desk): Rows {
  const integrations = everyone(desk);
  const calendars = desk.calendars ?? [];
  return new Map<string, Row[]>([
    ['calendar_windows', windowRows(calendars)],
    ['default_calendars', integrations.flatMap(([integration_id, { calendar_id }]) => (calendar_id === undefined ? [] : [{ integration_id, calendar_id }]))],
    ['status_map', integrations.flatMap(([id, integration]) => statusRows(id, integration))],
    ['sla_policies', integrations.flatMap(([id, { policies }]) => (policies === undefined ? [] : policyRows(id, policies)))],
    ['queue_names', integrations.flatMap(([integration_id, { queues = {} }]) => Object.entries(queues).map(([queue_id, queue_name]) => ({ integration_id, queue_id, queue_name })))],
    ['agent_names', integrations.flatMap(([integration_id, { agents = {} }]) => Object.entries(agents).flatMap(([agent_id, { name }]) => (name === undefined ? [] : [{ integration_id, agent_id, agent_name: name }])))],
    ['agent_shifts', integrations.flatMap(([id, integration]) => shiftRows(id, integration, calendars))],
  ]);
}

/** All that a tenant's facts depend on, as text. */
function basisOfFacts(desk: Desk, integrationId: string): string {
  const own = desk.integrations?.[integrationId] ?? {};
  const policies = own.policies ?? desk.defaults?.policies ?? [];
  const calendarIds = new Set([own.calendar_id ?? desk.defaults?.calendar_id, ...policies.flatMap(({ versions }) => versions.map((version) => version.calendar_id))]);
  const calendars = (desk.calendars ?? []).filter(({ calendar_id }) => calendarIds.has(calendar_id));
  return JSON.stringify([own.calendar_id ?? desk.defaults?.calendar_id ?? '', calendars, statusRows('', desk.defaults ?? {}), statusRows('', own), policies]);
}

/** Tenants whose facts the new desk changes; '' stands for all of them. */
export function changedFacts(before: Desk, after: Desk): string[] {
  const differs = (id: string): boolean => basisOfFacts(before, id) !== basisOfFacts(after, id);
  if (differs(EVERYBODY)) return [EVERYBODY];
  return [...new Set([...Object.keys(before.integrations ?? {}), ...Object.keys(after.integrations ?? {})])].filter(differs);
}
