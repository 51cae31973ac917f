-- 8. How many solves, how many tickets, how many customers? Three numbers, because reopened tickets are solved again.
-- Parameters (name, type, example, meaning):
--   integration  String                parcelhaus           tenant
--   from         DateTime64(3, 'UTC')  2026-03-02 00:00:00  solves from here on
--   to           DateTime64(3, 'UTC')  2026-03-16 00:00:00  up to here, not included
-- A row: a queue at the solve and who solved. Only solves add up over rows: a ticket or customer may be in several.
-- NULL: never; customers of provisional tickets are unknown and not counted.
SELECT
    r.queue_id AS queue_id,
    r.solved_by_type AS solved_by_type,
    count() AS solves,
    uniqExact(r.ticket_id) AS tickets,
    uniqExact(t.customer_telegram_user_id) AS customers
FROM queue.ticket_resolutions AS r
INNER JOIN queue.tickets AS t ON t.integration_id = r.integration_id AND t.ticket_id = r.ticket_id
WHERE r.integration_id = {integration:String}
    AND r.solved_at >= {from:DateTime64(3, 'UTC')} AND r.solved_at < {to:DateTime64(3, 'UTC')}
GROUP BY queue_id, solved_by_type
ORDER BY queue_id, solved_by_type
