-- Tickets whose facts are behind their timeline. Empty once everything landed has been recomputed.
-- The offset is taken after deduplication: a redelivered event makes nothing stale.

CREATE OR REPLACE VIEW {database}.stale_tickets
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket whose facts are missing or older than its last event.'
)
AS
SELECT
    integration_id,
    ticket_id
FROM
(
    SELECT integration_id, ticket_id, max(kafka_offset) AS landed, -1 AS computed
    FROM {database}.timeline FINAL
    GROUP BY integration_id, ticket_id
    UNION ALL
    SELECT integration_id, ticket_id, -1 AS landed, toInt64(version) AS computed
    FROM {database}.ticket_facts FINAL
)
GROUP BY integration_id, ticket_id
HAVING max(landed) > max(computed)
COMMENT 'Tickets whose facts are behind their timeline.'
