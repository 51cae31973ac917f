-- What will come in: each hour is forecast by the same hour one week before (seasonal-naive). No model is simpler, each
-- forecast can be looked up by hand, and it is the measure that any better model must beat. How wrong it was stands
-- beside it: every past hour's forecast was known a week before the hour, so the comparison is honest.
-- Hours are UTC: in the week after a change of summer time the local pattern comes an hour off.

CREATE OR REPLACE FUNCTION forecast_season AS () -> toIntervalHour(168);

CREATE OR REPLACE VIEW {database}.arrivals_forecast
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    queue_id String COMMENT 'First queue that the tickets were ever in; empty for tickets never assigned to one.',
    hour DateTime('UTC') COMMENT 'Start of the UTC hour; the hour is half-open. Anchor of the row.',
    arrivals Nullable(UInt64) COMMENT 'Tickets created in the hour, by created_at, those created finished included. NULL until the hour is over: until an event of the tenant is later than it.',
    forecast Nullable(UInt64) COMMENT 'Seasonal-naive forecast: arrivals of the same hour one week (168 hours) before. NULL while the tenant has no such hour.',
    forecast_error Nullable(Int64) COMMENT 'forecast - arrivals: above 0 when too many were forecast. NULL when one of them is.',
    wape Nullable(Float64) COMMENT 'Backtested error of the queue: absolute errors / arrivals, both added over all hours that have both; 0 is perfect. NULL without arrivals in them.'
)
AS
WITH
    arrived AS
    (
        SELECT
            integration_id,
            first_queue_id AS queue_id,
            toStartOfHour(toDateTime(created_at, 'UTC')) AS hour,
            toDateTime(last_event_at, 'UTC') AS heard_at
        FROM {database}.ticket_facts FINAL
    ),

    -- Every queue has a row for every hour from the tenant's first to a week from now, quiet hours included; quiet hours
    -- would look busy without. Five years at most: one ticket dated 1970 must not give half a million rows to each queue.
    tenant_hours AS
    (
        SELECT
            integration_id,
            groupUniqArray(queue_id) AS queue_ids,
            -- An hour is over when a later event has come: while the log stands still, silence is no quiet hour.
            least(max(heard_at), now('UTC')) AS known_until,
            greatest(min(hour), toStartOfHour(now('UTC')) - INTERVAL 5 YEAR) AS first_hour
        FROM arrived
        GROUP BY integration_id
    ),

    every_hour AS
    (
        SELECT
            integration_id,
            arrayJoin(queue_ids) AS queue_id,
            arrayJoin(arrayMap(
                n -> toDateTime(n * 3600, 'UTC'),
                range(toUInt32(intDiv(toUnixTimestamp(first_hour), 3600)),
                      toUInt32(intDiv(toUnixTimestamp(now('UTC') + forecast_season()), 3600)) + 1))) AS hour,
            first_hour,
            known_until
        FROM tenant_hours
    ),

    counted AS
    (
        SELECT
            integration_id,
            queue_id,
            hour,
            max(since) AS first_hour,
            max(until) AS known_until,
            sum(is_arrival) AS arrived_then,
            sum(is_arrival_a_week_before) AS arrived_a_week_before
        FROM
        (
            -- An arrival counts in its hour, and in the forecast of the same hour a week later.
            SELECT
                integration_id, queue_id, counted_in AS hour, counted_in = arrived.hour AS is_arrival, NOT is_arrival AS is_arrival_a_week_before,
                toDateTime(0, 'UTC') AS since, toDateTime(0, 'UTC') AS until
            FROM arrived
            ARRAY JOIN [arrived.hour, arrived.hour + forecast_season()] AS counted_in
            UNION ALL
            SELECT integration_id, queue_id, hour, 0, 0, first_hour, known_until FROM every_hour
        )
        GROUP BY integration_id, queue_id, hour
        -- Rows outside of the tenant's hours: tickets from more than five years back, or dated in the future.
        HAVING first_hour > toDateTime(0, 'UTC')
    ),

    compared AS
    (
        SELECT
            integration_id,
            queue_id,
            hour,
            if(hour + INTERVAL 1 HOUR > known_until, NULL, arrived_then) AS arrivals,
            if(hour < first_hour + forecast_season(), NULL, arrived_a_week_before) AS forecast,
            toInt64(forecast) - toInt64(arrivals) AS forecast_error
        FROM counted
    )
SELECT
    integration_id,
    queue_id,
    hour,
    arrivals,
    forecast,
    forecast_error,
    ifNull(sum(abs(forecast_error)) OVER of_queue, 0)
        / nullIf(sumIf(arrivals, isNotNull(forecast_error)) OVER of_queue, 0) AS wape
FROM compared
WINDOW of_queue AS (PARTITION BY integration_id, queue_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
COMMENT 'One row per tenant, first queue and UTC hour, zero rows included, from the tenant''s first hour (5 years back at most) to a week from now.';

CREATE OR REPLACE VIEW {database}.arrivals_forecast_error
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    queue_id String COMMENT 'First queue that the tickets were ever in; empty for tickets never assigned to one.',
    hours UInt64 COMMENT 'Hours compared: those that are over and have a forecast.',
    arrivals UInt64 COMMENT 'Tickets that arrived in them.',
    forecast UInt64 COMMENT 'Tickets that were forecast for them.',
    absolute_error UInt64 COMMENT 'Absolute errors of the hours, added.',
    wape Nullable(Float64) COMMENT 'Weighted absolute percentage error: absolute_error / arrivals; 0 is perfect. NULL without arrivals.',
    bias Nullable(Float64) COMMENT '(forecast - arrivals) / arrivals: above 0 when too many were forecast. NULL without arrivals.'
)
AS
SELECT
    integration_id,
    queue_id,
    countIf(isNotNull(forecast_error)) AS hours,
    sumIf(assumeNotNull(f.arrivals), isNotNull(forecast_error)) AS arrivals,
    sumIf(assumeNotNull(f.forecast), isNotNull(forecast_error)) AS forecast,
    toUInt64(ifNull(sum(abs(forecast_error)), 0)) AS absolute_error,
    max(f.wape) AS wape,
    (toInt64(forecast) - toInt64(arrivals)) / nullIf(arrivals, 0) AS bias
FROM {database}.arrivals_forecast AS f
GROUP BY integration_id, queue_id
COMMENT 'How wrong the seasonal-naive forecast was, by tenant and first queue: the backtest of arrivals_forecast.'
