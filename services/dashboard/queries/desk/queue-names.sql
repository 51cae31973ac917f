-- What people call the queues.
SELECT DISTINCT queue_id, queue_name(integration_id, queue_id) AS queue_name
FROM queue.tickets
WHERE integration_id = {integration:String} AND queue_id != ''
ORDER BY queue_id
