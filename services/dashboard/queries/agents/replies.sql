-- Reply turns of agents, by both clocks.
-- A row: consecutive public messages by one agent. which: all, or answered for those that ended a customer's wait.
SELECT
    ticket_id,
    turn_no,
    agent_id,
    replied_at,
    replies,
    queue_id,
    assignee_at_reply,
    if({clock:String} = 'business', wait_business_seconds, r.wait_seconds) AS customer_seconds,
    if({clock:String} = 'business', agent_wait_business_seconds, r.agent_wait_seconds) AS own_seconds
FROM agents.agent_replies AS r
WHERE integration_id = {integration:String}
    AND replied_at >= {from:DateTime64(3, 'UTC')} AND replied_at < {to:DateTime64(3, 'UTC')}
    AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, queue_id))
    AND (empty({agents:Array(String)}) OR has({agents:Array(String)}, agent_id))
    AND ({which:String} != 'answered' OR isNotNull(r.wait_seconds))
ORDER BY replied_at, ticket_id, turn_no
LIMIT {limit:UInt32}
