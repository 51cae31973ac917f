-- How many tickets come back to an agent or a queue that had given them away.
-- One row, of the tickets first assigned in the range. Stations of nobody are taken out and equal neighbours joined before counting.
SELECT
    count() AS assigned_tickets,
    countIf(length(holders) > length(arrayDistinct(holders))) AS back_to_an_agent,
    countIf(length(queues_held) > length(arrayDistinct(queues_held))) AS back_to_a_queue,
    back_to_an_agent / nullIf(assigned_tickets, 0) AS agent_share,
    back_to_a_queue / nullIf(assigned_tickets, 0) AS queue_share
FROM
(
    SELECT
        arraySort(s -> s.1, groupArray((station_no, agent_id, queue_id))) AS stations,
        arrayCompact(arrayFilter(agent -> agent != '', stations.2)) AS holders,
        arrayCompact(arrayFilter(queue -> queue != '', stations.3)) AS queues_held,
        minIf(assigned_at, agent_id != '' OR queue_id != '') AS first_assigned_at
    FROM agents.ticket_assignments
    WHERE integration_id = {integration:String}
    GROUP BY ticket_id
    HAVING (notEmpty(holders) OR notEmpty(queues_held))
        AND (empty({queues:Array(String)}) OR hasAny({queues:Array(String)}, queues_held))
)
WHERE first_assigned_at >= {from:DateTime64(3, 'UTC')} AND first_assigned_at < {to:DateTime64(3, 'UTC')}
