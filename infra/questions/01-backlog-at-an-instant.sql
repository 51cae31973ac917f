-- 1. What was the backlog of each queue at an instant, how old was it, and how much of it had nobody?
-- Parameters (name, type, example, meaning):
--   integration  String                parcelhaus           tenant
--   at           DateTime64(3, 'UTC')  2026-03-12 09:00:00  any past instant
-- A row: a queue ('' = never assigned to one) with tickets neither solved, closed nor discarded at that instant.
-- NULL: oldest_wait_seconds when no customer waited.
SELECT
    queue_id,
    sum(b.tickets) AS tickets,
    sum(b.unassigned) AS unassigned,
    max(b.oldest_age_seconds) AS oldest_age_seconds,
    sum(b.waiting_now) AS waiting,
    max(b.oldest_wait_seconds) AS oldest_wait_seconds
FROM queue.backlog_as_of(ts = {at:DateTime64(3, 'UTC')}) AS b
WHERE integration_id = {integration:String}
GROUP BY queue_id
ORDER BY tickets DESC, queue_id
