-- What people call the queues.
SELECT queue_id, display_name AS queue_display_name
FROM queue.queue_names
WHERE integration_id = {integration:String}
ORDER BY queue_id
