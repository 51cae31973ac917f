-- 5. Which promises were kept, by week and queue?
-- Parameters (name, type, example, meaning):
--   integration  String  parcelhaus  tenant
--   from         Date    2026-03-02  Monday of the first week in which timers were due
--   to           Date    2026-03-23  Monday after the last one
-- A row: a metric, UTC week and queue (the queue when the timer ended). Timers still running and cancelled ones stand
-- apart; a timer past its due time is a breach already.
-- NULL: sla_attainment when nothing is judged yet. No rows without SLA policies.
SELECT
    metric,
    week,
    queue_id,
    sum(a.met) AS met,
    sum(a.breached) AS breached,
    met / nullIf(met + breached, 0) AS sla_attainment,
    sum(a.active) AS active,
    sum(a.cancelled) AS cancelled
FROM queue.sla_attainment AS a
WHERE integration_id = {integration:String} AND week >= {from:Date} AND week < {to:Date}
GROUP BY metric, week, queue_id
ORDER BY metric, week, queue_id
