// The configuration that goes with a made-up history: two calendars, and policies of all three kinds for every tenant, so
// that business time and timers cost what they cost in earnest.
import type { Calendar, Desk, Integration, Policy } from '../../infra/config/desk.ts';

/** Tenants that history.sql names. */
export const tenants: readonly string[] = ['bench-50k', 'bench-large', ...Array.from({ length: 10 }, (_, i) => `bench-small-${i}`)];

const workdays = ['mon', 'tue', 'wed', 'thu', 'fri'] as const;

const calendars: readonly Calendar[] = [
  {
    calendar_id: 'bench-office',
    versions: [{ version: 1, zone: 'Europe/Berlin', windows: [{ days: workdays, from: '08:00', to: '12:30' }, { days: workdays, from: '13:00', to: '19:00' }], holidays: ['2026-01-01'] }],
  },
  {
    calendar_id: 'bench-late',
    versions: [{ version: 1, zone: 'Asia/Dubai', windows: [{ days: [...workdays, 'sat', 'sun'], from: '14:00', to: '02:00', overnight: true }] }],
  },
];

const policies: readonly Policy[] = [
  {
    policy_id: 'vip',
    versions: [{ version: 1, match: { metadata: { tier: 'vip' } }, first_response_seconds: 900, next_response_seconds: 1_800, resolution_seconds: 28_800, calendar_id: 'bench-late', pause_statuses: ['pending'] }],
  },
  {
    policy_id: 'everyone',
    versions: [{ version: 1, first_response_seconds: 3_600, next_response_seconds: 7_200, resolution_seconds: 86_400, calendar_id: 'bench-office', pause_statuses: ['pending', 'on_hold'] }],
  },
];

const agents = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`agent-${i}`, {
  name: `Agent ${i}`,
  shifts: [{ calendar_id: 'bench-office', from: '2025-12-31T00:00:00Z', to: '2026-07-01T00:00:00Z' }],
}]));

const integration: Integration = { calendar_id: 'bench-office', policies, agents };

/** @param more tenants beside those of the history */
export const benchDesk = (more: readonly string[] = []): Desk => ({
  calendars,
  integrations: Object.fromEntries([...tenants, ...more].map((id) => [id, integration])),
});
