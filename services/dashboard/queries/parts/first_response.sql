-- How tickets were answered, by the clock chosen. Percentiles are of the answered ones.
count() AS tickets,
count(if({clock:String} = 'business', first_response_business_seconds, first_response_seconds) AS seconds_to_answer) AS answered,
answered / nullIf(tickets, 0) AS answered_share,
quantileExactOrNull(0.5)(seconds_to_answer) AS p50_seconds,
quantileExactOrNull(0.9)(seconds_to_answer) AS p90_seconds,
quantileExactOrNull(0.95)(seconds_to_answer) AS p95_seconds
