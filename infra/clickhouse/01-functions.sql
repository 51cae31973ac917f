-- The words of the vocabulary as functions, so that each rule is written once and every fact and view says it by name.
-- They are global; a view keeps the body it was created with, so views are created again after every change here.

-- An open end of an interval: what is still true ends here.
CREATE OR REPLACE FUNCTION far_future AS () -> toDateTime64('2106-01-01 00:00:00', 3, 'UTC');

-- Elapsed milliseconds, never negative; NULL as long as one end is unknown. Not dateDiff, which counts boundaries.
-- No greatest(): it ignores NULL, and an unknown duration would become 0.
CREATE OR REPLACE FUNCTION ms_between AS (from_time, to_time) ->
    if(to_time < from_time, 0, toUnixTimestamp64Milli(to_time) - toUnixTimestamp64Milli(from_time));

-- Milliseconds to whole seconds, truncated. Sums are added in milliseconds and truncated once.
CREATE OR REPLACE FUNCTION whole_seconds AS (milliseconds) -> intDiv(milliseconds, 1000);

CREATE OR REPLACE FUNCTION seconds_between AS (from_time, to_time) -> whole_seconds(ms_between(from_time, to_time));

-- Over: nothing is expected of anybody any more. Discarded is over without having been solved.
CREATE OR REPLACE FUNCTION is_finished AS (category) -> category IN ('solved', 'closed', 'discarded');

-- The agents' turn: what counts as work and as held.
CREATE OR REPLACE FUNCTION is_agents_turn AS (category) -> category IN ('new', 'open');

-- The open interval at or before an instant: opened at, length, open time before it (milliseconds).
-- Before the first opening it is all zeros.
CREATE OR REPLACE FUNCTION open_interval_at AS (calendar, ms) ->
    dictGet('config.calendar', ('open_from_ms', 'open_ms', 'cum_open_ms'), (live_config_version(), calendar), ms);

-- C(t) of an open interval: the open time before it and what has passed of it.
CREATE OR REPLACE FUNCTION open_ms_by AS (interval, ms) -> interval.3 + least(ms - interval.1, interval.2);

-- A calendar's clock: milliseconds open up to an instant. '' is 24x7, whose clock is the time itself.
CREATE OR REPLACE FUNCTION calendar_clock AS (calendar, at_time) ->
    if(calendar = '', toUnixTimestamp64Milli(at_time),
       open_ms_by(open_interval_at(calendar, toUnixTimestamp64Milli(at_time)), toUnixTimestamp64Milli(at_time)));

CREATE OR REPLACE FUNCTION default_calendar AS (integration_id) ->
    dictGetOrDefault('config.default_calendar', 'calendar_id', (live_config_version(), toString(integration_id)),
        dictGet('config.default_calendar', 'calendar_id', (live_config_version(), '')));

-- The tenant's business clock: business time between two instants is the difference of their clocks. Facts take the
-- clock once per event and subtract; a look-up for each duration made planning a query six times as slow.
CREATE OR REPLACE FUNCTION business_clock AS (integration_id, at_time) ->
    calendar_clock(default_calendar(integration_id), at_time);

-- Milliseconds between two clocks, never negative; NULL as long as one is unknown.
CREATE OR REPLACE FUNCTION clock_ms AS (from_clock, to_clock) -> if(to_clock < from_clock, 0, to_clock - from_clock);

CREATE OR REPLACE FUNCTION business_seconds AS (integration_id, from_time, to_time) ->
    whole_seconds(clock_ms(business_clock(integration_id, from_time), business_clock(integration_id, to_time)));

-- A sum that still grows: what was added up to the last event, and the time since then while the state lasts.
CREATE OR REPLACE FUNCTION running_ms AS (sum_ms, is_running, since, at) ->
    sum_ms + if(is_running, ms_between(since, at), 0);

CREATE OR REPLACE FUNCTION running_clock_ms AS (sum_ms, is_running, since_clock, clock) ->
    sum_ms + if(is_running, clock_ms(since_clock, clock), 0);

CREATE OR REPLACE FUNCTION running_seconds AS (sum_ms, is_running, since, at) ->
    whole_seconds(running_ms(sum_ms, is_running, since, at));

CREATE OR REPLACE FUNCTION running_business_seconds AS (sum_ms, is_running, since_clock, clock) ->
    whole_seconds(running_clock_ms(sum_ms, is_running, since_clock, clock));

-- An agent's station that has not ended, of a ticket whose turn is the agents': its held time grows.
CREATE OR REPLACE FUNCTION is_station_running AS (agent_id, ended_at, category) ->
    agent_id != '' AND isNull(ended_at) AND is_agents_turn(category);

-- 1 while the tenant's calendar is open at an instant, 0 while it is closed; NULL for an unknown instant.
CREATE OR REPLACE FUNCTION in_business_hours AS (integration_id, at_time) ->
    if(isNull(at_time), NULL,
       toUInt8(business_clock(integration_id, assumeNotNull(at_time) + toIntervalMillisecond(1))
               > business_clock(integration_id, assumeNotNull(at_time))));

-- A member of a JSON object as text, '' when it is absent or null; a string without its quotes.
CREATE OR REPLACE FUNCTION json_text AS (json, member) ->
    multiIf(JSONType(json, member) = 'String', JSONExtractString(json, member),
            JSONType(json, member) = 'Null', '',
            JSONExtractRaw(json, member))
