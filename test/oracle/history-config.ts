// Calendars and SLA policies for the random histories: two versions, a holiday, overnight
// and overlapping windows around the change to summer time, policies matched by queue,
// channel and metadata, with and without pauses. Made for any integration ids.
import type { OracleConfig } from './config.ts';
import type { Calendar } from './calendar.ts';
import { baseTime } from './histories.ts';
import type { SlaPolicy } from './sla.ts';

const workdays = [1, 2, 3, 4, 5];
const day = 86_400_000;

export const historyCalendars: readonly Calendar[] = [
  {
    calendar_id: 'history-office',
    versions: [
      {
        version: 1, valid_from: 0, zone: 'Europe/Berlin', holidays: ['2026-04-03'],
        windows: [{ weekdays: workdays, from: '09:00', to: '18:00' }],
      },
      {
        version: 2, valid_from: baseTime + 6 * day + 43_200_000, zone: 'Europe/Berlin', holidays: ['2026-04-03'],
        windows: [{ weekdays: workdays, from: '08:00', to: '12:30' }, { weekdays: [...workdays, 6], from: '12:00', to: '20:00' }],
      },
    ],
  },
  {
    calendar_id: 'history-night',
    versions: [{
      version: 1, valid_from: 0, zone: 'America/New_York', holidays: ['2026-03-24'],
      windows: [{ weekdays: [1, 2, 3, 4, 5, 6, 7], from: '20:00', to: '06:00' }],
    }],
  },
];

const paused = { pending: ['pending' as const], both: ['pending' as const, 'on_hold' as const], none: [] };

function policiesOf(integration_id: string): SlaPolicy[] {
  return [
    {
      policy_id: 'spring', integration_id,
      versions: [{
        version: 1, valid_from: 0, calendar_id: '', match: { metadata: { campaign_id: 'spring' }, channel_type: 'bot_form' },
        next_response_seconds: 600, pause_statuses: paused.none,
      }],
    },
    {
      policy_id: 'billing', integration_id,
      versions: [
        {
          version: 1, valid_from: 0, calendar_id: 'history-office', match: { queue_id: 'billing' }, first_response_seconds: 1800,
          resolution_seconds: 14_400, pause_statuses: paused.pending,
        },
        {
          version: 2, valid_from: baseTime + 5 * day, calendar_id: 'history-night', match: { queue_id: 'billing' }, first_response_seconds: 3600,
          next_response_seconds: 3600, resolution_seconds: 86_400, pause_statuses: paused.both,
        },
      ],
    },
    {
      policy_id: 'tech', integration_id,
      versions: [{
        version: 1, valid_from: 0, calendar_id: '', match: { queue_id: 'tech' }, first_response_seconds: 900,
        resolution_seconds: 7200, pause_statuses: paused.none,
      }],
    },
    {
      policy_id: 'german', integration_id,
      versions: [{
        version: 1, valid_from: baseTime + 900_000, calendar_id: 'history-office', match: { language_code: 'de' }, first_response_seconds: 7200,
        next_response_seconds: 7200, resolution_seconds: 172_800, pause_statuses: paused.both,
      }],
    },
  ];
}

/** The first integration works by office hours, the others around the clock. */
export function historyConfig(integrations: readonly string[]): Required<Pick<OracleConfig, 'calendars' | 'defaultCalendars' | 'policies'>> {
  return {
    calendars: historyCalendars,
    defaultCalendars: Object.fromEntries(integrations.slice(0, 1).map((id) => [id, 'history-office'])),
    policies: integrations.flatMap(policiesOf),
  };
}
