-- How soon the first answer came, by the day on which the tickets came.
-- A row: a local day with arrivals. Percentiles are of the answered tickets: read them beside the answered share.
SELECT
    toDate(created_at, {zone:String}) AS day,
    count() AS tickets,
    count(seconds_to_answer) AS answered,
    answered / tickets AS answered_share,
    quantileExactOrNull(0.5)(seconds_to_answer) AS p50_seconds,
    quantileExactOrNull(0.9)(seconds_to_answer) AS p90_seconds,
    quantileExactOrNull(0.95)(seconds_to_answer) AS p95_seconds
FROM
(
    SELECT created_at, if({clock:String} = 'business', first_response_business_seconds, first_response_seconds) AS seconds_to_answer
    FROM queue.tickets
    WHERE integration_id = {integration:String}
        AND created_at >= {from:DateTime64(3, 'UTC')} AND created_at < {to:DateTime64(3, 'UTC')}
        AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, first_queue_id))
        AND (empty({channels:Array(String)}) OR has({channels:Array(String)}, toString(channel_type)))
        AND (empty({languages:Array(String)}) OR has({languages:Array(String)}, toString(customer_language_code)))
)
GROUP BY day
ORDER BY day
