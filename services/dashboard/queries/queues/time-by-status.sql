-- Where the time of unsolved tickets goes.
-- A row: a queue and status. Counted is the time within the range, in whole seconds of each ticket, added over tickets.
SELECT
    queue_id,
    toString(status_category) AS category,
    count() AS tickets,
    sum(ticket_seconds) AS spent_seconds
FROM
(
    SELECT
        queue_id,
        status_category,
        whole_seconds(sum(ms_between(
            greatest(valid_from, {from:DateTime64(3, 'UTC')}),
            least(valid_to, {to:DateTime64(3, 'UTC')}, now64(3, 'UTC'))))) AS ticket_seconds
    FROM queue.ticket_state_intervals
    WHERE integration_id = {integration:String} AND NOT is_finished(status_category)
        AND valid_from < {to:DateTime64(3, 'UTC')} AND valid_to > {from:DateTime64(3, 'UTC')}
        AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, queue_id))
        AND ticket_id IN (
            SELECT ticket_id FROM queue.tickets
            WHERE integration_id = {integration:String}
                AND (empty({channels:Array(String)}) OR has({channels:Array(String)}, toString(channel_type)))
                AND (empty({languages:Array(String)}) OR has({languages:Array(String)}, toString(customer_language_code))))
    GROUP BY queue_id, status_category, ticket_id
)
GROUP BY queue_id, category
ORDER BY queue_id, spent_seconds DESC, category
