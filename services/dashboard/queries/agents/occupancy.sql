-- Sessions and occupancy: how much of their time on shift agents handled tickets.
-- A row: an agent. handle_seconds is an estimate: bursts of actions with gaps of at most 10 minutes. occupancy is empty without
-- shifts in the configuration; its interval (95 %) is of days as good as these, and empty for fewer than 8 with a shift. Of all
-- queues: an agent's time is not a queue's.
WITH
    groupArrayIf(o.handle_seconds, o.shift_seconds > 0) AS handled,
    groupArrayIf(o.shift_seconds, o.shift_seconds > 0) AS shifts,
    groupArrayIf(o.held_on_shift_seconds, o.shift_seconds > 0) AS held
SELECT
    agent_id,
    count() AS days,
    length(shifts) AS shift_days,
    sum(o.shift_seconds) AS shift_seconds,
    sum(o.handle_seconds) AS handle_seconds,
    if(shift_seconds = 0, NULL, handle_seconds / shift_seconds) AS occupancy_share,
    greatest(0, occupancy_share - ratio_margin(handled, shifts)) AS occupancy_share_likely_from,
    occupancy_share + ratio_margin(handled, shifts) AS occupancy_share_likely_to,
    if(shift_seconds = 0, NULL, sum(o.held_on_shift_seconds) / shift_seconds) AS concurrency,
    greatest(0, concurrency - ratio_margin(held, shifts)) AS concurrency_likely_from,
    concurrency + ratio_margin(held, shifts) AS concurrency_likely_to
FROM agents.agent_occupancy(zone = {zone:String}) AS o
WHERE integration_id = {integration:String} AND agent_id != ''
    AND day >= toDate({from:DateTime64(3, 'UTC')}, {zone:String})
    AND day < toDate({to:DateTime64(3, 'UTC')}, {zone:String})
GROUP BY agent_id
ORDER BY agent_id
