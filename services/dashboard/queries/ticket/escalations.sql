-- Escalations of a ticket that the CRM fired.
SELECT fired_at, policy_id, breached_metric, level, escalated_to_id, acknowledged_at, acknowledged_by_id, acknowledge_seconds
FROM queue.escalations
WHERE integration_id = {integration:String} AND ticket_id = {ticket:String}
ORDER BY fired_at, event_id
