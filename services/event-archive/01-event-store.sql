-- The whole content of every event once: for audit, knowledge-base sync and exports.
-- Redelivery inserts an event again; the lowest offset wins, so a later different body never overwrites the first.
-- It is read by ticket, or by day of receipt, whose tickets lie all over it: each costs the rows of one mark, so marks are dense.

CREATE TABLE IF NOT EXISTS {database}.event_store
(
    integration_id LowCardinality(String) COMMENT 'Tenant: source.integration_id.',
    ticket_id String COMMENT 'Ticket within the tenant; also the Kafka key.',
    event_id String COMMENT 'Identity of the event, lower case.',
    event_type LowCardinality(String) COMMENT 'ticket.created, message.received, agent.assigned, status.changed or escalation.fired.',
    timestamp DateTime64(3, 'UTC') COMMENT 'Event time by the CRM''s clock, authoritative for every metric.',
    source_platform LowCardinality(String) COMMENT 'CRM platform, as sent.',
    source_environment LowCardinality(String) COMMENT 'Environment of the integration.',
    version LowCardinality(String) COMMENT 'Contract version that the CRM sent, empty when it sent none.',
    {content_columns},
    extra Map(String, String) COMMENT 'Fields that the contract does not know: JSON Pointer from the webhook''s root to the value''s JSON text.',
    received_at DateTime64(3, 'UTC') COMMENT 'When the ingress accepted the event.',
    kafka_partition Int32 COMMENT 'Partition in the log.',
    kafka_offset Int64 COMMENT 'Offset in the log: with the partition, where the event is.',
    key_id UInt64 DEFAULT 0 COMMENT 'Key that the personal fields are sealed with; 0 when they are plain.',
    first_wins UInt64 DEFAULT 18446744073709551615 - kafka_offset COMMENT 'Version of the row: the lower the offset, the higher.'
)
ENGINE = ReplacingMergeTree(first_wins)
ORDER BY (integration_id, ticket_id, event_id)
SETTINGS index_granularity = 512
COMMENT 'Storage of events. Read the view, which counts a redelivered event once.';

ALTER TABLE {database}.event_store
    ADD COLUMN IF NOT EXISTS key_id UInt64 DEFAULT 0 COMMENT 'Key that the personal fields are sealed with; 0 when they are plain.' AFTER kafka_offset,
    {add_content_columns};

CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.event_store_from_{event} TO {database}.event_store AS
SELECT
    `source.integration_id` AS integration_id,
    ticket_id,
    lower(event_id) AS event_id,
    event_type,
    timestamp,
    `source.platform` AS source_platform,
    `source.environment` AS source_environment,
    version,
    {event_columns},
    extra,
    received_at,
    kafka_partition,
    kafka_offset,
    reinterpretAsUInt64(unhex(extra['key_id'])) AS key_id
FROM {database}.landing_{event}
COMMENT 'Feeds event_store.'
