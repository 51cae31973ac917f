-- How soon the first answer came, by the day on which the tickets came.
-- A row: a local day with arrivals. Percentiles are of the answered tickets: read them beside the answered share.
SELECT
    toDate(created_at, {zone:String}) AS day,
    {first_response}
FROM queue.tickets
WHERE {arrived}
GROUP BY day
ORDER BY day
