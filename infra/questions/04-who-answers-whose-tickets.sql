-- 4. Who answers other people's tickets, and how soon, by the customer's clock and by the agent's own?
-- Parameters (name, type, example, meaning):
--   integration  String                parcelhaus           tenant
--   from         DateTime64(3, 'UTC')  2026-03-02 00:00:00  replies from here on
--   to           DateTime64(3, 'UTC')  2026-03-16 00:00:00  up to here, not included
-- A row: an agent ('' = sent without an id) and whose tickets were answered: own, nobody's or a colleague's.
-- customer_p50_seconds runs from the wait's start; own_p50_seconds from when it became the agent's, where that is later.
-- NULL: clocks when none of the turns ended a wait.
SELECT
    agent_id,
    multiIf(assignee_at_reply = '', 'nobody', assignee_at_reply = agent_id, 'own', 'colleague') AS ticket_of,
    count() AS reply_turns,
    uniqExact(ticket_id) AS tickets,
    count(wait_seconds) AS waits_ended,
    quantileExactOrNull(0.5)(wait_seconds) AS customer_p50_seconds,
    quantileExactOrNull(0.5)(agent_wait_seconds) AS own_p50_seconds
FROM agents.agent_replies
WHERE integration_id = {integration:String}
    AND replied_at >= {from:DateTime64(3, 'UTC')} AND replied_at < {to:DateTime64(3, 'UTC')}
GROUP BY agent_id, ticket_of
ORDER BY agent_id, ticket_of
