-- Which bodies arrived under one identity. A later different body never replaces the first; here it leaves a trace.
-- One row per identity and content, so redelivery of the same content adds nothing.

CREATE TABLE IF NOT EXISTS {database}.event_bodies
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    event_id String COMMENT 'Identity of the event within the ticket, lower case.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    content_hash UInt64 COMMENT 'Hash of everything the event said; where it lies in the log is left out, and of sealed texts all but their lengths.',
    event_type LowCardinality(String) COMMENT 'Type of the event.',
    received_at DateTime64(3, 'UTC') COMMENT 'When the ingress accepted it.',
    kafka_partition Int32 COMMENT 'Partition in the log.',
    kafka_offset Int64 COMMENT 'Offset in the log.',
    first_wins UInt64 DEFAULT 18446744073709551615 - kafka_offset COMMENT 'Version of the row: the lower the offset, the higher.'
)
ENGINE = ReplacingMergeTree(first_wins)
ORDER BY (integration_id, event_id, ticket_id, content_hash)
COMMENT 'One row per identity and content of an event.';

-- What a record says, for comparison. Of a sealed text that is its length: the copy that comes later may be sealed with another key.
CREATE OR REPLACE FUNCTION without_keys AS (record) -> (
    replaceRegexpAll(record, 'enc:v1:[0-9a-f]{16}:[A-Za-z0-9+/]+=*', 'sealed'),
    arrayMap(sealed -> length(sealed), extractAll(record, 'enc:v1:[0-9a-f]{16}:[A-Za-z0-9+/]+=*'))
);

CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.event_bodies_from_{event} TO {database}.event_bodies AS
SELECT
    `source.integration_id` AS integration_id,
    lower(event_id) AS event_id,
    ticket_id,
    if(extra['key_id'] = '',
        cityHash64(toString(tuple(* EXCEPT (kafka_partition, kafka_offset, received_at)))),
        cityHash64(without_keys(toString(tuple(* EXCEPT (kafka_partition, kafka_offset, received_at, extra), mapFilter((name, text) -> name != 'key_id', extra)))))) AS content_hash,
    event_type,
    received_at,
    kafka_partition,
    kafka_offset
FROM {database}.landing_{event}
COMMENT 'Feeds event_bodies.';

CREATE OR REPLACE VIEW {database}.event_id_conflicts
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    event_id String COMMENT 'The event_id used more than once.',
    conflict LowCardinality(String) COMMENT 'ticket: under more than one ticket; content: different contents under one ticket.',
    ticket_ids Array(String) COMMENT 'Tickets concerned, sorted.',
    event_types Array(LowCardinality(String)) COMMENT 'Types of the events, sorted.',
    occurrences UInt64 COMMENT 'Distinct (ticket, content) pairs seen.',
    first_received_at DateTime64(3, 'UTC') COMMENT 'When the first was accepted.',
    last_received_at DateTime64(3, 'UTC') COMMENT 'When the last was accepted.'
)
AS
SELECT
    integration_id,
    event_id,
    conflict,
    arraySort(groupUniqArray(ticket_id)) AS ticket_ids,
    arraySort(groupUniqArray(event_type)) AS event_types,
    count() AS occurrences,
    min(received_at) AS first_received_at,
    max(received_at) AS last_received_at
FROM
(
    SELECT
        *,
        uniqExact(ticket_id) OVER (PARTITION BY integration_id, event_id) AS tickets,
        uniqExact(content_hash) OVER (PARTITION BY integration_id, event_id, ticket_id) AS contents,
        arrayJoin(arrayConcat(if(tickets > 1, ['ticket'], []), if(contents > 1, ['content'], []))) AS conflict
    FROM {database}.event_bodies FINAL
)
GROUP BY integration_id, event_id, conflict, if(conflict = 'content', ticket_id, '')
COMMENT 'Identities that the CRM used for more than one ticket or more than one content. Both tickets keep their event; of one tickets contents the first is kept.'
