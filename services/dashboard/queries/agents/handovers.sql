-- Who hands tickets to whom.
-- A row: a pair of agents, in the queue that the receiver got the ticket in. A passage by way of nobody is no handover. kept:
-- handovers that the receiver answered in or still holds.
SELECT
    from_agent_id,
    agent_id,
    count() AS handovers,
    uniqExact(ticket_id) AS tickets,
    countIf(is_bounced = 0) AS kept
FROM agents.ticket_assignments
WHERE integration_id = {integration:String} AND is_handoff_in = 1
    AND assigned_at >= {from:DateTime64(3, 'UTC')} AND assigned_at < {to:DateTime64(3, 'UTC')}
    AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, queue_id))
GROUP BY from_agent_id, agent_id
ORDER BY from_agent_id, agent_id
