-- The states of a ticket.
-- A row: a period in which neither status, queue nor assignee changed; the last one lasts.
SELECT valid_from, if(valid_to = far_future(), NULL, valid_to) AS ended_at, status, toString(status_category) AS category, queue_id, assignee_id, changed_by_type, changed_by_id, seconds
FROM queue.ticket_state_intervals
WHERE integration_id = {integration:String} AND ticket_id = {ticket:String}
ORDER BY valid_from
