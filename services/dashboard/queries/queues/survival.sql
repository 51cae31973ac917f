-- How long tickets really take, the open ones included.
-- A row: a point of the Kaplan-Meier curve, one for each 0.5 % still unsolved. Of the whole tenant, over all of its time.
SELECT
    min(elapsed_seconds) AS seconds_since_created,
    max(survival) AS unsolved_share,
    sum(s.solved) AS solved,
    sum(s.censored) AS censored
FROM queue.resolution_survival AS s
WHERE integration_id = {integration:String}
GROUP BY ceil(survival * 200)
ORDER BY seconds_since_created
