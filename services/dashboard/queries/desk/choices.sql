-- What the filters offer: the queues, channels and languages of a tenant.
SELECT
    arraySort(groupUniqArray(queue_id)) AS queues,
    arraySort(groupUniqArray(toString(channel_type))) AS channels,
    arraySort(groupUniqArray(toString(customer_language_code))) AS languages
FROM queue.tickets
WHERE integration_id = {integration:String}
