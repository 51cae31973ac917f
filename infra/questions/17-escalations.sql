-- 17. How many tickets escalate, by which policy and level, and how soon does somebody act?
-- Parameters (name, type, example, meaning):
--   integration  String                parcelhaus           tenant
--   from         DateTime64(3, 'UTC')  2026-03-02 00:00:00  arrivals; escalations count with their ticket from here on
--   to           DateTime64(3, 'UTC')  2026-03-16 00:00:00  up to here, not included
-- A row: a policy of the CRM and a level. escalation_rate is of all tickets of the period; a ticket may be in
-- several rows.
-- NULL: percentiles when nobody has acted yet; read them beside acknowledged_share.
WITH arrived AS
(
    SELECT ticket_id
    FROM queue.tickets
    WHERE integration_id = {integration:String}
        AND created_at >= {from:DateTime64(3, 'UTC')} AND created_at < {to:DateTime64(3, 'UTC')}
)
SELECT
    policy_id,
    level,
    count() AS escalations,
    uniqExact(ticket_id) AS tickets,
    tickets / (SELECT count() FROM arrived) AS escalation_rate,
    count(acknowledge_seconds) / escalations AS acknowledged_share,
    quantileExactOrNull(0.5)(acknowledge_seconds) AS acknowledge_p50_seconds,
    quantileExactOrNull(0.9)(acknowledge_seconds) AS acknowledge_p90_seconds
FROM queue.escalations
WHERE integration_id = {integration:String} AND ticket_id IN (SELECT ticket_id FROM arrived)
GROUP BY policy_id, level
ORDER BY escalations DESC, policy_id, level
