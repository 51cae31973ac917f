-- 7. What did each agent do in a period?
-- Parameters (name, type, example, meaning):
--   integration  String                parcelhaus           tenant
--   from         DateTime64(3, 'UTC')  2026-03-02 00:00:00  each fact by its own instant (solved_at, replied_at, assigned_at) from here on
--   to           DateTime64(3, 'UTC')  2026-03-16 00:00:00  up to here, not included
-- A row: an agent who did anything. Compare people within one queue and with n in mind, not across queues.
-- NULL: shares without a denominator, percentiles without n.
SELECT
    agent_id,
    solves,
    solved_tickets,
    reopen_rate_7d,
    solves_seven_days_old AS reopen_rate_n,
    agent_replies,
    first_responses,
    stations,
    answered_share,
    bounced_assignments,
    agent_first_response_seconds_p50 AS own_first_p50_seconds,
    agent_first_response_seconds_p90 AS own_first_p90_seconds,
    agent_first_response_seconds_n AS own_first_n,
    wait_seconds_p50 AS customer_wait_p50_seconds,
    wait_seconds_n AS customer_wait_n,
    held_seconds
FROM agents.agent_scorecard_between(from = {from:DateTime64(3, 'UTC')}, to = {to:DateTime64(3, 'UTC')})
WHERE integration_id = {integration:String}
ORDER BY solves DESC, agent_id
