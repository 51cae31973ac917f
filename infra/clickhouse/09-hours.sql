-- UTC hours as rows of a report, quiet ones included.

CREATE OR REPLACE FUNCTION next_hour AS (at_time) ->
    toDateTime64(toStartOfHour(toDateTime(at_time, 'UTC')) + INTERVAL 1 HOUR, 3, 'UTC');

CREATE OR REPLACE FUNCTION hours_between AS (from_hour, to_hour) ->
    CAST(range(toUnixTimestamp(from_hour), toUnixTimestamp(to_hour), 3600), 'Array(DateTime(''UTC''))');

-- A row for an hour in which something happened stands for the quiet hours after it, too, up to the next such row or to
-- the present, and the first one also for those before it, from the first hour on.
-- Five years at most: one event dated 1970 must not give half a million rows to each queue and agent.
CREATE OR REPLACE FUNCTION hours_shown AS (hour, hour_of_next_row, is_first_row, first_hour) ->
    arrayConcat(
        if(is_first_row,
           hours_between(greatest(first_hour, toStartOfHour(now('UTC') - INTERVAL 5 YEAR)),
                         least(hour, toStartOfHour(now('UTC')) + INTERVAL 1 HOUR)), []),
        [hour],
        hours_between(greatest(hour + INTERVAL 1 HOUR, toStartOfHour(now('UTC') - INTERVAL 5 YEAR)),
                      least(hour_of_next_row, toStartOfHour(now('UTC')) + INTERVAL 1 HOUR)))
