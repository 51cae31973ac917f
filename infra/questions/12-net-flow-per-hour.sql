-- 12. What flowed in and out in each hour, and what was left?
-- Parameters (name, type, example, meaning):
--   integration  String           parcelhaus           tenant
--   from         DateTime('UTC')  2026-03-12 08:00:00  first hour
--   to           DateTime('UTC')  2026-03-12 10:00:00  hour after the last one
-- A row: a UTC hour and queue, quiet hours included. created counts in queue '' and moves from there; backlog_end is
-- the one of the hour before plus net_flow.
-- NULL: never.
SELECT
    hour,
    queue_id,
    created,
    reopened,
    restored,
    moved_in,
    moved_out,
    solved,
    discarded,
    net_flow,
    backlog_end,
    waiting_end
FROM queue.queue_hourly
WHERE integration_id = {integration:String} AND hour >= {from:DateTime('UTC')} AND hour < {to:DateTime('UTC')}
ORDER BY hour, queue_id
