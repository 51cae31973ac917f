-- Stations: who held which ticket, from when to when.
-- A row: an unbroken period with one agent and queue that began in the range. from_agent chooses handovers of that agent; which: all,
-- answered, or bounced (lost without an answer).
SELECT ticket_id, station_no, agent_id, from_agent_id, queue_id, assigned_at, ended_at, ended_by, public_replies, held_seconds, is_bounced
FROM agents.ticket_assignments
WHERE integration_id = {integration:String} AND agent_id != ''
    AND assigned_at >= {from:DateTime64(3, 'UTC')} AND assigned_at < {to:DateTime64(3, 'UTC')}
    AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, queue_id))
    AND (empty({agents:Array(String)}) OR has({agents:Array(String)}, agent_id))
    AND (empty({from_agents:Array(String)}) OR (is_handoff_in = 1 AND has({from_agents:Array(String)}, from_agent_id)))
    AND multiIf({which:String} = 'answered', public_replies > 0, {which:String} = 'bounced', is_bounced = 1, true)
ORDER BY assigned_at, ticket_id, station_no
LIMIT {limit:UInt32}
