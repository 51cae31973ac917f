-- SLA timers.
-- A row: a promise that was due in the range.
SELECT
    ticket_id,
    toString(metric) AS metric,
    policy_id,
    toString(outcome) AS outcome,
    started_at,
    due_at,
    fulfilled_at,
    breach_seconds,
    paused_seconds,
    queue_id_at_end AS queue_id,
    agent_id_at_due
FROM queue.sla_timers
WHERE integration_id = {integration:String} AND due_at >= {from:DateTime64(3, 'UTC')} AND due_at < {to:DateTime64(3, 'UTC')}
    AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, queue_id_at_end))
    AND (empty({metrics:Array(String)}) OR has({metrics:Array(String)}, toString(metric)))
    AND (empty({outcomes:Array(String)}) OR has({outcomes:Array(String)}, toString(outcome)))
    AND (empty({weeks:Array(String)}) OR has({weeks:Array(String)}, toString(toMonday(assumeNotNull(due_at)))))
    AND {of_such_tickets}
ORDER BY due_at, ticket_id, metric
LIMIT {limit:UInt32}
