-- The arrivals of the range in one row, and how they were answered.
-- Tickets created in the range, by the first queue that they were ever in. Percentiles are of the answered ones: read them beside
-- the answered share. one_touch is of those that are solved now: solved by exactly one reply turn and never reopened.
SELECT
    {first_response},
    countIf(is_one_touch = 1) / nullIf(count(is_one_touch), 0) AS one_touch_share
FROM queue.tickets
WHERE {arrived}
