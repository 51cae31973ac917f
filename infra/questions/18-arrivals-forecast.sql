-- 18. How many tickets will come in each hour, and how wrong is that usually?
-- Parameters (name, type, example, meaning):
--   integration  String           parcelhaus           tenant
--   from         DateTime('UTC')  2026-03-12 08:00:00  first hour
--   to           DateTime('UTC')  2026-03-12 10:00:00  hour after the last one
-- A row: an hour and queue (the tickets' first queue). The forecast is the same hour one week before.
-- wape: the queue's backtested error, absolute errors / arrivals over all of its past hours; 1 is as wrong as
-- forecasting nothing at all.
-- NULL: arrivals of an hour that is not over (no later event has come), forecast in the tenant's first week,
-- wape without arrivals to compare.
SELECT
    hour,
    queue_id,
    forecast,
    arrivals,
    forecast_error,
    wape
FROM queue.arrivals_forecast
WHERE integration_id = {integration:String} AND hour >= {from:DateTime('UTC')} AND hour < {to:DateTime('UTC')}
ORDER BY hour, queue_id
