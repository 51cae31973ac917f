-- How many agents the coming hours take so that contacts answered live don't wait long: Erlang C over the forecast.
-- Only the live share needs somebody free at each moment. The rest may wait and fills the idle time between; it is left
-- out on purpose, or the formula would staff a chat's promise for a form that is answered tomorrow.

CREATE OR REPLACE VIEW {database}.agents_needed
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    queue_id String COMMENT 'First queue of the tickets; empty for tickets never assigned to one.',
    hour DateTime('UTC') COMMENT 'Start of the UTC hour. Anchor of the row.',
    forecast UInt64 COMMENT 'Tickets forecast for the hour (arrivals_forecast); hours without a forecast have no row.',
    arrivals Nullable(UInt64) COMMENT 'Tickets created in the hour (arrivals_forecast). NULL until the hour is over.',
    wape Nullable(Float64) COMMENT 'Backtested error of the queue''s forecast; 0 is perfect. NULL without arrivals to compare.',
    live_share Float64 COMMENT 'Share of the queue''s tickets, all of its time, that came by a live channel.',
    live_contacts Float64 COMMENT 'forecast * live_share: contacts in the hour that want an answer at once.',
    load Float64 COMMENT 'Mean agents busy with them at once: live_contacts * handle_seconds / 3600.',
    agents_needed UInt32 COMMENT 'Fewest agents with whom service_level is reached; 0 without live contacts. Breaks and other work come on top.',
    wait_probability Float64 COMMENT 'P(wait) with that many: share of live contacts that find every agent busy.',
    service_level Float64 COMMENT 'Share of live contacts answered within the seconds promised, with that many; 1 without live contacts.',
    occupancy Nullable(Float64) COMMENT 'load / agents_needed: share of their time that live contacts take. NULL without agents.'
)
AS
WITH live AS
(
    SELECT
        integration_id,
        first_queue_id AS queue_id,
        countIf(has({live_channel_types:Array(String)}, toString(channel_type))) / count() AS live_share
    FROM {database}.ticket_facts FINAL
    GROUP BY integration_id, queue_id
)
SELECT
    f.integration_id AS integration_id,
    f.queue_id AS queue_id,
    f.hour AS hour,
    assumeNotNull(f.forecast) AS forecast,
    f.arrivals AS arrivals,
    f.wape AS wape,
    live.live_share AS live_share,
    forecast * live_share AS live_contacts,
    erlang_load(live_contacts, 3600, {handle_seconds:Float64}) AS load,
    agents_for_service_level(
        live_contacts, 3600, {handle_seconds:Float64}, {within_seconds:Float64}, {target_share:Float64}) AS agents_needed,
    erlang_c(live_contacts, 3600, {handle_seconds:Float64}, agents_needed) AS wait_probability,
    erlang_service_level(live_contacts, 3600, {handle_seconds:Float64}, agents_needed, {within_seconds:Float64}) AS service_level,
    load / nullIf(agents_needed, 0) AS occupancy
FROM {database}.arrivals_forecast AS f
INNER JOIN live ON live.integration_id = f.integration_id AND live.queue_id = f.queue_id
WHERE isNotNull(f.forecast)
COMMENT 'Agents for each forecast hour by Erlang C. Parameters: live_channel_types, handle_seconds (mean per contact), within_seconds and target_share (0.8 within 20 is 80 % answered within 20 s). SHOW CREATE VIEW explains the columns.'
