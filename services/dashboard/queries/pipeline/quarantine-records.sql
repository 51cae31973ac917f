-- The first lines of events that could not be used, the latest first.
-- A row: a quarantined event, why it was not used, and the beginning of its bytes as they came. For operators of the pipeline only.
SELECT
    received_at,
    integration_id,
    toString(reason) AS why,
    path,
    detail,
    toString(event_type) AS event_type,
    toString(version) AS version,
    ticket_id,
    event_id,
    toString(status) AS status,
    toValidUTF8(substring(payload, 1, 400)) AS first_lines
FROM log.quarantine
WHERE (empty({reasons:Array(String)}) OR has({reasons:Array(String)}, toString(reason)))
ORDER BY received_at DESC, event_id
LIMIT {limit:UInt32}
