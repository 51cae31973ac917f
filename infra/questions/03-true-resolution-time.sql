-- 3. How long do tickets really take, the open ones included?
-- Parameters (name, type, example, meaning):
--   integration  String  parcelhaus  tenant
-- A row: the tenant. Kaplan-Meier: an open ticket counts as one that takes at least as long as it is open already, a
-- discarded one as long as until then, so nothing is left out; a median of solved tickets only is too short.
-- NULL: a percentile that is not reached yet, because too many tickets are unsolved; the share without tickets.
SELECT
    minOrNullIf(elapsed_seconds, survival <= 0.5) AS p50_seconds,
    minOrNullIf(elapsed_seconds, survival <= 0.1) AS p90_seconds,
    sum(s.solved) AS solved,
    sum(s.censored) AS unsolved,
    solved / nullIf(solved + unsolved, 0) AS solved_share
FROM queue.resolution_survival AS s
WHERE integration_id = {integration:String}
