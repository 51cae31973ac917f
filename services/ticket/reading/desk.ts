// How the configuration that is in force is read: one query, so that its parts and its version belong together, and what
// its answer means. Whoever asks sends the query; nothing here does.
import type { DeskConfig } from '../desk/desk.ts';
import type { OpenWindow } from '../desk/business-clock.ts';
import type { StatusNames } from '../desk/status.ts';
import type { Metric, Policy } from '../timers/policies.ts';

/** Rows of version 0 hold under every version; one of the live version comes before them. */
export const liveDeskQuery = `
WITH
    live_config_version() AS live,

    windows AS
    (
        SELECT calendar_id, groupArray(arrayMap(t -> toUnixTimestamp64Milli(t), [open_from, open_to, in_force_from, in_force_to])) AS open
        FROM config.calendar_windows
        WHERE config_version IN (0, live)
        GROUP BY calendar_id
    ),

    chosen AS
    (
        SELECT integration_id, argMax(calendar_id, config_version) AS calendar_id
        FROM config.default_calendars FINAL
        WHERE config_version IN (0, live)
        GROUP BY integration_id
    ),

    meanings AS
    (
        SELECT integration_id, mapFromArrays(groupArray(status_key), groupArray(category)) AS categories
        FROM
        (
            SELECT integration_id, status_key, argMax(toString(category), config_version) AS category
            FROM config.status_map FINAL
            WHERE config_version IN (0, live)
            GROUP BY integration_id, status_key
        )
        GROUP BY integration_id
    ),

    promised AS
    (
        SELECT CAST(
            (position, integration_id, policy_id, version,
             toUnixTimestamp64Milli(in_force_from), toUnixTimestamp64Milli(in_force_to),
             match_queue_ids, match_channel_types, match_language_codes, match_metadata,
             first_response_seconds, next_response_seconds, resolution_seconds, calendar_id, pause_statuses),
            'Tuple(position UInt32, integration_id String, policy_id String, version UInt32, in_force_from Int64, in_force_to Int64, queue_ids Array(String), channel_types Array(String), language_codes Array(String), metadata Map(String, String), first_response Nullable(Int64), next_response Nullable(Int64), resolution Nullable(Int64), calendar_id String, pause_statuses Array(String))') AS policy
        FROM config.sla_policies
        WHERE config_version IN (0, live)
    )

SELECT
    live AS config_version,
    (SELECT mapFromArrays(groupArray(calendar_id), groupArray(open)) FROM windows) AS calendars,
    (SELECT mapFromArrays(groupArray(integration_id), groupArray(calendar_id)) FROM chosen) AS default_calendars,
    (SELECT mapFromArrays(groupArray(integration_id), groupArray(categories)) FROM meanings) AS statuses,
    (SELECT arraySort(p -> (p.position, p.policy_id, p.version), groupArray(policy)) FROM promised) AS policies`;

export interface PolicyAnswer {
  readonly integration_id: string;
  readonly policy_id: string;
  readonly version: number;
  readonly in_force_from: number;
  readonly in_force_to: number;
  readonly queue_ids: readonly string[];
  readonly channel_types: readonly string[];
  readonly language_codes: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly first_response: number | null;
  readonly next_response: number | null;
  readonly resolution: number | null;
  readonly calendar_id: string;
  readonly pause_statuses: readonly string[];
}

/** The one row that answers `liveDeskQuery`. */
export interface DeskAnswer {
  readonly config_version: number;
  /** Opened, closed, in force from and to, by calendar. */
  readonly calendars: Readonly<Record<string, readonly (readonly [number, number, number, number])[]>>;
  readonly default_calendars: Readonly<Record<string, string>>;
  readonly statuses: Readonly<Record<string, StatusNames>>;
  /** In configured order. */
  readonly policies: readonly PolicyAnswer[];
}

const windowOf = ([openFrom, openTo, inForceFrom, inForceTo]: readonly [number, number, number, number]): OpenWindow => ({ openFrom, openTo, inForceFrom, inForceTo });

/** NULL is no target. */
function targetsOf(policy: PolicyAnswer): Policy['targetSeconds'] {
  const targets: Partial<Record<Metric, number>> = {};
  for (const metric of ['first_response', 'next_response', 'resolution'] as const) {
    const seconds = policy[metric];
    if (seconds !== null) targets[metric] = seconds;
  }
  return targets;
}

const policyOf = (policy: PolicyAnswer): Policy => ({
  policyId: policy.policy_id, version: policy.version, inForceFrom: policy.in_force_from, inForceTo: policy.in_force_to,
  queueIds: policy.queue_ids, channelTypes: policy.channel_types, languageCodes: policy.language_codes, metadata: policy.metadata,
  targetSeconds: targetsOf(policy), calendarId: policy.calendar_id, pauseStatuses: policy.pause_statuses,
});

export interface LiveDesk {
  readonly version: number;
  readonly config: DeskConfig;
}

export function liveDeskOf(answer: DeskAnswer): LiveDesk {
  const policies = new Map<string, Policy[]>();
  for (const policy of answer.policies) policies.set(policy.integration_id, [...(policies.get(policy.integration_id) ?? []), policyOf(policy)]);
  return {
    version: answer.config_version,
    config: {
      calendars: Object.fromEntries(Object.entries(answer.calendars).map(([id, windows]) => [id, windows.map(windowOf)])),
      defaultCalendars: answer.default_calendars,
      statuses: answer.statuses,
      policies: Object.fromEntries(policies),
    },
  };
}
