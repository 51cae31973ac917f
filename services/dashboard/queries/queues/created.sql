-- Tickets by their arrival.
-- A row: a ticket created in the range. The queue is the first one that it was ever in. which: all or answered.
SELECT
    ticket_id,
    created_at,
    first_queue_id AS queue_id,
    toString(channel_type) AS channel,
    toString(customer_language_code) AS language,
    status,
    assignee_id,
    if({clock:String} = 'business', first_response_business_seconds, first_response_seconds) AS first_response_seconds,
    if({clock:String} = 'business', first_resolution_business_seconds, first_resolution_seconds) AS resolution_seconds
FROM queue.tickets
WHERE {arrived}
    AND (empty({days:Array(String)}) OR has({days:Array(String)}, toString(toDate(created_at, {zone:String}))))
    AND (empty({weekdays:Array(String)}) OR has({weekdays:Array(String)}, toString(toDayOfWeek(created_at, 0, {zone:String}))))
    AND (empty({hours:Array(String)}) OR has({hours:Array(String)}, toString(toHour(created_at, {zone:String}))))
    AND ({which:String} != 'answered' OR isNotNull(first_response_seconds))
ORDER BY created_at, ticket_id
LIMIT {limit:UInt32}
