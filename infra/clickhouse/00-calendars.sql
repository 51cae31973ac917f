-- Business time. Whoever loads a calendar writes its open windows as UTC instants, made from local wall times date by
-- date (an offset is never stored); uniting, clipping by version and adding up happens here, once.
-- C(t) is the open time up to t; business time is C(end) - C(start); a due time is the inverse of C.

CREATE TABLE IF NOT EXISTS config.calendar_windows
(
    config_version UInt32 DEFAULT 0 COMMENT 'Version of the configuration.',
    calendar_id String COMMENT 'Calendar.',
    version UInt32 COMMENT 'Version of the calendar that the window comes from.',
    in_force_from DateTime64(3, 'UTC') COMMENT 'When that version came into force; windows are clipped to it.',
    in_force_to DateTime64(3, 'UTC') COMMENT 'When the next version came into force; 2106-01-01 for the last one.',
    open_from DateTime64(3, 'UTC') COMMENT 'Opening instant, included.',
    open_to DateTime64(3, 'UTC') COMMENT 'Closing instant, not included.'
)
ENGINE = MergeTree
ORDER BY (config_version, calendar_id, open_from)
COMMENT 'Open windows as loaded: several a day, over midnight, overlapping, of several versions. Reload the dictionaries after a change.';

CREATE TABLE IF NOT EXISTS config.default_calendars
(
    config_version UInt32 DEFAULT 0 COMMENT 'Version of the configuration.',
    integration_id String COMMENT 'Tenant; empty for those without a row of their own.',
    calendar_id String COMMENT 'Its default calendar: all business time outside SLAs.',
    changed_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'The latest row of a tenant rules.'
)
ENGINE = ReplacingMergeTree(changed_at)
ORDER BY (config_version, integration_id)
COMMENT 'Default calendar of a tenant. Without one its business time is 24x7.';

CREATE OR REPLACE VIEW config.loaded_intervals
(
    config_version UInt32 COMMENT 'Version of the configuration that the calendar is part of.',
    calendar_id String COMMENT 'Calendar.',
    version UInt32 COMMENT 'Version of the calendar; of an interval that goes on over a change, the later one.',
    open_from DateTime64(3, 'UTC') COMMENT 'Opening instant, included.',
    open_to DateTime64(3, 'UTC') COMMENT 'Closing instant, not included.',
    cum_open_ms Int64 COMMENT 'Milliseconds open in all intervals before this one.',
    next_open_from DateTime64(3, 'UTC') COMMENT 'Next opening; 2106-01-01 for the last one.'
)
AS
WITH
    -- Of windows that open together one is enough, the longest: each opening is there once, and so has one place in order.
    clipped AS
    (
        SELECT
            arrayJoin(if(config_version = 0, (SELECT groupArray(version) FROM config.loaded_versions), [config_version]))
                AS loaded_version,
            calendar_id,
            max(version) AS latest_version,
            greatest(open_from, in_force_from) AS from_time,
            max(least(open_to, in_force_to)) AS to_time
        FROM config.calendar_windows
        WHERE from_time < least(open_to, in_force_to)
        GROUP BY loaded_version, calendar_id, from_time
    ),

    -- Overlapping and touching windows unite: a window starts a new interval when all before it have closed.
    grouped AS
    (
        SELECT
            *,
            countIf(is_new) OVER (
                PARTITION BY loaded_version, calendar_id ORDER BY from_time
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS interval_no
        FROM
        (
            SELECT
                *,
                ifNull(from_time > maxOrNull(to_time) OVER (
                    PARTITION BY loaded_version, calendar_id ORDER BY from_time
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), true) AS is_new
            FROM clipped
        )
    ),

    united AS
    (
        SELECT loaded_version, calendar_id, max(latest_version) AS last_version, min(from_time) AS opened, max(to_time) AS closed
        FROM grouped
        GROUP BY loaded_version, calendar_id, interval_no
    )
SELECT
    loaded_version AS config_version,
    calendar_id,
    last_version AS version,
    opened AS open_from,
    closed AS open_to,
    ifNull(sum(toUnixTimestamp64Milli(closed) - toUnixTimestamp64Milli(opened)) OVER (
        PARTITION BY loaded_version, calendar_id ORDER BY opened ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS cum_open_ms,
    leadInFrame(opened, 1, toDateTime64('2106-01-01 00:00:00', 3, 'UTC')) OVER (
        PARTITION BY loaded_version, calendar_id ORDER BY opened ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS next_open_from
FROM united
COMMENT 'Disjoint open intervals of the calendars of every loaded configuration, with the open time before them.';

CREATE OR REPLACE VIEW config.calendar_intervals
(
    calendar_id String COMMENT 'Calendar.',
    version UInt32 COMMENT 'Version of the calendar; of an interval that goes on over a change, the later one. 0 for the sentinel.',
    open_from DateTime64(3, 'UTC') COMMENT 'Opening instant, included.',
    open_to DateTime64(3, 'UTC') COMMENT 'Closing instant, not included.',
    cum_open_seconds Int64 COMMENT 'Whole seconds open in all intervals before this one.'
)
AS
SELECT calendar_id, version, open_from, open_to, intDiv(cum_open_ms, 1000) AS cum_open_seconds
FROM config.loaded_intervals
WHERE config_version = live_config_version()
UNION ALL
SELECT DISTINCT calendar_id, 0, toDateTime64(0, 3, 'UTC') AS open_from, open_from AS open_to, 0
FROM config.loaded_intervals
WHERE config_version = live_config_version()
COMMENT 'Disjoint open intervals of the calendars in force. C(t) = cum_open_seconds + least(t - open_from, open_to - open_from) of the last interval with open_from <= t; business time is C(end) - C(start). A sentinel of length 0 in 1970 catches earlier starts.';

CREATE OR REPLACE DICTIONARY config.default_calendar
(
    config_version UInt32,
    integration_id String,
    calendar_id String
)
PRIMARY KEY config_version, integration_id
SOURCE(CLICKHOUSE(QUERY 'SELECT loaded AS config_version, integration_id, argMax(calendar_id, row_version) AS calendar_id FROM (SELECT config_version AS row_version, integration_id, calendar_id, arrayJoin(if(config_version = 0, (SELECT groupArray(version) FROM config.loaded_versions), [config_version])) AS loaded FROM config.default_calendars FINAL) GROUP BY loaded, integration_id'))
LAYOUT(COMPLEX_KEY_HASHED())
LIFETIME(MIN 30 MAX 60)
COMMENT 'Default calendar by tenant.';

CREATE OR REPLACE DICTIONARY config.calendar
(
    config_version UInt32,
    calendar_id String,
    from_ms Int64,
    to_ms Int64,
    open_from_ms Int64,
    open_ms Int64,
    cum_open_ms Int64
)
PRIMARY KEY config_version, calendar_id
SOURCE(CLICKHOUSE(QUERY 'SELECT config_version, calendar_id, toUnixTimestamp64Milli(open_from) AS from_ms, toUnixTimestamp64Milli(next_open_from) - 1 AS to_ms, from_ms AS open_from_ms, toUnixTimestamp64Milli(open_to) - from_ms AS open_ms, cum_open_ms FROM config.loaded_intervals'))
LAYOUT(COMPLEX_KEY_RANGE_HASHED())
RANGE(MIN from_ms MAX to_ms)
LIFETIME(MIN 30 MAX 60)
COMMENT 'The open interval at or before an instant.';
