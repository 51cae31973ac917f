-- The events behind a ticket and when they arrived.
-- A row: an accepted event, without what was said in it. late_seconds: from its time by the CRM's clock to its receipt.
SELECT timestamp, event_type, received_at, late_seconds, version, event_id, kafka_partition, kafka_offset
FROM log.events
WHERE integration_id = {integration:String} AND ticket_id = {ticket:String}
ORDER BY timestamp, event_id
