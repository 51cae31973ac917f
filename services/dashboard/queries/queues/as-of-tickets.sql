-- Tickets of the backlog at an instant.
-- A row: a ticket neither solved, closed nor discarded then, with the state that it had.
SELECT ticket_id, queue_id, status, assignee_id, valid_from AS since
FROM queue.ticket_state_intervals
WHERE integration_id = {integration:String}
    AND valid_from <= {at:DateTime64(3, 'UTC')} AND valid_to > {at:DateTime64(3, 'UTC')} AND NOT is_finished(status_category)
    AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, queue_id))
    AND (empty({categories:Array(String)}) OR has({categories:Array(String)}, toString(status_category)))
ORDER BY since, ticket_id
LIMIT {limit:UInt32}
