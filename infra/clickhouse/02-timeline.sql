-- The timeline: every event of every ticket once, narrow, without a word of what was said.
-- Redelivery inserts an event again; the lowest offset wins, so what was accepted first is never overwritten.

CREATE TABLE IF NOT EXISTS {database}.timeline
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    event_id String COMMENT 'Identity of the event within the ticket, lower case.',
    event_at DateTime64(3, 'UTC') COMMENT 'Event time: the envelope''s timestamp, to the millisecond.',
    type_rank UInt8 COMMENT 'Order within one instant: 0 created, 1 message, 2 assigned, 3 status, 4 escalation.',
    event_type LowCardinality(String) COMMENT 'Type of the event.',
    received_at DateTime64(3, 'UTC') COMMENT 'When the ingress accepted it: the knowledge axis of snapshots.',
    body_at DateTime64(3, 'UTC') COMMENT 'The body''s own time (created_at, sent_at, …); only clock skew uses it.',
    kafka_partition Int32 COMMENT 'Partition in the log.',
    kafka_offset Int64 COMMENT 'Offset in the log.',
    actor_type LowCardinality(String) COMMENT 'Who did it: sender, changed_by or assigned_by type; customer for a creation; empty for an escalation.',
    actor_id String COMMENT 'Id of the agent or rule who did it, empty when absent.',
    has_message Bool COMMENT 'Whether the event carries a message: a message.received, or a creation with an initial message.',
    message_id String COMMENT 'Id of that message, empty when absent.',
    is_private Bool COMMENT 'Private note.',
    is_automated Bool COMMENT 'The sender said that a bot or rule wrote it.',
    new_status String COMMENT 'status.changed: the status after; ticket.created: the status at creation; empty when absent.',
    previous_status String COMMENT 'status.changed: the status before as the CRM saw it, empty when absent.',
    assignee_agent_id String COMMENT 'agent.assigned: the agent named, empty when none.',
    assignee_group_id String COMMENT 'agent.assigned: the group named, empty when none.',
    assignee_name String COMMENT 'agent.assigned: name of the assignee as of the event.',
    routing_rule String COMMENT 'agent.assigned: the routing rule, empty when absent.',
    policy_id String COMMENT 'escalation.fired: the policy.',
    policy_name String COMMENT 'escalation.fired: name of the policy as of the event.',
    breached_metric LowCardinality(String) COMMENT 'escalation.fired: first_response_time, resolution_time or another.',
    threshold_seconds Int64 COMMENT 'escalation.fired: the threshold.',
    elapsed_seconds Nullable(Int64) COMMENT 'escalation.fired: elapsed by the CRM''s count, NULL when absent.',
    level String COMMENT 'escalation.fired: the level alerted.',
    escalated_to_type LowCardinality(String) COMMENT 'escalation.fired: agent or group, empty when absent.',
    escalated_to_id String COMMENT 'escalation.fired: who was alerted, empty when absent.',
    customer_telegram_user_id Nullable(Int64) COMMENT 'ticket.created: the customer.',
    customer_language_code LowCardinality(String) COMMENT 'ticket.created: language of the customer, empty when absent.',
    channel_type LowCardinality(String) COMMENT 'ticket.created: kind of channel.',
    channel_chat_id String COMMENT 'ticket.created: chat.',
    channel_topic_id String COMMENT 'ticket.created: forum topic, empty when absent.',
    metadata String COMMENT 'ticket.created: the free-form object as JSON text, empty when absent.',
    first_wins UInt64 DEFAULT 18446744073709551615 - kafka_offset COMMENT 'Version of the row: the lower the offset, the higher.'
)
ENGINE = ReplacingMergeTree(first_wins)
ORDER BY (integration_id, ticket_id, event_id)
-- Facts read a few tickets at a time, each from a granule of its own: small granules in small blocks take half the CPU
-- (100 tickets picked at random of 1 M: 125 to 57 ms) for 4 % more disk. And nearly all columns are read of a ticket, which
-- lie in one file in a compact part: a third less CPU in merges and for one ticket.
SETTINGS index_granularity = 256, min_compress_block_size = 4096, max_compress_block_size = 8192, min_bytes_for_wide_part = 1000000000000
COMMENT 'Every event of every ticket, narrow and without texts. Read it with FINAL: an event that was delivered twice counts once.';

-- For a table that was there before; its granules stay as they are until it is written anew.
ALTER TABLE {database}.timeline MODIFY SETTING min_compress_block_size = 4096, max_compress_block_size = 8192, min_bytes_for_wide_part = 1000000000000;

CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.timeline_from_ticket_created TO {database}.timeline AS
SELECT
    `source.integration_id` AS integration_id,
    ticket_id,
    lower(event_id) AS event_id,
    timestamp AS event_at,
    0 AS type_rank,
    event_type,
    received_at,
    created_at AS body_at,
    kafka_partition,
    kafka_offset,
    'customer' AS actor_type,
    `initial_message.message_id` IS NOT NULL OR `initial_message.text` IS NOT NULL
        OR `initial_message.content_type` IS NOT NULL OR notEmpty(`initial_message.files`) AS has_message,
    ifNull(`initial_message.message_id`, '') AS message_id,
    ifNull(status, '') AS new_status,
    `customer.telegram_user_id` AS customer_telegram_user_id,
    ifNull(`customer.language_code`, '') AS customer_language_code,
    `channel.type` AS channel_type,
    `channel.chat_id` AS channel_chat_id,
    ifNull(`channel.topic_id`, '') AS channel_topic_id,
    ifNull(metadata, '') AS metadata
FROM {database}.landing_ticket_created
COMMENT 'Feeds timeline.';

CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.timeline_from_message_received TO {database}.timeline AS
SELECT
    `source.integration_id` AS integration_id,
    ticket_id,
    lower(event_id) AS event_id,
    timestamp AS event_at,
    1 AS type_rank,
    event_type,
    received_at,
    sent_at AS body_at,
    kafka_partition,
    kafka_offset,
    `sender.type` AS actor_type,
    ifNull(`sender.agent_id`, '') AS actor_id,
    true AS has_message,
    message_id,
    is_private,
    ifNull(is_automated, false) AS is_automated
FROM {database}.landing_message_received
COMMENT 'Feeds timeline.';

CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.timeline_from_agent_assigned TO {database}.timeline AS
SELECT
    `source.integration_id` AS integration_id,
    ticket_id,
    lower(event_id) AS event_id,
    timestamp AS event_at,
    2 AS type_rank,
    event_type,
    received_at,
    assigned_at AS body_at,
    kafka_partition,
    kafka_offset,
    `assigned_by.type` AS actor_type,
    ifNull(`assigned_by.id`, '') AS actor_id,
    ifNull(`assignee.agent_id`, '') AS assignee_agent_id,
    ifNull(`assignee.group_id`, '') AS assignee_group_id,
    ifNull(`assignee.name`, '') AS assignee_name,
    ifNull(routing_rule, '') AS routing_rule
FROM {database}.landing_agent_assigned
COMMENT 'Feeds timeline.';

CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.timeline_from_status_changed TO {database}.timeline AS
SELECT
    `source.integration_id` AS integration_id,
    ticket_id,
    lower(event_id) AS event_id,
    timestamp AS event_at,
    3 AS type_rank,
    event_type,
    received_at,
    changed_at AS body_at,
    kafka_partition,
    kafka_offset,
    `changed_by.type` AS actor_type,
    ifNull(`changed_by.id`, '') AS actor_id,
    new_status,
    ifNull(previous_status, '') AS previous_status
FROM {database}.landing_status_changed
COMMENT 'Feeds timeline.';

CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.timeline_from_escalation_fired TO {database}.timeline AS
SELECT
    `source.integration_id` AS integration_id,
    ticket_id,
    lower(event_id) AS event_id,
    timestamp AS event_at,
    4 AS type_rank,
    event_type,
    received_at,
    fired_at AS body_at,
    kafka_partition,
    kafka_offset,
    `policy.id` AS policy_id,
    ifNull(`policy.name`, '') AS policy_name,
    breached_metric,
    threshold_seconds,
    elapsed_seconds,
    level,
    ifNull(`escalated_to.type`, '') AS escalated_to_type,
    ifNull(`escalated_to.id`, '') AS escalated_to_id
FROM {database}.landing_escalation_fired
COMMENT 'Feeds timeline.';

-- A customer's user name stood here once, which belongs into the archive alone. Last, when nothing is fed into it any more.
ALTER TABLE {database}.timeline DROP COLUMN IF EXISTS actor_name
