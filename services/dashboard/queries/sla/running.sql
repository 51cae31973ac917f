-- Promises that run now, the next due first.
-- A row: a timer that is neither fulfilled nor cancelled, paused ones (without a due time) last.
SELECT
    ticket_id,
    toString(metric) AS metric,
    policy_id,
    toString(outcome) AS outcome,
    due_at,
    remaining_seconds,
    queue_id_at_end AS queue_id
FROM queue.sla_timers
WHERE integration_id = {integration:String} AND isNull(fulfilled_at) AND outcome IN ('active', 'breached')
    AND ticket_id IN (
        SELECT ticket_id FROM queue.tickets
        WHERE integration_id = {integration:String} AND NOT is_finished(status_category)
            AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, queue_id))
            AND {channel_and_language})
ORDER BY isNull(due_at), due_at, ticket_id, metric
LIMIT {limit:UInt32}
