-- Pairs of a breach and an escalation.
-- A row: a breach, an escalation, or both.
SELECT ticket_id, metric, toString(finding) AS finding, policy_id, due_at, escalation_policy_id, fired_at, late_seconds
FROM queue.escalation_audit
WHERE integration_id = {integration:String}
    AND coalesce(fired_at, due_at) >= {from:DateTime64(3, 'UTC')} AND coalesce(fired_at, due_at) < {to:DateTime64(3, 'UTC')}
    AND (empty({metrics:Array(String)}) OR has({metrics:Array(String)}, metric))
    AND (empty({findings:Array(String)}) OR has({findings:Array(String)}, toString(finding)))
    AND {of_such_tickets}
ORDER BY coalesce(fired_at, due_at), ticket_id, metric, event_id
LIMIT {limit:UInt32}
