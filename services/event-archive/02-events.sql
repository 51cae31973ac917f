-- What people read: every accepted event once, with all it said.

CREATE OR REPLACE VIEW {database}.events
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
    late_seconds Int64 COMMENT 'received_at - timestamp, whole seconds; 0 when the event time lies in the future.',
    kafka_partition Int32 COMMENT 'Partition in the log.',
    kafka_offset Int64 COMMENT 'Offset in the log: with the partition, where the event is.'
)
AS
SELECT
    integration_id,
    ticket_id,
    event_id,
    event_type,
    timestamp,
    source_platform,
    source_environment,
    version,
    {content_names},
    extra,
    received_at,
    seconds_between(timestamp, received_at) AS late_seconds,
    kafka_partition,
    kafka_offset
FROM {database}.event_store FINAL
COMMENT 'One row per accepted event: the full typed content of all five types. Columns of other types are NULL, lists empty.'
