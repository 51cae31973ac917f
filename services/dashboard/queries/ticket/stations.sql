-- Who held a ticket.
-- A row: an unbroken period with one assignee, possibly nobody, and one queue.
SELECT station_no, agent_id, queue_id, assigned_at, ended_at, ended_by, assigned_by_type, public_replies, agent_first_response_seconds, held_seconds, is_bounced
FROM agents.ticket_assignments
WHERE integration_id = {integration:String} AND ticket_id = {ticket:String}
ORDER BY station_no
