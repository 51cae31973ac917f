-- When tickets come: local weekday and hour.
-- A row: a weekday (1 is Monday) and local hour. Hours without arrivals count as zeros, from the tenant's first ticket to the present.
-- The queue is the first one that a ticket was ever in. p90: what nine of ten such hours stay within.
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
        SELECT
            arrayJoin(hours_between(
                toStartOfHour(toDateTime(greatest(first_created_at, {from:DateTime64(3, 'UTC')}), 'UTC')),
                toDateTime(least(now64(3, 'UTC'), {to:DateTime64(3, 'UTC')}), 'UTC'))) AS hour,
            0 AS arrived
        FROM (SELECT min(created_at) AS first_created_at FROM queue.tickets WHERE integration_id = {integration:String} HAVING count() > 0)
        UNION ALL
        SELECT toStartOfHour(toDateTime(created_at, 'UTC')), 1
        FROM queue.tickets
        WHERE {arrived}
    )
    GROUP BY hour
)
GROUP BY weekday, local_hour
ORDER BY weekday, local_hour
