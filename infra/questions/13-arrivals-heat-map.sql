-- 13. When do tickets come, by local weekday and hour?
-- Parameters (name, type, example, meaning):
--   integration  String           parcelhaus           tenant
--   from         DateTime('UTC')  2026-03-02 00:00:00  first hour
--   to           DateTime('UTC')  2026-03-16 00:00:00  hour after the last one
--   zone         String           Europe/Berlin        IANA zone of the local days and hours
-- A row: a weekday (1 = Monday) and local hour. Hours without arrivals count as zeros: without them a quiet hour would
-- look as busy as its busiest day. p90_arrivals: what nine of ten such hours stay within.
-- NULL: never. In a zone with half hours the hour is the one in which the UTC hour begins.
SELECT
    toDayOfWeek(hour, 0, {zone:String}) AS weekday,
    toHour(hour, {zone:String}) AS local_hour,
    count() AS hours,
    sum(arrivals) AS arrivals_in_all,
    arrivals_in_all / hours AS mean_arrivals,
    quantileExact(0.9)(arrivals) AS p90_arrivals
FROM
(
    SELECT hour, sum(created) AS arrivals
    FROM queue.queue_hourly
    WHERE integration_id = {integration:String} AND hour >= {from:DateTime('UTC')} AND hour < {to:DateTime('UTC')}
    GROUP BY hour
)
GROUP BY weekday, local_hour
ORDER BY weekday, local_hour
