-- What people call the agents.
-- A row: an agent who ever held a ticket. Only for those who may see names.
SELECT agent_id, display_name AS agent_display_name
FROM agents.agent_names
WHERE integration_id = {integration:String}
ORDER BY agent_id
