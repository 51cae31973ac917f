-- 14. Where does the time of unsolved tickets go?
-- Parameters (name, type, example, meaning):
--   integration  String                parcelhaus           tenant
--   from         DateTime64(3, 'UTC')  2026-03-02 00:00:00  time from here on
--   to           DateTime64(3, 'UTC')  2026-03-16 00:00:00  up to here, not included
-- A row: a queue and status category. Counted is the time within the period only, in whole seconds of each ticket, added
-- over tickets; share is of the queue's time.
-- NULL: never.
SELECT
    queue_id,
    status_category,
    count() AS tickets,
    sum(s.seconds) AS seconds_spent,
    seconds_spent / nullIf(sum(seconds_spent) OVER of_queue, 0) AS share_of_queue
FROM queue.status_time_between(from = {from:DateTime64(3, 'UTC')}, to = {to:DateTime64(3, 'UTC')}) AS s
WHERE integration_id = {integration:String}
GROUP BY queue_id, status_category
WINDOW of_queue AS (PARTITION BY queue_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
ORDER BY queue_id, seconds_spent DESC, status_category
