-- The SLA timers of a ticket.
-- A row: a promise. due_at is empty while it is paused.
SELECT toString(metric) AS metric, instance, policy_id, policy_version, toString(outcome) AS outcome, started_at, due_at, fulfilled_at, paused_seconds, remaining_seconds, breach_seconds, agent_id_at_due
FROM queue.sla_timers
WHERE integration_id = {integration:String} AND ticket_id = {ticket:String}
ORDER BY started_at, metric, instance
