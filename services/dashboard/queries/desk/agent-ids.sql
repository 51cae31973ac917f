-- The agents of a tenant: of stations, replies and solves.
SELECT agent_id FROM agents.ticket_assignments WHERE integration_id = {integration:String}
UNION DISTINCT
SELECT agent_id FROM agents.agent_replies WHERE integration_id = {integration:String}
UNION DISTINCT
SELECT agent_id FROM agents.agent_solves WHERE integration_id = {integration:String}
