-- Tickets that came back to an agent or a queue that had given them away.
-- A row: a ticket first assigned in the range. which: all, back_to_agent or back_to_queue.
SELECT ticket_id, first_assigned_at, agent_ids, queue_ids, is_back_to_agent, is_back_to_queue
FROM agents.ticket_returns
WHERE {first_assigned}
    AND multiIf({which:String} = 'back_to_agent', is_back_to_agent = 1, {which:String} = 'back_to_queue', is_back_to_queue = 1, true)
ORDER BY first_assigned_at, ticket_id
LIMIT {limit:UInt32}
