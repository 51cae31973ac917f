-- Contract versions that the CRM sends.
-- A row: an event type and version, of the events of the range.
SELECT toString(event_type) AS event_type, toString(version) AS version, count() AS events, max(received_at) AS last_received_at, max(late_seconds) AS latest_seconds
FROM log.events
WHERE integration_id = {integration:String} AND timestamp >= {from:DateTime64(3, 'UTC')} AND timestamp < {to:DateTime64(3, 'UTC')}
GROUP BY event_type, version
ORDER BY event_type, version
