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
    countIf(length(holders) > length(arrayDistinct(holders))) AS back_to_an_agent,
    countIf(length(queues) > length(arrayDistinct(queues))) AS back_to_a_queue,
    back_to_an_agent / nullIf(assigned_tickets, 0) AS agent_ping_pong_share,
    back_to_a_queue / nullIf(assigned_tickets, 0) AS queue_ping_pong_share
FROM
(
    SELECT
        arraySort(s -> s.1, groupArray((station_no, agent_id, queue_id))) AS stations,
        arrayCompact(arrayFilter(agent -> agent != '', stations.2)) AS holders,
        arrayCompact(arrayFilter(queue -> queue != '', stations.3)) AS queues,
        minIf(assigned_at, agent_id != '' OR queue_id != '') AS first_assigned_at
    FROM agents.ticket_assignments
    WHERE integration_id = {integration:String}
    GROUP BY ticket_id
    HAVING notEmpty(holders) OR notEmpty(queues)
)
WHERE first_assigned_at >= {from:DateTime64(3, 'UTC')} AND first_assigned_at < {to:DateTime64(3, 'UTC')}
