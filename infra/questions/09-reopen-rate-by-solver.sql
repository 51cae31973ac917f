-- 9. Whose solves come back within 7 days?
-- Parameters (name, type, example, meaning):
--   integration  String                parcelhaus           tenant
--   from         DateTime64(3, 'UTC')  2026-03-02 00:00:00  solves from here on
--   to           DateTime64(3, 'UTC')  2026-03-16 00:00:00  up to here, not included
-- A row: an agent who solved. Only solves at least 7 days old are judged. likely_from and likely_to are a 95 % interval
-- (Wilson): where the intervals of two agents overlap, the numbers don't tell them apart.
-- NULL: rate and interval when no solve is old enough.
SELECT
    agent_id,
    count() AS solves,
    countIf(is_seven_days_old) AS judged,
    countIf(is_seven_days_old AND is_reopened_within_7_days) AS reopened,
    reopened / nullIf(judged, 0) AS reopen_rate_7d,
    wilson_lower(reopened, judged) AS likely_from,
    wilson_upper(reopened, judged) AS likely_to
FROM agents.agent_solves
WHERE integration_id = {integration:String}
    AND solved_at >= {from:DateTime64(3, 'UTC')} AND solved_at < {to:DateTime64(3, 'UTC')}
GROUP BY agent_id
ORDER BY judged DESC, agent_id
