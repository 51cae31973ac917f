-- The tenants that can be looked at.
-- A row: a tenant. last_event_at is where a range ends that nobody chose.
SELECT integration_id, last_event_at
FROM queue.tenants
ORDER BY integration_id
