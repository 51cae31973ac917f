-- What was signed but could not be used, each once with its first reason, ready to be replayed, and what was done about it.
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
    origin_position String DEFAULT if(isNull(origin_offset), '', concat(toString(ifNull(origin_partition, 0)), ':', toString(assumeNotNull(origin_offset)))) COMMENT 'partition:offset in the topic of origin, with who refused it if only one service did; empty for http.',
    first_wins UInt64 DEFAULT 18446744073709551615 - kafka_offset COMMENT 'Version of the row: the lower the offset, the higher.'
)
ENGINE = ReplacingMergeTree(first_wins)
ORDER BY (environment, origin, origin_position, integration_id, event_id, body_sha256)
COMMENT 'Storage of quarantined events. Read the view, which counts each once.';

-- Columns that came later: tables and views of older data folders get them here.
ALTER TABLE {database}.quarantine_store
    ADD COLUMN IF NOT EXISTS http_source String COMMENT 'For http: the path and the sender''s User-Agent.',
    ADD COLUMN IF NOT EXISTS refused_by LowCardinality(String) COMMENT 'The one service that could not use it, empty when nobody can.',
    ADD COLUMN IF NOT EXISTS schema_id Nullable(Int64) COMMENT 'Schema id that a record of a topic begins with.',
    ADD COLUMN IF NOT EXISTS key_id UInt64 COMMENT 'Key that the payload is sealed with; 0 when it is the raw bytes.';

CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.quarantine_store_from_landing TO {database}.quarantine_store AS
SELECT environment FROM {database}.landing_quarantine
COMMENT 'Feeds quarantine_store.';

ALTER TABLE {database}.quarantine_store_from_landing MODIFY QUERY
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
    http_source,
    refused_by,
    schema_id,
    reinterpretAsUInt64(unhex(key_id)) AS key_id,
    received_at,
    kafka_partition,
    kafka_offset,
    if(isNull(origin_offset), '', concat(toString(ifNull(origin_partition, 0)), ':', toString(assumeNotNull(origin_offset)), if(refused_by = '', '', concat(' ', refused_by)))) AS origin_position
FROM {database}.landing_quarantine;

CREATE TABLE IF NOT EXISTS {database}.quarantine_resolution_store
(
    environment LowCardinality(String) COMMENT 'Environment of the log.',
    origin LowCardinality(String) COMMENT 'http, or the topic that the item came from.',
    origin_position String COMMENT 'partition:offset in the topic of origin, with who refused it if only one service did; empty for http.',
    integration_id LowCardinality(String) COMMENT 'Tenant, empty when unknown.',
    event_id String COMMENT 'Event, empty when unknown.',
    body_sha256 String COMMENT 'SHA-256 of the item''s raw bytes.',
    resolution LowCardinality(String) COMMENT 'What was done: replayed, duplicate, discarded or still_unusable.',
    reason LowCardinality(String) COMMENT 'Why a replay found it still unusable.',
    path String COMMENT 'Where in the event.',
    detail String COMMENT 'What was wrong, for people.',
    resolved_at DateTime64(3, 'UTC') COMMENT 'When it was done.',
    resolved_by String COMMENT 'Who did it, user@host.',
    note String COMMENT 'What that person had to say.',
    kafka_partition Int32 COMMENT 'Partition in the quarantine topic.',
    kafka_offset Int64 COMMENT 'Offset in the quarantine topic.'
)
ENGINE = ReplacingMergeTree
ORDER BY (environment, origin, origin_position, integration_id, event_id, body_sha256, kafka_partition, kafka_offset)
COMMENT 'Storage of what was done about quarantined events. Read the view, which counts each once.';

CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.quarantine_resolution_store_from_landing TO {database}.quarantine_resolution_store AS
SELECT
    environment,
    origin,
    if(isNull(origin_offset), '', concat(toString(ifNull(origin_partition, 0)), ':', toString(assumeNotNull(origin_offset)), if(refused_by = '', '', concat(' ', refused_by)))) AS origin_position,
    integration_id,
    event_id,
    body_sha256,
    resolution,
    reason,
    path,
    detail,
    received_at AS resolved_at,
    resolved_by,
    note,
    kafka_partition,
    kafka_offset
FROM {database}.landing_quarantine_resolution
COMMENT 'Feeds quarantine_resolution_store.';

CREATE OR REPLACE VIEW {database}.quarantine_resolutions
(
    environment LowCardinality(String) COMMENT 'Environment of the log.',
    origin LowCardinality(String) COMMENT 'http, or the topic that the item came from.',
    origin_position String COMMENT 'partition:offset in the topic of origin, with who refused it if only one service did; empty for http.',
    integration_id LowCardinality(String) COMMENT 'Tenant, empty when unknown.',
    event_id String COMMENT 'Event, empty when unknown.',
    body_sha256 String COMMENT 'SHA-256 of the item''s raw bytes.',
    resolution LowCardinality(String) COMMENT 'What was done: replayed, duplicate (it was in the log already), discarded or still_unusable.',
    reason LowCardinality(String) COMMENT 'Why a replay found it still unusable, else empty.',
    path String COMMENT 'Where in the event, else empty.',
    detail String COMMENT 'What was wrong, for people, else empty.',
    resolved_at DateTime64(3, 'UTC') COMMENT 'When it was done.',
    resolved_by String COMMENT 'Who did it, user@host.',
    note String COMMENT 'What that person had to say.',
    kafka_partition Int32 COMMENT 'Partition in the quarantine topic.',
    kafka_offset Int64 COMMENT 'Offset in the quarantine topic.'
)
AS
SELECT
    environment,
    origin,
    origin_position,
    integration_id,
    event_id,
    body_sha256,
    resolution,
    reason,
    path,
    detail,
    resolved_at,
    resolved_by,
    note,
    kafka_partition,
    kafka_offset
FROM {database}.quarantine_resolution_store FINAL
COMMENT 'The history of the quarantine: one row per thing that was done about an item.';

CREATE OR REPLACE VIEW {database}.quarantine
(
    environment LowCardinality(String) COMMENT 'Environment of the log.',
    reason LowCardinality(String) COMMENT 'Why it could not be used.',
    path String COMMENT 'Where in the event, empty when it does not apply.',
    detail String COMMENT 'What was wrong, for people.',
    origin LowCardinality(String) COMMENT 'http, or the topic that it came from.',
    origin_partition Nullable(Int32) COMMENT 'Partition of that topic. NULL for http.',
    origin_offset Nullable(Int64) COMMENT 'Offset in that topic. NULL for http.',
    http_source String COMMENT 'For http: the path and the sender''s User-Agent, else empty. Addresses are not kept.',
    refused_by LowCardinality(String) COMMENT 'The one service that could not use it, empty when nobody can.',
    schema_id Nullable(Int64) COMMENT 'Schema id that a record of a topic begins with. NULL for http.',
    integration_id LowCardinality(String) COMMENT 'Tenant, empty when unknown.',
    event_id String COMMENT 'Event, empty when unknown.',
    event_type LowCardinality(String) COMMENT 'Type as sent, empty when unknown.',
    version LowCardinality(String) COMMENT 'Contract version as sent, empty when unknown.',
    ticket_id String COMMENT 'Ticket, empty when unknown.',
    body_sha256 String COMMENT 'SHA-256 of the raw bytes.',
    payload String COMMENT 'The raw bytes; empty when they were sealed and the customer was forgotten.',
    received_at DateTime64(3, 'UTC') COMMENT 'When it was accepted.',
    kafka_partition Int32 COMMENT 'Partition in the quarantine topic.',
    kafka_offset Int64 COMMENT 'Offset in the quarantine topic.',
    status LowCardinality(String) COMMENT 'pending, replayed, duplicate (it was in the log already) or discarded.',
    resolved_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it got that status. NULL while pending.',
    resolved_by String COMMENT 'Who gave it that status, user@host. Empty while pending.',
    note String COMMENT 'What that person had to say.',
    failed_replays UInt64 COMMENT 'How often a replay found it still unusable.',
    last_failure String COMMENT 'Reason, place and detail of the last replay that did. Empty without one.'
)
AS
WITH done AS
(
    SELECT
        environment,
        origin,
        origin_position,
        integration_id,
        event_id,
        body_sha256,
        argMaxIf((resolution, resolved_at, resolved_by, note), (kafka_partition, kafka_offset), resolution != 'still_unusable') AS last_word,
        countIf(resolution = 'still_unusable') AS failed_replays,
        argMaxIf(concat(reason, if(path = '', '', concat(' ', path)), ': ', detail), (kafka_partition, kafka_offset), resolution = 'still_unusable') AS last_failure
    FROM {database}.quarantine_resolution_store FINAL
    GROUP BY environment, origin, origin_position, integration_id, event_id, body_sha256
)
SELECT
    item.environment AS environment,
    item.reason AS reason,
    item.path AS path,
    item.detail AS detail,
    item.origin AS origin,
    item.origin_partition AS origin_partition,
    item.origin_offset AS origin_offset,
    item.http_source AS http_source,
    item.refused_by AS refused_by,
    item.schema_id AS schema_id,
    item.integration_id AS integration_id,
    item.event_id AS event_id,
    item.event_type AS event_type,
    item.version AS version,
    item.ticket_id AS ticket_id,
    item.body_sha256 AS body_sha256,
    if(item.key_id = 0, item.payload, ifNull(unsealed(item.payload, dictGetOrDefault('{database}.keys', 'key', item.key_id, repeat('-', 32))), '')) AS payload,
    item.received_at AS received_at,
    item.kafka_partition AS kafka_partition,
    item.kafka_offset AS kafka_offset,
    if(done.last_word.1 = '', 'pending', done.last_word.1) AS status,
    if(done.last_word.1 = '', NULL, done.last_word.2) AS resolved_at,
    done.last_word.3 AS resolved_by,
    done.last_word.4 AS note,
    done.failed_replays AS failed_replays,
    done.last_failure AS last_failure
FROM {database}.quarantine_store AS item FINAL
LEFT JOIN done USING (environment, origin, origin_position, integration_id, event_id, body_sha256)
COMMENT 'One row per quarantined event, with its reason, its raw bytes and what became of it.';

CREATE OR REPLACE VIEW {database}.quarantine_counts
(
    environment LowCardinality(String) COMMENT 'Environment of the log.',
    integration_id LowCardinality(String) COMMENT 'Tenant, empty when unknown.',
    event_type LowCardinality(String) COMMENT 'Type as sent, empty when unknown.',
    version LowCardinality(String) COMMENT 'Contract version as sent, empty when unknown.',
    reason LowCardinality(String) COMMENT 'Why they could not be used.',
    events UInt64 COMMENT 'How many.',
    pending UInt64 COMMENT 'How many of them still wait: not replayed, not discarded, and not in the log by another way.',
    first_received_at DateTime64(3, 'UTC') COMMENT 'When the first was accepted.',
    last_received_at DateTime64(3, 'UTC') COMMENT 'When the last was accepted.'
)
AS
SELECT
    environment,
    integration_id,
    event_type,
    version,
    reason,
    count() AS events,
    countIf(status = 'pending') AS pending,
    min(received_at) AS first_received_at,
    max(received_at) AS last_received_at
FROM {database}.quarantine
GROUP BY environment, integration_id, event_type, version, reason
COMMENT 'Quarantined events by environment, tenant, type, version and reason.'
