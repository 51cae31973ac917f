-- 2. How soon was the first answer, in business time, by the day on which the tickets came?
-- Parameters (name, type, example, meaning):
--   integration  String                parcelhaus           tenant
--   from         DateTime64(3, 'UTC')  2026-03-02 00:00:00  arrivals from here on
--   to           DateTime64(3, 'UTC')  2026-03-16 00:00:00  up to here, not included
--   zone         String                Europe/Berlin        IANA zone of the local days and hours
-- A row: a local day with arrivals. Percentiles are of the answered tickets: read them beside answered_share.
-- NULL: percentiles of a day on which nothing is answered yet.
SELECT
    toDate(created_at, {zone:String}) AS day,
    count() AS tickets,
    count(first_response_business_seconds) AS answered,
    answered / tickets AS answered_share,
    quantileExactOrNull(0.5)(first_response_business_seconds) AS p50_business_seconds,
    quantileExactOrNull(0.9)(first_response_business_seconds) AS p90_business_seconds
FROM queue.tickets
WHERE integration_id = {integration:String}
    AND created_at >= {from:DateTime64(3, 'UTC')} AND created_at < {to:DateTime64(3, 'UTC')}
GROUP BY day
ORDER BY day
