-- How many tickets come back to an agent or a queue that had given them away.
-- One row, with 95 % intervals of the shares, of the tickets first assigned in the range that any of the queues chosen ever held.
SELECT
    count() AS assigned_tickets,
    countIf(is_back_to_agent = 1) AS back_to_an_agent,
    countIf(is_back_to_queue = 1) AS back_to_a_queue,
    back_to_an_agent / nullIf(assigned_tickets, 0) AS agent_share,
    wilson_lower(back_to_an_agent, assigned_tickets) AS agent_share_likely_from,
    wilson_upper(back_to_an_agent, assigned_tickets) AS agent_share_likely_to,
    back_to_a_queue / nullIf(assigned_tickets, 0) AS queue_share,
    wilson_lower(back_to_a_queue, assigned_tickets) AS queue_share_likely_from,
    wilson_upper(back_to_a_queue, assigned_tickets) AS queue_share_likely_to
FROM agents.ticket_returns
WHERE {first_assigned}
