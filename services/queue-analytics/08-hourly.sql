-- Flows, backlog and waiting customers by queue and UTC hour. What flows in and out reconciles with the backlog exactly.

CREATE OR REPLACE VIEW {database}.queue_hourly
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    queue_id String COMMENT 'Queue; empty for tickets not assigned to one yet.',
    hour DateTime('UTC') COMMENT 'Start of the UTC hour; the hour is half-open.',
    created UInt64 COMMENT 'Tickets created, in the empty queue and at their first event; one that was created solved or closed enters as reopened, if ever, one created discarded as restored.',
    reopened UInt64 COMMENT 'Tickets that came back after a solve, in the queue they came back to.',
    restored UInt64 COMMENT 'Tickets that came back after having been discarded, likewise.',
    moved_in UInt64 COMMENT 'Tickets of the backlog that moved into the queue; a first assignment is one.',
    moved_out UInt64 COMMENT 'Tickets of the backlog that moved out of the queue.',
    solved UInt64 COMMENT 'Solves.',
    discarded UInt64 COMMENT 'Tickets of the backlog that were discarded: merged, spam, deleted, duplicate.',
    breached UInt64 COMMENT 'SLA timers breached, in the queue and at the moment of the breach.',
    net_flow Int64 COMMENT 'created + reopened + restored + moved_in - solved - discarded - moved_out.',
    backlog_end Int64 COMMENT 'Tickets neither solved, closed nor discarded just before the hour''s end.',
    waits_started UInt64 COMMENT 'Waits that began.',
    first_responses UInt64 COMMENT 'First responses given.',
    waiting_end Int64 COMMENT 'Tickets of the backlog with a waiting customer just before the hour''s end.'
)
AS
WITH
    -- An hour of a queue once for each ticket that changed anything in it.
    increments AS
    (
        SELECT
            integration_id,
            hour_queue_id AS queue_id,
            hour_start AS hour,
            created, reopened, restored, moved_in, moved_out, solved, discarded,
            0 AS breached,
            waits_started, first_responses, waiting_change
        FROM {database}.ticket_facts FINAL
        ARRAY JOIN
            hours.hour AS hour_start,
            hours.queue_id AS hour_queue_id,
            hours.created AS created,
            hours.reopened AS reopened,
            hours.restored AS restored,
            hours.moved_in AS moved_in,
            hours.moved_out AS moved_out,
            hours.solved AS solved,
            hours.discarded AS discarded,
            hours.waits_started AS waits_started,
            hours.first_responses AS first_responses,
            hours.waiting_change AS waiting_change
        UNION ALL
        -- In the queue at the moment of the breach, which is known once that has come.
        SELECT
            integration_id,
            if(breached_at <= now64(3, 'UTC'), queue_when_breached, ''),
            toStartOfHour(toDateTime(breached_at, 'UTC')),
            0, 0, 0, 0, 0, 0, 0,
            1,
            0, 0, 0
        FROM {database}.sla_timer_facts FINAL
        ARRAY JOIN breaches.at AS breached_at, breaches.queue_id AS queue_when_breached, breaches.is_certain AS is_certain
        WHERE is_certain OR breached_at < now64(3, 'UTC')
    ),

    by_hour AS
    (
        SELECT
            integration_id,
            queue_id,
            hour AS active_hour,
            sum(created) AS created,
            sum(reopened) AS reopened,
            sum(restored) AS restored,
            sum(moved_in) AS moved_in,
            sum(moved_out) AS moved_out,
            sum(solved) AS solved,
            sum(discarded) AS discarded,
            sum(breached) AS breached,
            sum(waits_started) AS waits_started,
            sum(first_responses) AS first_responses,
            sum(waiting_change) AS waiting_change,
            toInt64(created + reopened + restored + moved_in) - toInt64(solved + discarded + moved_out) AS net_flow
        FROM increments
        GROUP BY integration_id, queue_id, active_hour
    ),

    added_up AS
    (
        SELECT
            *,
            sum(net_flow) OVER so_far AS backlog,
            sum(waiting_change) OVER so_far AS waiting,
            row_number() OVER so_far = 1 AS is_first,
            leadInFrame(active_hour, 1, toDateTime(far_future(), 'UTC')) OVER whole_queue AS next_row,
            min(active_hour) OVER (PARTITION BY integration_id) AS first_hour
        FROM by_hour
        WINDOW
            so_far AS (PARTITION BY integration_id, queue_id ORDER BY active_hour ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
            whole_queue AS (PARTITION BY integration_id, queue_id ORDER BY active_hour ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    )
SELECT
    integration_id,
    queue_id,
    shown AS hour,
    if(is_active, created, 0) AS created,
    if(is_active, reopened, 0) AS reopened,
    if(is_active, restored, 0) AS restored,
    if(is_active, moved_in, 0) AS moved_in,
    if(is_active, moved_out, 0) AS moved_out,
    if(is_active, solved, 0) AS solved,
    if(is_active, discarded, 0) AS discarded,
    if(is_active, breached, 0) AS breached,
    if(is_active, net_flow, 0) AS net_flow,
    if(shown < active_hour, 0, backlog) AS backlog_end,
    if(is_active, waits_started, 0) AS waits_started,
    if(is_active, first_responses, 0) AS first_responses,
    if(shown < active_hour, 0, waiting) AS waiting_end
FROM
(
    SELECT *, shown, shown = active_hour AS is_active
    FROM added_up
    ARRAY JOIN hours_shown(active_hour, next_row, is_first, first_hour) AS shown
)
COMMENT 'One row per tenant, queue and UTC hour, zero rows included, from the tenant''s first hour (5 years back at most) to the present one.';

CREATE OR REPLACE VIEW {database}.queue_daily AS
SELECT
    integration_id,
    queue_id,
    toDate(hour, {zone:String}) AS day,
    sum(created) AS created,
    sum(reopened) AS reopened,
    sum(restored) AS restored,
    sum(moved_in) AS moved_in,
    sum(moved_out) AS moved_out,
    sum(solved) AS solved,
    sum(discarded) AS discarded,
    sum(breached) AS breached,
    sum(net_flow) AS net_flow,
    argMax(backlog_end, hour) AS backlog_end,
    sum(waits_started) AS waits_started,
    sum(first_responses) AS first_responses,
    argMax(waiting_end, hour) AS waiting_end
FROM {database}.queue_hourly
GROUP BY integration_id, queue_id, day
COMMENT 'queue_hourly by local day. Parameter: zone, an IANA zone with whole-hour offsets; columns as there, the *_end ones at the day''s end.'
