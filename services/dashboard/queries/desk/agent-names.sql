-- What people call the agents.
-- A row: an agent who ever held a ticket. Only for those who may see names.
SELECT DISTINCT agent_id, agent_name(integration_id, agent_id) AS agent_name
FROM agents.ticket_assignments
WHERE integration_id = {integration:String} AND agent_id != ''
ORDER BY agent_id
