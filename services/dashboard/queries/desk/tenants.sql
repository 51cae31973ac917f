-- The tenants that can be looked at.
-- A row: a tenant, with the span of its tickets. last_event_at is where a range ends that nobody chose.
SELECT integration_id, min(created_at) AS first_created_at, max(last_event_at) AS last_event_at
FROM queue.tickets
GROUP BY integration_id
ORDER BY integration_id
