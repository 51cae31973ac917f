-- 20. Is pending used to stop the clock: set just before a resolution was due?
-- Parameters (name, type, example, meaning):
--   integration     String  parcelhaus  tenant
--   within_seconds  Int64   3600        what "just before" means, in seconds of the timer's calendar
-- A row: an agent who set tickets to pending while a resolution timer ran that pauses in it. Judged is the last pending
-- before each deadline; seconds_left is what the timer had left when it was set.
-- A share far above the others' is a reason to read the tickets, not a verdict: customers are asked late, too.
-- NULL: never. No rows without SLA policies that pause in pending.
SELECT
    agent_id,
    count() AS pendings,
    countIf(seconds_left <= {within_seconds:Int64}) AS just_before,
    just_before / pendings AS just_before_share,
    quantileExact(0.5)(seconds_left) AS p50_seconds_left
FROM
(
    SELECT
        i.changed_by_id AS agent_id,
        i.changed_by_type AS set_by,
        assumeNotNull(ifNull(t.remaining_seconds, whole_seconds(clock_ms(
            calendar_clock(t.calendar_id, least(i.valid_to, assumeNotNull(t.due_at))),
            calendar_clock(t.calendar_id, assumeNotNull(t.due_at)))))) AS seconds_left
    FROM
    (
        SELECT *, least(ifNull(due_at, far_future()), ifNull(fulfilled_at, far_future())) AS runs_until
        FROM queue.sla_timers
        WHERE integration_id = {integration:String} AND metric = 'resolution' AND outcome != 'cancelled'
            AND (paused_seconds > 0 OR isNotNull(remaining_seconds))
    ) AS t
    ASOF INNER JOIN
    (
        SELECT ticket_id, valid_from, valid_to, changed_by_id, changed_by_type
        FROM queue.ticket_state_intervals
        WHERE integration_id = {integration:String} AND status_category = 'pending'
    ) AS i ON i.ticket_id = t.ticket_id AND i.valid_from < t.runs_until
    WHERE i.valid_from >= t.started_at
)
WHERE set_by = 'agent'
GROUP BY agent_id
ORDER BY pendings DESC, agent_id
