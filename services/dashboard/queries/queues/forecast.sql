-- Arrivals, their forecast, and the agents that the forecast takes, by hour.
-- A row: an hour. The forecast is the same hour one week before; wape is its backtested error (0 is perfect, 1 as wrong as
-- forecasting nothing). agents_needed: Erlang C for live channels, added over queues, breaks not included. All languages.
SELECT
    f.hour AS hour,
    sum(f.arrivals) AS arrivals,
    sum(f.forecast) AS forecast,
    sum(ifNull(n.agents_needed, 0)) AS agents_needed,
    max(f.wape) AS worst_wape
FROM queue.arrivals_forecast AS f
LEFT JOIN
(
    SELECT hour, queue_id, agents_needed
    FROM queue.agents_needed(
        live_channel_types = ['topic_group', 'direct_message'],
        handle_seconds = {handle_seconds:Float64},
        within_seconds = {within_seconds:Float64},
        target_share = {target_share:Float64})
    WHERE integration_id = {integration:String}
        AND hour >= toDateTime({from:DateTime64(3, 'UTC')}, 'UTC') AND hour < toDateTime({to:DateTime64(3, 'UTC')}, 'UTC')
) AS n ON n.hour = f.hour AND n.queue_id = f.queue_id
WHERE f.integration_id = {integration:String}
    AND f.hour >= toDateTime({from:DateTime64(3, 'UTC')}, 'UTC') AND f.hour < toDateTime({to:DateTime64(3, 'UTC')}, 'UTC')
    AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, f.queue_id))
GROUP BY hour
ORDER BY hour
