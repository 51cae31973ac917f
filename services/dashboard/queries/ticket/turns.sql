-- Reply turns in a ticket.
-- A row: consecutive public messages by one agent.
SELECT turn_no, agent_id, replied_at, last_reply_at, replies, wait_seconds, agent_wait_seconds, is_first_response
FROM agents.agent_replies
WHERE integration_id = {integration:String} AND ticket_id = {ticket:String}
ORDER BY turn_no
