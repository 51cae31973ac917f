// Configuration for the random histories: calendars of two versions, holidays, overnight windows, overlapping ones,
// touching ones and ones listed twice, around the changes of summer time, policies matched by queue, channel and
// metadata, with and without pauses, an integration's own status names, shifts and names of agents.
// Made for any integration ids.
import type { OracleConfig, Shift } from './config.ts';
import type { Calendar } from './calendar.ts';
import { baseTime } from './histories.ts';
import type { SlaPolicy } from './sla.ts';

const workdays = [1, 2, 3, 4, 5];
const everyDay = [...workdays, 6, 7];
const day = 86_400_000;

export const historyCalendars: readonly Calendar[] = [
  {
    calendar_id: 'history-office',
    versions: [
      {
        version: 1, valid_from: 0, zone: 'Europe/Berlin', holidays: ['2026-04-03', '2026-04-03'],
        closures: [{ date: '2026-03-25', from: '12:00', to: '24:00' }, { date: '2026-03-27', from: '10:00', to: '11:30' }],
        windows: [
          { weekdays: workdays, from: '09:00', to: '18:00' }, { weekdays: workdays, from: '09:00', to: '18:00' },
          { weekdays: [1, 3], from: '09:00', to: '12:00' }, { weekdays: [3, 4], from: '09:00', to: '18:00' },
        ],
      },
      {
        version: 2, valid_from: baseTime + 6 * day + 43_200_000, zone: 'Europe/Berlin', holidays: ['2026-04-03'],
        windows: [
          { weekdays: workdays, from: '08:00', to: '12:30' }, { weekdays: [...workdays, 6], from: '12:00', to: '20:00' },
          { weekdays: [2, 4], from: '20:00', to: '21:00' }, { weekdays: [2, 4], from: '20:00', to: '21:00' },
        ],
      },
    ],
  },
  {
    calendar_id: 'history-night',
    versions: [{
      version: 1, valid_from: 0, zone: 'America/New_York', holidays: ['2026-03-24'],
      closures: [{ date: '2026-03-26', from: '22:00', to: '24:00' }, { date: '2026-03-27', from: '00:00', to: '02:00' }, { date: '2026-03-27', from: '01:00', to: '03:30' }],
      windows: [
        { weekdays: everyDay, from: '20:00', to: '06:00' }, { weekdays: [...everyDay].reverse(), from: '20:00', to: '06:00' },
        { weekdays: [5, 6], from: '20:00', to: '02:00' }, { weekdays: [5, 6], from: '20:00', to: '02:00' },
      ],
    }],
  },
  {
    // It closes for good, so that some of its due times never come.
    calendar_id: 'history-closing',
    versions: [
      { version: 1, valid_from: 0, zone: 'Europe/Berlin', holidays: [], windows: [{ weekdays: workdays, from: '09:00', to: '18:00' }] },
      { version: 2, valid_from: baseTime + 4 * day, zone: 'Europe/Berlin', holidays: [], windows: [] },
    ],
  },
  {
    // Summer time of half an hour, then windows whose wall times are missing on 2026-03-29 and doubled on 2026-10-25.
    calendar_id: 'history-island',
    versions: [
      {
        version: 1, valid_from: 0, zone: 'Australia/Lord_Howe', holidays: ['2026-03-23'],
        windows: [{ weekdays: everyDay, from: '01:45', to: '02:15' }, { weekdays: [1, 3, 5, 7], from: '21:00', to: '24:00' }, { weekdays: [6], from: '22:00', to: '22:00' }],
      },
      {
        version: 4, valid_from: baseTime + 8 * day, zone: 'Europe/Berlin', holidays: ['2026-04-01'],
        windows: [{ weekdays: everyDay, from: '02:15', to: '02:45' }, { weekdays: [2, 6], from: '23:00', to: '02:30' }, { weekdays: workdays, from: '06:00', to: '13:00' }],
      },
    ],
  },
];

const paused = { pending: ['pending'], both: ['pending', 'On-Hold'], words: ['pending', 'Awaiting_Vendor', 'in progress'], none: [] };

function policiesOf(integration_id: string): SlaPolicy[] {
  return [
    {
      policy_id: 'spring', integration_id,
      versions: [{
        version: 1, valid_from: 0, calendar_id: '', match: { metadata: { campaign_id: 'spring' }, channel_types: ['bot_form'] },
        next_response_seconds: 600, pause_statuses: paused.none,
      }],
    },
    {
      policy_id: 'important', integration_id,
      versions: [{
        version: 2, valid_from: 0, calendar_id: 'history-island', match: { metadata: { campaign_id: 42, vip: 'yes' }, queue_ids: ['tech', ''] },
        resolution_seconds: 5400, pause_statuses: paused.words,
      }],
    },
    {
      policy_id: 'billing', integration_id,
      versions: [
        {
          version: 1, valid_from: 0, calendar_id: 'history-office', match: { queue_ids: ['billing'] }, first_response_seconds: 1800,
          resolution_seconds: 14_400, pause_statuses: paused.pending,
        },
        {
          version: 2, valid_from: baseTime + 5 * day, calendar_id: 'history-night', match: { queue_ids: ['billing'] }, first_response_seconds: 3600,
          next_response_seconds: 3600, resolution_seconds: 86_400, pause_statuses: paused.both,
        },
      ],
    },
    {
      policy_id: 'tech', integration_id,
      versions: [{
        version: 1, valid_from: 0, calendar_id: '', match: { queue_ids: ['tech'] }, first_response_seconds: 900,
        resolution_seconds: 7200, pause_statuses: paused.words,
      }],
    },
    {
      policy_id: 'english forms', integration_id,
      versions: [{
        version: 1, valid_from: 0, calendar_id: 'history-closing', match: { language_codes: ['en', 'fr'], channel_types: ['topic_group', 'bot_form'] },
        first_response_seconds: 3600, next_response_seconds: 40_000, resolution_seconds: 100_000, pause_statuses: paused.pending,
      }],
    },
    {
      policy_id: 'german', integration_id,
      versions: [{
        version: 1, valid_from: baseTime + 900_000, calendar_id: 'history-office', match: { language_codes: ['de'] }, first_response_seconds: 7200,
        next_response_seconds: 7200, resolution_seconds: 172_800, pause_statuses: paused.both,
      }],
    },
  ];
}

/** Another promise over the same log: one policy for everything, in the night hours. */
export function otherPolicies(integrations: readonly string[]): SlaPolicy[] {
  return integrations.map((integration_id) => ({
    policy_id: 'everything', integration_id,
    versions: [{
      version: 3, valid_from: 0, calendar_id: 'history-night', first_response_seconds: 1200, next_response_seconds: 2400, resolution_seconds: 36_000,
      pause_statuses: paused.both,
    }],
  }));
}

/** Overlapping shifts, one over midnight and the change to summer time, two weeks without a break, and one of somebody who never acts. */
function shiftsOf(integration_id: string): Shift[] {
  const at = (hours: number): number => baseTime + hours * 3_600_000;
  return [
    { integration_id, agent_id: 'anna', from: at(0), to: at(10 * 24), calendar_id: 'history-office' },
    { integration_id, agent_id: 'anna', from: at(12), to: at(20) },
    { integration_id, agent_id: 'ben', from: at(8 * 24 + 20), to: at(9 * 24 + 10) },
    { integration_id, agent_id: 'ben', from: at(3), to: at(4) },
    { integration_id, agent_id: 'cleo', from: at(0), to: at(14 * 24) },
    { integration_id, agent_id: 'dora', from: at(26), to: at(30) },
  ];
}

const calledBy = (integrations: readonly string[], calendar_id: string): Record<string, string> => Object.fromEntries(integrations.map((id) => [id, calendar_id]));

type HistoryConfig = Required<Pick<OracleConfig, 'calendars' | 'defaultCalendars' | 'policies' | 'statusMaps' | 'shifts' | 'agentNames'>>;

/** The first integration works by office hours and has shifts; the second one around the clock, or, on the island, by hours and words of its own. */
export function historyConfig(integrations: readonly string[], onIsland = false): HistoryConfig {
  const first = integrations.slice(0, 1);
  const island = onIsland ? integrations.slice(1) : [];
  return {
    calendars: historyCalendars,
    defaultCalendars: { ...calledBy(first, 'history-office'), ...calledBy(island, 'history-island') },
    policies: integrations.flatMap(policiesOf),
    statusMaps: Object.fromEntries(island.map((id) => [id, { 'parked *': 'on_hold', 'openish': 'discarded', 'Marked as*': 'discarded', 'merged': 'closed', 'awaiting v*': 'pending', 'Awaiting Vendor*': 'on_hold', 'done': 'open', 'Snoozed': 'closed' }])),
    shifts: first.flatMap(shiftsOf),
    agentNames: Object.fromEntries(first.map((id) => [id, { anna: 'Anna A.', dora: 'Dora' }])),
  };
}
