-- The desk now: its backlog by queue, status, assignee and age.
-- A row: the tickets neither solved, closed nor discarded with the same four. Every number of the page is a sum of these rows.
-- breached: a promise of the ticket is past its due time and unfulfilled; at_risk: none is, and one is due within the time set.
WITH
    promises AS
    (
        SELECT
            ticket_id,
            countIf(outcome = 'breached') AS broken,
            minIf(due_at, outcome = 'active') AS next_due_at
        FROM queue.sla_timers
        WHERE integration_id = {integration:String} AND isNull(fulfilled_at) AND outcome IN ('active', 'breached')
        GROUP BY ticket_id
    ),
    open_tickets AS
    (
        SELECT
            t.ticket_id AS ticket_id,
            t.queue_id AS queue_id,
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
            ifNull(p.broken, 0) > 0 AS is_breached,
            NOT is_breached AND ifNull(p.next_due_at <= now64(3, 'UTC') + toIntervalSecond({risk_seconds:Int64}), false) AS is_at_risk,
            p.next_due_at AS next_due_at
        FROM queue.tickets AS t
        LEFT JOIN promises AS p ON p.ticket_id = t.ticket_id
        WHERE t.integration_id = {integration:String} AND NOT is_finished(t.status_category)
            AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, t.queue_id))
            AND (empty({channels:Array(String)}) OR has({channels:Array(String)}, toString(t.channel_type)))
            AND (empty({languages:Array(String)}) OR has({languages:Array(String)}, toString(t.customer_language_code)))
    )
SELECT
    queue_id,
    status_category,
    assignee_id,
    age,
    count() AS tickets,
    min(created_at) AS oldest_created_at,
    countIf(is_waiting) AS waiting,
    countIf(is_breached) AS breached,
    countIf(is_at_risk) AS at_risk,
    arraySlice(arraySort(groupArrayIf((assumeNotNull(waiting_since), ticket_id), is_waiting)), 1, 12) AS longest_waits,
    arraySlice(arraySort(groupArrayIf((assumeNotNull(next_due_at), ticket_id), is_at_risk)), 1, 12) AS next_due
FROM open_tickets
GROUP BY queue_id, status_category, assignee_id, age
ORDER BY queue_id, status_category, assignee_id, age
