-- Where the time of unsolved tickets goes.
-- A row: a queue and status. Counted is the time within the range, in whole seconds of each ticket, added over tickets.
SELECT
    queue_id,
    toString(status_category) AS category,
    count() AS tickets,
    sum(s.seconds) AS spent_seconds
FROM queue.status_time_between(from = {from:DateTime64(3, 'UTC')}, to = {to:DateTime64(3, 'UTC')}) AS s
WHERE integration_id = {integration:String}
    AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, queue_id))
    AND {of_such_tickets}
GROUP BY queue_id, category
HAVING spent_seconds > 0
ORDER BY queue_id, spent_seconds DESC, category
