-- The peer of catch-up and projection: ClickHouse's own Kafka engine lands the same columns of the same topic in a table like ours,
-- and no facts come of it. It registers no partition twice: as many consumers as this machine has cores.
CREATE DATABASE peer;

CREATE TABLE peer.feed
(
    event_id String, ticket_id String, `source.integration_id` String, timestamp DateTime64(3, 'UTC'),
    created_at DateTime64(3, 'UTC'), sent_at DateTime64(3, 'UTC'), assigned_at DateTime64(3, 'UTC'), changed_at DateTime64(3, 'UTC'), fired_at DateTime64(3, 'UTC'),
    `initial_message.message_id` Nullable(String), `initial_message.text` Nullable(String), `initial_message.content_type` Nullable(String), status Nullable(String),
    `customer.telegram_user_id` Nullable(Int64), `customer.language_code` Nullable(String),
    `channel.type` String, `channel.chat_id` String, `channel.topic_id` Nullable(String), metadata Nullable(String),
    `sender.type` String, `sender.agent_id` Nullable(String), message_id Nullable(String), is_private Bool, is_automated Nullable(Bool),
    `assignee.agent_id` Nullable(String), `assignee.group_id` Nullable(String), `assignee.name` Nullable(String),
    `assigned_by.type` String, `assigned_by.id` Nullable(String), routing_rule Nullable(String),
    new_status String, previous_status Nullable(String), `changed_by.type` String, `changed_by.id` Nullable(String),
    `policy.id` String, `policy.name` Nullable(String), breached_metric String, threshold_seconds Int64, elapsed_seconds Nullable(Int64),
    level String, `escalated_to.type` Nullable(String), `escalated_to.id` Nullable(String)
)
ENGINE = Kafka
SETTINGS kafka_broker_list = '{brokers}', kafka_topic_list = '{topic}', kafka_group_name = '{group}', kafka_format = 'AvroConfluent',
    kafka_handle_error_mode = 'stream', kafka_num_consumers = 2, kafka_thread_per_consumer = 1,
    format_avro_schema_registry_url = '{registry}', input_format_avro_allow_missing_fields = 1, input_format_null_as_default = 1;

CREATE TABLE peer.timeline AS queue.timeline;

CREATE MATERIALIZED VIEW peer.timeline_from_feed TO peer.timeline AS
WITH _headers.value[indexOf(_headers.name, 'ce_type')] AS type
SELECT
    `source.integration_id` AS integration_id,
    ticket_id,
    lower(event_id) AS event_id,
    timestamp AS event_at,
    indexOf(['ticket.created', 'message.received', 'agent.assigned', 'status.changed', 'escalation.fired'], type) - 1 AS type_rank,
    type AS event_type,
    _timestamp_ms AS received_at,
    multiIf(type = 'ticket.created', created_at, type = 'message.received', sent_at, type = 'agent.assigned', assigned_at, type = 'status.changed', changed_at, fired_at) AS body_at,
    toInt32(_partition) AS kafka_partition,
    toInt64(_offset) AS kafka_offset,
    multiIf(type = 'ticket.created', 'customer', type = 'message.received', `sender.type`, type = 'agent.assigned', `assigned_by.type`, `changed_by.type`) AS actor_type,
    coalesce(`sender.agent_id`, `changed_by.id`, `assigned_by.id`, '') AS actor_id,
    type = 'message.received' OR `initial_message.message_id` IS NOT NULL OR `initial_message.text` IS NOT NULL OR `initial_message.content_type` IS NOT NULL AS has_message,
    coalesce(message_id, `initial_message.message_id`, '') AS message_id,
    is_private,
    ifNull(is_automated, false) AS is_automated,
    if(type = 'ticket.created', ifNull(status, ''), new_status) AS new_status,
    ifNull(previous_status, '') AS previous_status,
    ifNull(`assignee.agent_id`, '') AS assignee_agent_id,
    ifNull(`assignee.group_id`, '') AS assignee_group_id,
    ifNull(`assignee.name`, '') AS assignee_name,
    ifNull(routing_rule, '') AS routing_rule,
    `policy.id` AS policy_id,
    ifNull(`policy.name`, '') AS policy_name,
    breached_metric,
    threshold_seconds,
    elapsed_seconds,
    level,
    ifNull(`escalated_to.type`, '') AS escalated_to_type,
    ifNull(`escalated_to.id`, '') AS escalated_to_id,
    if(type = 'ticket.created', `customer.telegram_user_id`, NULL) AS customer_telegram_user_id,
    ifNull(`customer.language_code`, '') AS customer_language_code,
    `channel.type` AS channel_type,
    `channel.chat_id` AS channel_chat_id,
    ifNull(`channel.topic_id`, '') AS channel_topic_id,
    ifNull(metadata, '') AS metadata,
    18446744073709551615 - _offset AS first_wins
FROM peer.feed
WHERE _error = '';
