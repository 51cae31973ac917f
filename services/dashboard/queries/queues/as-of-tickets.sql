-- Tickets of the backlog at an instant.
-- A row: a ticket neither solved, closed nor discarded then, with the state that it had, and since when its customer waited then.
-- which: all, unassigned or waiting.
SELECT ticket_id, queue_id, status, assignee_id, valid_from AS since, waiting_since
FROM queue.ticket_state_intervals
LEFT JOIN
(
    SELECT ticket_id, toNullable(min(w.waiting_since)) AS waiting_since
    FROM queue.customer_waits AS w
    WHERE integration_id = {integration:String}
        AND w.waiting_since <= {at:DateTime64(3, 'UTC')} AND (isNull(ended_at) OR ended_at > {at:DateTime64(3, 'UTC')})
    GROUP BY ticket_id
) AS waits USING (ticket_id)
WHERE integration_id = {integration:String}
    AND valid_from <= {at:DateTime64(3, 'UTC')} AND valid_to > {at:DateTime64(3, 'UTC')} AND NOT is_finished(status_category)
    AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, queue_id))
    AND (empty({categories:Array(String)}) OR has({categories:Array(String)}, toString(status_category)))
    AND multiIf({which:String} = 'unassigned', assignee_id = '', {which:String} = 'waiting', isNotNull(waiting_since), true)
ORDER BY isNull(waiting_since), waiting_since, since, ticket_id
LIMIT {limit:UInt32}
