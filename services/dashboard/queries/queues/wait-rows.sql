-- Waits of customers.
-- A row: a wait that began in the range, in the queue that the ticket was in then. which: all or answered.
SELECT
    ticket_id,
    wait_no,
    waiting_since,
    ended_at,
    ended_by,
    queue_at_start AS queue_id,
    replied_by_agent_id,
    if({clock:String} = 'business', wait_business_seconds, wait_seconds) AS waited_seconds
FROM queue.customer_waits
WHERE integration_id = {integration:String} AND ended_by != 'discarded'
    AND waiting_since >= {from:DateTime64(3, 'UTC')} AND waiting_since < {to:DateTime64(3, 'UTC')}
    AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, queue_at_start))
    AND (empty({days:Array(String)}) OR has({days:Array(String)}, toString(toDate(waiting_since, {zone:String}))))
    AND ({which:String} != 'answered' OR ended_by = 'agent_reply')
    AND {of_such_tickets}
ORDER BY waiting_since, ticket_id, wait_no
LIMIT {limit:UInt32}
