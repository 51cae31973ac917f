-- Tickets of the backlog now, the longest wait first.
-- A row: a ticket neither solved, closed nor discarded. which: all, waiting, unassigned, at_risk or breached, as on the page.
SELECT ticket_id, customer, queue_id, status, assignee_id, created_at, waiting_since, next_due_at, is_breached, is_at_risk
FROM
(
    {open_tickets}
)
WHERE (empty({categories:Array(String)}) OR has({categories:Array(String)}, status_category))
    AND (empty({agents:Array(String)}) OR has({agents:Array(String)}, assignee_id))
    AND (empty({ages:Array(String)}) OR has({ages:Array(String)}, age))
    AND multiIf(
        {which:String} = 'waiting', is_waiting = 1,
        {which:String} = 'unassigned', assignee_id = '',
        {which:String} = 'assigned', assignee_id != '',
        {which:String} = 'held', assignee_id != '' AND is_agents_turn(status_category),
        {which:String} = 'at_risk', is_at_risk = 1,
        {which:String} = 'breached', is_breached = 1,
        true)
ORDER BY isNull(waiting_since), waiting_since, created_at, ticket_id
LIMIT {limit:UInt32}
