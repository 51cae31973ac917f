-- Solves of agents.
-- A row: a solve in the range, in the queue that the ticket was in. which: all, judged (at least 7 days old) or reopened within 7 days.
SELECT ticket_id, resolution_no, agent_id, solved_at, queue_id, reopened_at, is_seven_days_old, is_reopened_within_7_days
FROM agents.agent_solves
WHERE integration_id = {integration:String}
    AND solved_at >= {from:DateTime64(3, 'UTC')} AND solved_at < {to:DateTime64(3, 'UTC')}
    AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, queue_id))
    AND (empty({agents:Array(String)}) OR has({agents:Array(String)}, agent_id))
    AND multiIf({which:String} = 'judged', is_seven_days_old = 1, {which:String} = 'reopened', is_seven_days_old = 1 AND is_reopened_within_7_days = 1, true)
ORDER BY solved_at, ticket_id, resolution_no
LIMIT {limit:UInt32}
