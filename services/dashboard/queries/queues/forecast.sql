-- Arrivals, their forecast, and the agents that the forecast takes, by hour.
-- A row: an hour of the range or of the week after it. The forecast is the same hour one week before; wape is its backtested error
-- (0 is perfect, 1 as wrong as forecasting nothing). agents_needed: Erlang C for live channels, added over queues, breaks not
-- included. All languages. A tenant's first week has no forecast and no rows.
SELECT
    hour,
    sum(n.arrivals) AS arrivals,
    sum(n.forecast) AS forecast,
    sum(n.agents_needed) AS agents_needed,
    max(n.wape) AS worst_wape
FROM queue.agents_needed(
    live_channel_types = ['topic_group', 'direct_message'],
    handle_seconds = {handle_seconds:Float64},
    within_seconds = {within_seconds:Float64},
    target_share = {target_share:Float64}) AS n
WHERE integration_id = {integration:String}
    AND hour >= toDateTime({from:DateTime64(3, 'UTC')}, 'UTC') AND hour < toDateTime({to:DateTime64(3, 'UTC')} + INTERVAL 7 DAY, 'UTC')
    AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, queue_id))
    AND (empty({days:Array(String)}) OR has({days:Array(String)}, toString(toDate(hour, {zone:String}))))
    AND (empty({hours:Array(String)}) OR has({hours:Array(String)}, toString(toHour(hour, {zone:String}))))
GROUP BY hour
ORDER BY hour
