-- Which promises were kept, by week and queue.
-- A row: a metric, the UTC week in which timers were due, and the queue in which they ended. Timers still running and cancelled
-- ones stand apart; one past its due time is a breach already. attainment is met of those judged.
SELECT
    toString(metric) AS metric,
    toString(toMonday(assumeNotNull(due_at))) AS week,
    queue_id_at_end AS queue_id,
    countIf(outcome = 'met') AS met,
    countIf(outcome = 'breached') AS breached,
    met / nullIf(met + breached, 0) AS attainment,
    countIf(outcome = 'active') AS active,
    countIf(outcome = 'cancelled') AS cancelled
FROM queue.sla_timers
WHERE integration_id = {integration:String} AND due_at >= {from:DateTime64(3, 'UTC')} AND due_at < {to:DateTime64(3, 'UTC')}
    AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, queue_id_at_end))
    AND {of_such_tickets}
GROUP BY metric, week, queue_id
ORDER BY metric, week, queue_id
