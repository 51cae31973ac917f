-- What came in, what went out, and what was left, by hour or day.
-- A row: a local day, or an hour, of the range, quiet ones included. Of all queues, moves between them cancel out. backlog and
-- waiting are those at its end. All channels and languages: hours are counted by queue only.
SELECT
    if({step:String} = 'day', toDateTime(toStartOfDay(hour, {zone:String}), 'UTC'), hour) AS starts_at,
    sum(created) AS created,
    sum(moved_in) AS moved_in,
    sum(reopened + restored) AS came_back,
    sum(solved) AS solved,
    sum(discarded) AS discarded,
    sum(moved_out) AS moved_out,
    sum(net_flow) AS net_flow,
    argMax(backlog_end, hour) AS backlog,
    argMax(waiting_end, hour) AS waiting,
    sum(breached) AS breached
FROM
(
    SELECT
        hour,
        sum(h.created) AS created, sum(h.moved_in) AS moved_in, sum(h.moved_out) AS moved_out, sum(h.reopened) AS reopened,
        sum(h.restored) AS restored, sum(h.solved) AS solved, sum(h.discarded) AS discarded, sum(h.net_flow) AS net_flow,
        sum(h.backlog_end) AS backlog_end, sum(h.waiting_end) AS waiting_end, sum(h.breached) AS breached
    FROM queue.queue_hourly AS h
    WHERE integration_id = {integration:String}
        AND hour >= toDateTime({from:DateTime64(3, 'UTC')}, 'UTC') AND hour < toDateTime({to:DateTime64(3, 'UTC')}, 'UTC')
        AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, queue_id))
    GROUP BY hour
)
GROUP BY starts_at
ORDER BY starts_at
