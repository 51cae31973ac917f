-- What facts.ts keeps of a ticket's story. One row per ticket: everything its agents did on it, as a pure function of its events.
-- Only what depends on the present (running sums) or on other tickets (sessions) is left to the views.
-- Ids and names that repeat over tickets (agents, queues, policies, statuses) are LowCardinality: views over a million
-- tickets took a third less CPU than with plain strings, and an insert no more. Parts are merged column by column as soon as
-- columns have files of their own: half the CPU of merging wide nested rows one by one.

CREATE TABLE IF NOT EXISTS {database}.ticket_facts
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    version UInt64 COMMENT 'config_version * 2^32 + events of the ticket that it was computed from; the highest version of a row wins. (Not an offset: a ticket''s events may lie in two partitions.)',
    created_at DateTime64(3, 'UTC') COMMENT 'Event time of the creation; of the first event while provisional.',
    first_event_at DateTime64(3, 'UTC') COMMENT 'Event time of the first event: nothing in this row is earlier.',
    running_since DateTime64(3, 'UTC') COMMENT 'Event time of the last event: nothing in this row is later. Up to here held time is added; from here the current state runs.',
    running_since_clock Int64 COMMENT 'The tenant''s business clock at running_since, milliseconds.',
    customer_telegram_user_id Nullable(Int64) COMMENT 'Customer; NULL while provisional.',
    status_category LowCardinality(String) COMMENT 'Category after the last event.',
    stations Array(Tuple(station_no UInt32, agent_id LowCardinality(String), queue_id LowCardinality(String), assigned_at DateTime64(3, 'UTC'), ended_at Nullable(DateTime64(3, 'UTC')), ended_by LowCardinality(String), assigned_by_type LowCardinality(String), assigned_by_id LowCardinality(String), assignee_name LowCardinality(String), from_agent_id LowCardinality(String), from_queue_id LowCardinality(String), first_public_reply_at Nullable(DateTime64(3, 'UTC')), public_replies UInt32, first_response_from Nullable(DateTime64(3, 'UTC')), first_response_business_ms Nullable(Int64), held_ms Int64, held_business_ms Int64, is_handoff_in Bool, is_handoff_out Bool, is_bounced Bool)) COMMENT 'Stations, in order, those of nobody included.',
    turns Array(Tuple(turn_no UInt32, agent_id LowCardinality(String), replied_at DateTime64(3, 'UTC'), last_reply_at DateTime64(3, 'UTC'), replies UInt32, wait_no UInt32, waiting_since Nullable(DateTime64(3, 'UTC')), own_clock_from Nullable(DateTime64(3, 'UTC')), answered_at Nullable(DateTime64(3, 'UTC')), wait_business_ms Nullable(Int64), agent_wait_business_ms Nullable(Int64), assignee_at_reply LowCardinality(String), queue_id LowCardinality(String), is_first_response Bool)) COMMENT 'Reply turns, in order.',
    solves Array(Tuple(resolution_no UInt32, solved_at DateTime64(3, 'UTC'), solved_by_type LowCardinality(String), solved_by_id LowCardinality(String), queue_id LowCardinality(String), reopened_at Nullable(DateTime64(3, 'UTC')))) COMMENT 'Solves, in order.',
    actions Array(Tuple(at DateTime64(3, 'UTC'), step_no UInt32, agent_id LowCardinality(String), kind LowCardinality(String))) COMMENT 'Replies, notes, status changes and assignments by human agents, in order.',
    held Array(Tuple(held_from DateTime64(3, 'UTC'), held_to DateTime64(3, 'UTC'), agent_id LowCardinality(String))) COMMENT 'Periods in new or open with an assignee, in order; the last one may end in 2106.',
    hours Array(Tuple(hour DateTime('UTC'), agent_id LowCardinality(String), replies UInt32, reply_turns UInt32, first_responses UInt32, private_notes UInt32, solves UInt32, assigned UInt32, handoffs_in UInt32, handoffs_out UInt32, bounced_assignments UInt32, held_change Int32, held_seconds_beyond Int32)) COMMENT 'What the ticket adds to its agents in each UTC hour in which anything changed, in order. A holding that lasts counts to the hour''s end. held_seconds_beyond is what was held in the hour, whole seconds, less 3600 when the agent held the ticket at the hour''s start.',
    config_version UInt32 COMMENT 'Version of the configuration that they were computed under.'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (integration_id, ticket_id)
SETTINGS index_granularity = 512, vertical_merge_algorithm_min_rows_to_activate = 8192
COMMENT 'Facts of the agents'' side, one row per ticket. Read it with FINAL, or better through the views.';
