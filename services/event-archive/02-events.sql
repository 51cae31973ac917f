-- What people read: every accepted event once, with all it said. What is sealed is opened here, with the keys that there are.

DEFINE columns_of_events AS
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
);

CREATE OR REPLACE VIEW {database}.events
{columns_of_events}
AS
WITH
    dictGetOrDefault('{database}.keys', 'key', stored.key_id, repeat('-', 32)) AS key,
    stored.extra['sealed'] AS sealed_together,
    unsealed(sealed_together, key) AS together
SELECT
    stored.integration_id AS integration_id,
    stored.ticket_id AS ticket_id,
    stored.event_id AS event_id,
    stored.event_type AS event_type,
    stored.timestamp AS timestamp,
    stored.source_platform AS source_platform,
    stored.source_environment AS source_environment,
    stored.version AS version,
    {readable_content},
    if(stored.key_id = 0, stored.extra, mapFilter((name, text) -> text != '' AND name NOT IN ('key_id', 'sealed', '/payload/metadata'), mapApply((name, text) -> (name, ifNull(unsealed_of(text, key, sealed_together, together), '')), stored.extra))) AS extra,
    stored.received_at AS received_at,
    seconds_between(stored.timestamp, stored.received_at) AS late_seconds,
    stored.kafka_partition AS kafka_partition,
    stored.kafka_offset AS kafka_offset
FROM {database}.event_store AS stored FINAL
COMMENT 'One row per accepted event: the full typed content of all five types. Columns of other types are NULL, lists empty. Personal fields of a customer who was forgotten are NULL.';

CREATE OR REPLACE VIEW {database}.sealed_events
{columns_of_events}
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
COMMENT 'The same as events, with what is sealed as it lies in the log. Exports are made of it, so that forgetting reaches them.'
