-- Events that could not be used, by reason.
-- A row: a tenant, event type, contract version and reason. pending: still waiting for somebody to replay or discard them.
SELECT
    integration_id, toString(reason) AS reason, toString(event_type) AS event_type, toString(version) AS version,
    c.events AS events, c.pending AS pending, first_received_at, last_received_at
FROM log.quarantine_counts AS c
ORDER BY pending DESC, events DESC, integration_id, reason, event_type, version
