-- UTC hours as rows of a report, quiet ones included.

CREATE OR REPLACE FUNCTION next_hour AS (at_time) ->
    toDateTime64(toStartOfHour(toDateTime(at_time, 'UTC')) + INTERVAL 1 HOUR, 3, 'UTC');

-- Five years at most: one event dated 1970 must not give half a million rows to each queue and agent.
CREATE OR REPLACE FUNCTION hours_until_now AS (first_hour) ->
    arrayMap(
        n -> toDateTime(n * 3600, 'UTC'),
        range(toUInt32(intDiv(toUnixTimestamp(greatest(first_hour, now('UTC') - INTERVAL 5 YEAR)), 3600)),
              toUInt32(intDiv(toUnixTimestamp(now('UTC')), 3600)) + 1))
