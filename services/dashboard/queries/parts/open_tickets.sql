-- The backlog now: each ticket neither solved, closed nor discarded, with its age and what is promised on it.
SELECT
    t.ticket_id AS ticket_id,
    ifNull(toString(t.customer_telegram_user_id), '') AS customer,
    t.queue_id AS queue_id,
    t.status AS status,
    toString(t.status_category) AS status_category,
    t.assignee_id AS assignee_id,
    t.is_waiting AS is_waiting,
    t.waiting_since AS waiting_since,
    t.created_at AS created_at,
    multiIf(
        t.created_at > now64(3, 'UTC') - INTERVAL 4 HOUR, '1 <4h',
        t.created_at > now64(3, 'UTC') - INTERVAL 1 DAY, '2 <1d',
        t.created_at > now64(3, 'UTC') - INTERVAL 3 DAY, '3 <3d',
        t.created_at > now64(3, 'UTC') - INTERVAL 7 DAY, '4 <7d', '5 older') AS age,
    p.next_due_at AS next_due_at,
    toUInt8(ifNull(p.broken, 0) > 0) AS is_breached,
    toUInt8(NOT is_breached AND ifNull(p.next_due_at <= now64(3, 'UTC') + toIntervalSecond({risk_seconds:Int64}), false)) AS is_at_risk
FROM queue.tickets AS t
LEFT JOIN
(
    SELECT
        ticket_id,
        countIf(outcome = 'breached') AS broken,
        minIf(due_at, outcome = 'active') AS next_due_at
    FROM queue.sla_timers
    WHERE integration_id = {integration:String} AND isNull(fulfilled_at) AND outcome IN ('active', 'breached')
    GROUP BY ticket_id
) AS p ON p.ticket_id = t.ticket_id
WHERE t.integration_id = {integration:String} AND NOT is_finished(t.status_category)
    AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, t.queue_id))
    AND {channel_and_language}
