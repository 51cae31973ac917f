// The histories' configuration as the desk file that an operator would write, read and laid out as
// rows by the code of `npm run config`: wall times, summer time, nights, holidays, versions and
// status names are judged on the way from the file to the numbers.
import { expect } from 'vitest';
import type { Calendar as DeskCalendar, Desk, Integration, Policy } from '../../infra/config/desk.ts';
import { readDesk } from '../../infra/config/read-desk.ts';
import { toRows, type Rows } from '../../infra/config/rows.ts';
import { groupBy } from '../../services/runtime/group-by.ts';
import type { Calendar } from '../oracle/calendar.ts';
import type { OracleConfig, Shift } from '../oracle/config.ts';
import type { SlaPolicy } from '../oracle/sla.ts';

export type HistoryConfig = Required<Pick<OracleConfig, 'calendars' | 'defaultCalendars' | 'policies'>> & Pick<OracleConfig, 'statusMaps' | 'shifts' | 'agentNames'>;

const instant = (at: number): string => new Date(at).toISOString();
const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const fromOf = (validFrom: number): { from?: string } => (validFrom === 0 ? {} : { from: instant(validFrom) });

function calendarOf({ calendar_id, versions }: Calendar): DeskCalendar {
  return {
    calendar_id,
    versions: versions.map(({ version, valid_from, zone, windows, holidays, closures }) => ({
      version, ...fromOf(valid_from), zone, holidays, ...(closures === undefined ? {} : { closures }),
      windows: windows.map(({ weekdays, from, to }) => ({
        days: days.filter((_, i) => weekdays.includes(i + 1)), from, to, ...(to <= from ? { overnight: true } : {}),
      })),
    })),
  };
}

function policyOf({ policy_id, versions }: SlaPolicy): Policy {
  return {
    policy_id,
    versions: versions.map(({ valid_from, ...version }) => ({ ...version, ...fromOf(valid_from) })),
  };
}

interface Own {
  readonly policies: readonly SlaPolicy[];
  readonly shifts: readonly Shift[];
}

function integrationOf(id: string, { policies, shifts }: Own, config: HistoryConfig): Integration {
  const names = config.agentNames?.[id] ?? {};
  const agents = new Set([...shifts.map((shift) => shift.agent_id), ...Object.keys(names)]);
  const calendar_id = config.defaultCalendars[id];
  const status_map = config.statusMaps?.[id];
  return {
    ...(calendar_id === undefined ? {} : { calendar_id }),
    ...(status_map === undefined ? {} : { status_map }),
    policies: policies.map(policyOf),
    agents: Object.fromEntries([...agents].map((agent) => [agent, {
      ...(names[agent] === undefined ? {} : { name: names[agent] }),
      shifts: shifts.filter((shift) => shift.agent_id === agent).map(({ from, to, calendar_id: hours }) =>
        ({ from: instant(from), to: instant(to), ...(hours === undefined ? {} : { calendar_id: hours }) })),
    }])),
  };
}

/** The file that an operator would write. */
export function deskFile(integrations: readonly string[], config: HistoryConfig): string {
  const policies = groupBy(config.policies, ({ integration_id }) => integration_id);
  const shifts = groupBy(config.shifts ?? [], ({ integration_id }) => integration_id);
  const ownOf = (id: string): Own => ({ policies: policies.get(id) ?? [], shifts: shifts.get(id) ?? [] });
  const desk: Desk = { calendars: config.calendars.map(calendarOf), integrations: Object.fromEntries(integrations.map((id) => [id, integrationOf(id, ownOf(id), config)])) };
  return JSON.stringify(desk);
}

/** Rows by table of database config, as an operator's file with the same content gives them. */
export function deskRows(integrations: readonly string[], config: HistoryConfig): Rows {
  const read = readDesk(deskFile(integrations, config));
  expect.assert('desk' in read, JSON.stringify(read));
  return toRows(read.desk);
}
