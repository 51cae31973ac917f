-- The peer of catch-up: ClickHouse's own Kafka engine reads the same log into a timeline, and no facts come of it.
CREATE DATABASE peer;

CREATE TABLE peer.feed
(
    event_id String, ticket_id String, `source.integration_id` String, timestamp DateTime64(3, 'UTC'),
    `sender.type` String, `sender.agent_id` Nullable(String), message_id Nullable(String), is_private Bool, is_automated Nullable(Bool),
    new_status String, previous_status Nullable(String), `changed_by.type` String, `changed_by.id` Nullable(String),
    `assignee.agent_id` Nullable(String), `assignee.group_id` Nullable(String), `assigned_by.type` String, `assigned_by.id` Nullable(String),
    `customer.telegram_user_id` Nullable(Int64), `channel.type` String, metadata Nullable(String), `policy.id` String, breached_metric String
)
ENGINE = Kafka
SETTINGS kafka_broker_list = '{brokers}', kafka_topic_list = '{topic}', kafka_group_name = 'bench-peer', kafka_format = 'AvroConfluent',
    kafka_handle_error_mode = 'stream', kafka_num_consumers = 2, kafka_thread_per_consumer = 1,
    format_avro_schema_registry_url = '{registry}', input_format_avro_allow_missing_fields = 1, input_format_null_as_default = 1;

CREATE TABLE peer.timeline
(
    integration_id LowCardinality(String), ticket_id String, event_id String, event_at DateTime64(3, 'UTC'), event_type LowCardinality(String),
    kafka_partition Int32, kafka_offset Int64, actor_type LowCardinality(String), actor_id String, message_id String, is_private Bool, is_automated Bool,
    new_status String, previous_status String, assignee_agent_id String, assignee_group_id String,
    customer_telegram_user_id Nullable(Int64), channel_type LowCardinality(String), metadata String, policy_id String, breached_metric LowCardinality(String),
    first_wins UInt64
)
ENGINE = ReplacingMergeTree(first_wins)
ORDER BY (integration_id, ticket_id, event_id);

CREATE MATERIALIZED VIEW peer.timeline_from_feed TO peer.timeline AS
SELECT
    `source.integration_id` AS integration_id, ticket_id, lower(event_id) AS event_id, timestamp AS event_at,
    _headers.value[indexOf(_headers.name, 'ce_type')] AS event_type, toInt32(_partition) AS kafka_partition, toInt64(_offset) AS kafka_offset,
    multiIf(`sender.type` != '', `sender.type`, `changed_by.type` != '', `changed_by.type`, `assigned_by.type`) AS actor_type,
    coalesce(`sender.agent_id`, `changed_by.id`, `assigned_by.id`, '') AS actor_id, ifNull(message_id, '') AS message_id,
    is_private, ifNull(is_automated, false) AS is_automated, new_status, ifNull(previous_status, '') AS previous_status,
    ifNull(`assignee.agent_id`, '') AS assignee_agent_id, ifNull(`assignee.group_id`, '') AS assignee_group_id,
    `customer.telegram_user_id` AS customer_telegram_user_id, `channel.type` AS channel_type, ifNull(metadata, '') AS metadata,
    `policy.id` AS policy_id, breached_metric, 18446744073709551615 - _offset AS first_wins
FROM peer.feed
WHERE _error = '';
