-- 10. Who hands tickets to whom?
-- Parameters (name, type, example, meaning):
--   integration  String                parcelhaus           tenant
--   from         DateTime64(3, 'UTC')  2026-03-02 00:00:00  handovers from here on
--   to           DateTime64(3, 'UTC')  2026-03-16 00:00:00  up to here, not included
-- A row: a pair of agents. A passage by way of nobody is no handover, nor is a new queue with the same agent.
-- kept_share: handovers that the receiver answered in or still holds.
-- NULL: never.
SELECT
    from_agent_id,
    agent_id AS to_agent_id,
    count() AS handoffs,
    uniqExact(ticket_id) AS tickets,
    countIf(from_queue_id != queue_id) AS to_other_queue,
    countIf(NOT is_bounced) / handoffs AS kept_share
FROM agents.ticket_assignments
WHERE integration_id = {integration:String} AND is_handoff_in
    AND assigned_at >= {from:DateTime64(3, 'UTC')} AND assigned_at < {to:DateTime64(3, 'UTC')}
GROUP BY from_agent_id, to_agent_id
ORDER BY handoffs DESC, from_agent_id, to_agent_id
