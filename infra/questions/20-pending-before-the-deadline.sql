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
        t.ticket_id AS ticket_id,
        argMax(
            (i.changed_by_id, i.changed_by_type, ifNull(t.remaining_seconds, whole_seconds(clock_ms(
                calendar_clock(t.calendar_id, least(i.valid_to, assumeNotNull(t.due_at))),
                calendar_clock(t.calendar_id, assumeNotNull(t.due_at)))))),
            i.valid_from) AS last_pending,
        last_pending.1 AS agent_id,
        last_pending.2 AS set_by,
        assumeNotNull(last_pending.3) AS seconds_left
    FROM queue.sla_timers AS t
    INNER JOIN queue.ticket_state_intervals AS i ON i.integration_id = t.integration_id AND i.ticket_id = t.ticket_id
    WHERE t.integration_id = {integration:String} AND t.metric = 'resolution' AND t.outcome != 'cancelled'
        AND i.status_category = 'pending' AND i.valid_from >= t.started_at
        AND i.valid_from < least(ifNull(t.due_at, far_future()), ifNull(t.fulfilled_at, far_future()))
        AND (t.paused_seconds > 0 OR isNotNull(t.remaining_seconds))
    GROUP BY t.ticket_id, t.instance
)
WHERE set_by = 'agent'
GROUP BY agent_id
ORDER BY pendings DESC, agent_id
