-- Tickets whose facts are behind their timeline, as far as the projection's view computed_facts says. Empty once everything landed has been recomputed.
-- Events are counted after deduplication: a redelivered event makes nothing stale, and one in another partition than those
-- before it (the topic got more partitions) does, whatever its offset. So are facts that were computed under
-- a configuration that means something else: whoever was interrupted while recomputing them finds the rest here.

CREATE OR REPLACE VIEW {database}.stale_tickets
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket whose facts are missing, older than its last event, or of an older configuration.'
)
AS
SELECT
    integration_id,
    ticket_id
FROM
(
    SELECT integration_id, ticket_id, toInt64(count()) AS landed, -1 AS computed, 0 AS computed_under
    FROM {database}.timeline FINAL
    GROUP BY integration_id, ticket_id
    UNION ALL
    SELECT integration_id, ticket_id, -1 AS landed, version AS computed, config_version AS computed_under
    FROM {database}.computed_facts
)
GROUP BY integration_id, ticket_id
HAVING max(landed) > max(computed) OR max(computed_under) < facts_need_config(integration_id)
COMMENT 'Tickets whose facts are behind their timeline.'
