-- Tickets that a projection put aside, since computing their facts failed: empty as long as we make no mistake.

CREATE TABLE IF NOT EXISTS {database}.failed_tickets
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant, whose facts are missing or older than its events.',
    error String COMMENT 'What went wrong; empty once its facts are computed.',
    noted_at DateTime64(3, 'UTC') COMMENT 'When that was noted; the latest note of a ticket counts.'
)
ENGINE = ReplacingMergeTree(noted_at)
ORDER BY (integration_id, ticket_id)
COMMENT 'Tickets whose facts could not be computed. Read it with FINAL; only those with an error are still to be mended.'
