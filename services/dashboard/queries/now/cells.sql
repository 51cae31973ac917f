-- The desk now: its backlog by queue, status, assignee and age.
-- A row: the tickets neither solved, closed nor discarded with the same four. Every number of the page is a sum of these rows.
-- breached: a promise of the ticket is past its due time and unfulfilled; at_risk: none is, and one is due within the time set.
SELECT
    queue_id,
    status_category,
    assignee_id,
    age,
    count() AS tickets,
    min(created_at) AS oldest_created_at,
    countIf(is_waiting = 1) AS waiting,
    countIf(is_breached = 1) AS breached,
    countIf(is_at_risk = 1) AS at_risk,
    arraySlice(arraySort(groupArrayIf((assumeNotNull(waiting_since), ticket_id, customer), is_waiting = 1)), 1, 12) AS longest_waits,
    arraySlice(arraySort(groupArrayIf((assumeNotNull(next_due_at), ticket_id, customer), is_at_risk = 1)), 1, 12) AS next_due
FROM
(
    {open_tickets}
)
GROUP BY queue_id, status_category, assignee_id, age
ORDER BY queue_id, status_category, assignee_id, age
