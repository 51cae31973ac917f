-- Tickets of the backlog now, the longest wait first.
-- A row: a ticket neither solved, closed nor discarded. which: all, waiting, unassigned, at_risk or breached, as on the page.
WITH promises AS
(
    SELECT
        ticket_id,
        countIf(outcome = 'breached') AS broken,
        minIf(due_at, outcome = 'active') AS next_due_at
    FROM queue.sla_timers
    WHERE integration_id = {integration:String} AND isNull(fulfilled_at) AND outcome IN ('active', 'breached')
    GROUP BY ticket_id
)
SELECT
    t.ticket_id AS ticket_id,
    t.queue_id AS queue_id,
    t.status AS status,
    t.assignee_id AS assignee_id,
    t.created_at AS created_at,
    t.waiting_since AS waiting_since,
    p.next_due_at AS next_due_at,
    toUInt8(ifNull(p.broken, 0) > 0) AS is_breached,
    toUInt8(NOT is_breached AND ifNull(p.next_due_at <= now64(3, 'UTC') + toIntervalSecond({risk_seconds:Int64}), false)) AS is_at_risk
FROM queue.tickets AS t
LEFT JOIN promises AS p ON p.ticket_id = t.ticket_id
WHERE t.integration_id = {integration:String} AND NOT is_finished(t.status_category)
    AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, t.queue_id))
    AND (empty({channels:Array(String)}) OR has({channels:Array(String)}, toString(t.channel_type)))
    AND (empty({languages:Array(String)}) OR has({languages:Array(String)}, toString(t.customer_language_code)))
    AND (empty({categories:Array(String)}) OR has({categories:Array(String)}, toString(t.status_category)))
    AND (empty({agents:Array(String)}) OR has({agents:Array(String)}, t.assignee_id))
    AND (empty({ages:Array(String)}) OR has({ages:Array(String)}, multiIf(
        t.created_at > now64(3, 'UTC') - INTERVAL 4 HOUR, '1 <4h',
        t.created_at > now64(3, 'UTC') - INTERVAL 1 DAY, '2 <1d',
        t.created_at > now64(3, 'UTC') - INTERVAL 3 DAY, '3 <3d',
        t.created_at > now64(3, 'UTC') - INTERVAL 7 DAY, '4 <7d', '5 older')))
    AND multiIf(
        {which:String} = 'waiting', t.is_waiting = 1,
        {which:String} = 'unassigned', t.assignee_id = '',
        {which:String} = 'assigned', t.assignee_id != '',
        {which:String} = 'held', t.assignee_id != '' AND is_agents_turn(t.status_category),
        {which:String} = 'at_risk', is_at_risk = 1,
        {which:String} = 'breached', is_breached = 1,
        true)
ORDER BY isNull(waiting_since), waiting_since, created_at, ticket_id
LIMIT {limit:UInt32}
