-- Tickets by the beginning of their id, or by the customer's Telegram id.
-- A row: a ticket, the one with the latest event first.
SELECT
    ticket_id,
    queue_id,
    status,
    assignee_id,
    created_at,
    last_event_at,
    solves,
    reopens
FROM queue.tickets
WHERE integration_id = {integration:String}
    AND (startsWith(upper(ticket_id), upper({search:String})) OR toString(customer_telegram_user_id) = {search:String})
    AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, queue_id))
    AND {channel_and_language}
ORDER BY last_event_at DESC, ticket_id
LIMIT {limit:UInt32}
