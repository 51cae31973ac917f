-- What was signed but could not be used, each once with its first reason, ready to be replayed.
-- One record of a topic, or one body that came by HTTP, is one row however often it was put there.

CREATE TABLE IF NOT EXISTS {database}.quarantine_store
(
    environment LowCardinality(String) COMMENT 'Environment of the log.',
    reason LowCardinality(String) COMMENT 'Why it could not be used.',
    path String COMMENT 'Where in the event, empty when it does not apply.',
    detail String COMMENT 'What was wrong, for people.',
    origin LowCardinality(String) COMMENT 'http, or the topic that it came from.',
    origin_partition Nullable(Int32) COMMENT 'Partition of that topic. NULL for http.',
    origin_offset Nullable(Int64) COMMENT 'Offset in that topic. NULL for http.',
    integration_id LowCardinality(String) COMMENT 'Tenant, empty when unknown.',
    event_id String COMMENT 'Event, empty when unknown.',
    event_type LowCardinality(String) COMMENT 'Type as sent, empty when unknown.',
    version LowCardinality(String) COMMENT 'Contract version as sent, empty when unknown.',
    ticket_id String COMMENT 'Ticket, empty when unknown.',
    body_sha256 String COMMENT 'SHA-256 of the raw bytes.',
    payload String COMMENT 'The raw bytes.',
    received_at DateTime64(3, 'UTC') COMMENT 'When it was accepted.',
    kafka_partition Int32 COMMENT 'Partition in the quarantine topic.',
    kafka_offset Int64 COMMENT 'Offset in the quarantine topic.',
    origin_position String DEFAULT if(isNull(origin_offset), '', concat(toString(ifNull(origin_partition, 0)), ':', toString(assumeNotNull(origin_offset)))) COMMENT 'partition:offset in the topic of origin, empty for http.',
    first_wins UInt64 DEFAULT 18446744073709551615 - kafka_offset COMMENT 'Version of the row: the lower the offset, the higher.'
)
ENGINE = ReplacingMergeTree(first_wins)
ORDER BY (environment, origin, origin_position, integration_id, event_id, body_sha256)
COMMENT 'Storage of quarantined events. Read the view, which counts each once.';

CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.quarantine_store_from_landing TO {database}.quarantine_store AS
SELECT
    environment,
    reason,
    path,
    detail,
    origin,
    origin_partition,
    origin_offset,
    integration_id,
    event_id,
    event_type,
    version,
    ticket_id,
    body_sha256,
    payload,
    received_at,
    kafka_partition,
    kafka_offset
FROM {database}.landing_quarantine
COMMENT 'Feeds quarantine_store.';

CREATE OR REPLACE VIEW {database}.quarantine
(
    environment LowCardinality(String) COMMENT 'Environment of the log.',
    reason LowCardinality(String) COMMENT 'Why it could not be used.',
    path String COMMENT 'Where in the event, empty when it does not apply.',
    detail String COMMENT 'What was wrong, for people.',
    origin LowCardinality(String) COMMENT 'http, or the topic that it came from.',
    origin_partition Nullable(Int32) COMMENT 'Partition of that topic. NULL for http.',
    origin_offset Nullable(Int64) COMMENT 'Offset in that topic. NULL for http.',
    integration_id LowCardinality(String) COMMENT 'Tenant, empty when unknown.',
    event_id String COMMENT 'Event, empty when unknown.',
    event_type LowCardinality(String) COMMENT 'Type as sent, empty when unknown.',
    version LowCardinality(String) COMMENT 'Contract version as sent, empty when unknown.',
    ticket_id String COMMENT 'Ticket, empty when unknown.',
    body_sha256 String COMMENT 'SHA-256 of the raw bytes.',
    payload String COMMENT 'The raw bytes.',
    received_at DateTime64(3, 'UTC') COMMENT 'When it was accepted.',
    kafka_partition Int32 COMMENT 'Partition in the quarantine topic.',
    kafka_offset Int64 COMMENT 'Offset in the quarantine topic.'
)
AS
SELECT
    environment,
    reason,
    path,
    detail,
    origin,
    origin_partition,
    origin_offset,
    integration_id,
    event_id,
    event_type,
    version,
    ticket_id,
    body_sha256,
    payload,
    received_at,
    kafka_partition,
    kafka_offset
FROM {database}.quarantine_store FINAL
COMMENT 'One row per quarantined event, with its reason and its raw bytes.';

CREATE OR REPLACE VIEW {database}.quarantine_counts
(
    environment LowCardinality(String) COMMENT 'Environment of the log.',
    integration_id LowCardinality(String) COMMENT 'Tenant, empty when unknown.',
    event_type LowCardinality(String) COMMENT 'Type as sent, empty when unknown.',
    reason LowCardinality(String) COMMENT 'Why they could not be used.',
    events UInt64 COMMENT 'How many.',
    first_received_at DateTime64(3, 'UTC') COMMENT 'When the first was accepted.',
    last_received_at DateTime64(3, 'UTC') COMMENT 'When the last was accepted.'
)
AS
SELECT
    environment,
    integration_id,
    event_type,
    reason,
    count() AS events,
    min(received_at) AS first_received_at,
    max(received_at) AS last_received_at
FROM {database}.quarantine_store FINAL
GROUP BY environment, integration_id, event_type, reason
COMMENT 'Quarantined events by environment, tenant, type and reason.'
