-- Days of agents: their time on shift, and how much of it they handled tickets.
-- A row: an agent and a local day of the range with a shift or a session. handle_seconds is an estimate, on shift or not.
SELECT agent_id, day, shift_seconds, handle_seconds, occupancy AS occupancy_share, held_on_shift_seconds, concurrency
FROM agents.agent_occupancy(zone = {zone:String})
WHERE integration_id = {integration:String} AND agent_id != ''
    AND day >= toDate({from:DateTime64(3, 'UTC')}, {zone:String})
    AND day < toDate({to:DateTime64(3, 'UTC')}, {zone:String})
    AND (empty({agents:Array(String)}) OR has({agents:Array(String)}, agent_id))
ORDER BY agent_id, day
LIMIT {limit:UInt32}
