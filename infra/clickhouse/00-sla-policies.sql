-- SLA policies as data, versioned.

CREATE TABLE IF NOT EXISTS config.sla_policies
(
    config_version UInt32 DEFAULT 0 COMMENT 'Version of the configuration.',
    integration_id String COMMENT 'Tenant; empty for those without policies of their own.',
    policy_id String COMMENT 'Policy.',
    version UInt32 COMMENT 'Version of the policy.',
    position UInt32 COMMENT 'Configured order: the first that matches and has a target for the metric applies.',
    in_force_from DateTime64(3, 'UTC') COMMENT 'A timer uses the version in force at its original start.',
    in_force_to DateTime64(3, 'UTC') COMMENT 'When the next version came into force; 2106-01-01 for the last one.',
    match_queue_ids Array(String) COMMENT 'Queues; empty for any.',
    match_channel_types Array(String) COMMENT 'Channel types; empty for any.',
    match_language_codes Array(String) COMMENT 'Customer languages; empty for any.',
    match_metadata Map(String, String) COMMENT 'Members that the metadata must have, as text; empty for any.',
    first_response_seconds Nullable(Int64) COMMENT 'Target in seconds of the calendar; NULL for none.',
    next_response_seconds Nullable(Int64) COMMENT 'Target in seconds of the calendar; NULL for none.',
    resolution_seconds Nullable(Int64) COMMENT 'Target in seconds of the calendar; NULL for none.',
    calendar_id String COMMENT 'Calendar of the timers; empty for 24x7.',
    pause_statuses Array(String) COMMENT 'Categories, or status names in lower case with blanks, that pause the resolution timer.'
)
ENGINE = MergeTree
ORDER BY (config_version, integration_id, position, policy_id, version)
COMMENT 'SLA policies: one row per policy and version.';
