-- Breaches that we computed beside the escalations that the CRM fired.
-- A row: a metric and finding. matched: both; missed: a breach without an escalation; unfounded: an escalation without a breach.
-- late: due time to escalation of the matched ones.
SELECT
    metric,
    toString(finding) AS finding,
    count() AS pairs,
    uniqExact(ticket_id) AS tickets,
    quantileExactOrNull(0.5)(late_seconds) AS late_p50_seconds,
    quantileExactOrNull(0.9)(late_seconds) AS late_p90_seconds
FROM queue.escalation_audit
WHERE integration_id = {integration:String}
    AND coalesce(fired_at, due_at) >= {from:DateTime64(3, 'UTC')} AND coalesce(fired_at, due_at) < {to:DateTime64(3, 'UTC')}
    AND {of_such_tickets}
GROUP BY metric, finding
ORDER BY metric, finding
