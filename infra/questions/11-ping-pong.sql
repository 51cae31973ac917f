-- 11. How many tickets come back to an agent or a queue that had given them away?
-- Parameters (name, type, example, meaning):
--   integration  String                parcelhaus           tenant
--   from         DateTime64(3, 'UTC')  2026-03-02 00:00:00  first assignments from here on
--   to           DateTime64(3, 'UTC')  2026-03-16 00:00:00  up to here, not included
-- A row: the tenant. Stations of nobody are taken out and equal neighbours joined before counting, so that a holder who
-- is followed by the same holder (by way of nobody, or in another queue) is not a return.
-- NULL: shares without assigned tickets.
SELECT
    count() AS assigned_tickets,
    countIf(is_back_to_agent = 1) AS back_to_an_agent,
    countIf(is_back_to_queue = 1) AS back_to_a_queue,
    back_to_an_agent / nullIf(assigned_tickets, 0) AS agent_ping_pong_share,
    back_to_a_queue / nullIf(assigned_tickets, 0) AS queue_ping_pong_share
FROM agents.ticket_returns
WHERE integration_id = {integration:String}
    AND first_assigned_at >= {from:DateTime64(3, 'UTC')} AND first_assigned_at < {to:DateTime64(3, 'UTC')}
