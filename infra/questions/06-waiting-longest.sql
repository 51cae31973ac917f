-- 6. Who has been waiting longest, right now?
-- Parameters (name, type, example, meaning):
--   integration  String  parcelhaus  tenant
--   limit        UInt32  5           rows at most
-- A row: an unsolved ticket whose customer waits for a reply, the longest wait first.
-- NULL: never; assignee_id and queue_id are '' when there is none.
SELECT
    ticket_id,
    queue_id,
    assignee_id,
    status,
    waiting_since,
    seconds_between(waiting_since, now64(3, 'UTC')) AS wait_seconds
FROM queue.tickets
WHERE integration_id = {integration:String} AND is_waiting
ORDER BY waiting_since, ticket_id
LIMIT {limit:UInt32}
