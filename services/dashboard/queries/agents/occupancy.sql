-- Sessions and occupancy: how much of their time on shift agents handled tickets.
-- A row: an agent. handle_seconds is an estimate: bursts of actions with gaps of at most 10 minutes. occupancy is empty without
-- shifts in the configuration. Of all queues: an agent's time is not a queue's.
SELECT
    agent_id,
    count() AS days,
    sum(o.shift_seconds) AS shift_seconds,
    sum(o.handle_seconds) AS handle_seconds,
    if(shift_seconds = 0, NULL, handle_seconds / shift_seconds) AS occupancy,
    if(shift_seconds = 0, NULL, sum(o.held_on_shift_seconds) / shift_seconds) AS concurrency
FROM agents.agent_occupancy(zone = {zone:String}) AS o
WHERE integration_id = {integration:String} AND agent_id != ''
    AND day >= toDate({from:DateTime64(3, 'UTC')}, {zone:String})
    AND day < toDate({to:DateTime64(3, 'UTC')}, {zone:String})
GROUP BY agent_id
ORDER BY agent_id
