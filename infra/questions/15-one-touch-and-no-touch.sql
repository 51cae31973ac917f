-- 15. How many tickets are solved by one answer, and how many by none?
-- Parameters (name, type, example, meaning):
--   integration  String                parcelhaus           tenant
--   from         DateTime64(3, 'UTC')  2026-03-02 00:00:00  arrivals from here on
--   to           DateTime64(3, 'UTC')  2026-03-16 00:00:00  up to here, not included
-- A row: a first queue. Shares are of the tickets that are solved now; solved without any answer is kept apart, it is
-- no success of the first answer.
-- NULL: shares when none is solved.
SELECT
    first_queue_id AS queue_id,
    count() AS tickets,
    count(is_one_touch) AS solved_tickets,
    countIf(is_one_touch = 1) AS one_touch,
    countIf(is_no_touch = 1) AS no_touch,
    one_touch / nullIf(solved_tickets, 0) AS one_touch_share,
    no_touch / nullIf(solved_tickets, 0) AS no_touch_share
FROM queue.tickets
WHERE integration_id = {integration:String}
    AND created_at >= {from:DateTime64(3, 'UTC')} AND created_at < {to:DateTime64(3, 'UTC')}
GROUP BY queue_id
ORDER BY tickets DESC, queue_id
