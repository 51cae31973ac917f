-- The arrivals of the range in one row, and how they were answered.
-- Tickets created in the range, by the first queue that they were ever in. Percentiles are of the answered ones: read them beside
-- the answered share. one_touch is of those that are solved now: solved by exactly one reply turn and never reopened.
SELECT
    count() AS tickets,
    count(seconds_to_answer) AS answered,
    answered / nullIf(tickets, 0) AS answered_share,
    quantileExactOrNull(0.5)(seconds_to_answer) AS p50_seconds,
    quantileExactOrNull(0.9)(seconds_to_answer) AS p90_seconds,
    quantileExactOrNull(0.95)(seconds_to_answer) AS p95_seconds,
    countIf(is_one_touch = 1) / nullIf(count(is_one_touch), 0) AS one_touch_share
FROM
(
    SELECT is_one_touch, if({clock:String} = 'business', first_response_business_seconds, first_response_seconds) AS seconds_to_answer
    FROM queue.tickets
    WHERE integration_id = {integration:String}
        AND created_at >= {from:DateTime64(3, 'UTC')} AND created_at < {to:DateTime64(3, 'UTC')}
        AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, first_queue_id))
        AND (empty({channels:Array(String)}) OR has({channels:Array(String)}, toString(channel_type)))
        AND (empty({languages:Array(String)}) OR has({languages:Array(String)}, toString(customer_language_code)))
)
