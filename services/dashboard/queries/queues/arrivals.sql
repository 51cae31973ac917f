-- When tickets come: local weekday and hour.
-- A row: a weekday (1 is Monday) and local hour. Hours without arrivals count as zeros. The queue is the first one that a ticket
-- was ever in. p90: what nine of ten such hours stay within.
SELECT
    toDayOfWeek(hour, 0, {zone:String}) AS weekday,
    toHour(hour, {zone:String}) AS local_hour,
    count() AS hours,
    sum(arrivals) AS tickets,
    tickets / hours AS mean,
    quantileExact(0.9)(arrivals) AS p90
FROM
(
    SELECT hour, sum(arrived) AS arrivals
    FROM
    (
        SELECT hour, 0 AS arrived
        FROM queue.queue_hourly
        WHERE integration_id = {integration:String}
            AND hour >= toDateTime({from:DateTime64(3, 'UTC')}, 'UTC') AND hour < toDateTime({to:DateTime64(3, 'UTC')}, 'UTC')
        UNION ALL
        SELECT toStartOfHour(toDateTime(created_at, 'UTC')), 1
        FROM queue.tickets
        WHERE integration_id = {integration:String}
            AND created_at >= {from:DateTime64(3, 'UTC')} AND created_at < {to:DateTime64(3, 'UTC')}
            AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, first_queue_id))
            AND (empty({channels:Array(String)}) OR has({channels:Array(String)}, toString(channel_type)))
            AND (empty({languages:Array(String)}) OR has({languages:Array(String)}, toString(customer_language_code)))
    )
    GROUP BY hour
)
GROUP BY weekday, local_hour
ORDER BY weekday, local_hour
