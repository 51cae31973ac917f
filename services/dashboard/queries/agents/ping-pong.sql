-- How many tickets come back to an agent or a queue that had given them away.
-- One row, of the tickets first assigned in the range that any of the queues chosen ever held.
SELECT
    count() AS assigned_tickets,
    countIf(is_back_to_agent = 1) AS back_to_an_agent,
    countIf(is_back_to_queue = 1) AS back_to_a_queue,
    back_to_an_agent / nullIf(assigned_tickets, 0) AS agent_share,
    back_to_a_queue / nullIf(assigned_tickets, 0) AS queue_share
FROM agents.ticket_returns
WHERE {first_assigned}
