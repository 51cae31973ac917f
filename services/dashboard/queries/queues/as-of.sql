-- The desk as it was at an instant: its backlog by queue and status.
-- A row: the tickets neither solved, closed nor discarded at that instant, by what is known today. All channels and languages.
SELECT
    queue_id,
    toString(status_category) AS category,
    sum(b.tickets) AS tickets,
    sum(b.unassigned) AS unassigned,
    sum(b.waiting_now) AS waiting,
    max(b.oldest_age_seconds) AS oldest_age_seconds,
    max(b.oldest_wait_seconds) AS oldest_wait_seconds
FROM queue.backlog_as_of(ts = {at:DateTime64(3, 'UTC')}) AS b
WHERE integration_id = {integration:String}
    AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, queue_id))
GROUP BY queue_id, category
ORDER BY queue_id, category
