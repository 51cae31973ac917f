-- How long customers waited for a reply, by the day on which the wait began.
-- A row: a local day. Percentiles are of waits that a reply ended; waits that ended by a discard count nowhere.
SELECT
    toDate(waiting_since, {zone:String}) AS day,
    count() AS waits,
    countIf(ended_by = 'agent_reply') AS answered,
    answered / waits AS answered_share,
    quantileExactIfOrNull(0.5)(if({clock:String} = 'business', wait_business_seconds, wait_seconds), ended_by = 'agent_reply') AS p50_seconds,
    quantileExactIfOrNull(0.9)(if({clock:String} = 'business', wait_business_seconds, wait_seconds), ended_by = 'agent_reply') AS p90_seconds,
    quantileExactIfOrNull(0.95)(if({clock:String} = 'business', wait_business_seconds, wait_seconds), ended_by = 'agent_reply') AS p95_seconds
FROM queue.customer_waits
WHERE integration_id = {integration:String} AND ended_by != 'discarded'
    AND waiting_since >= {from:DateTime64(3, 'UTC')} AND waiting_since < {to:DateTime64(3, 'UTC')}
    AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, queue_at_start))
    AND {of_such_tickets}
GROUP BY day
ORDER BY day
