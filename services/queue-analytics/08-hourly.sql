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
    moments AS
    (
        SELECT integration_id, f.queue_id AS queue_id, f.at AS at, toString(f.flow) AS what, 1 AS change
        FROM {database}.ticket_facts FINAL
        ARRAY JOIN flows AS f
        UNION ALL
        SELECT integration_id, w.queue_at_start, w.waiting_since, 'wait_started', 1
        FROM {database}.ticket_facts FINAL
        ARRAY JOIN waits AS w
        UNION ALL
        SELECT integration_id, queue_at_first_response, assumeNotNull(first_response_at), 'first_response', 1
        FROM {database}.ticket_facts FINAL
        WHERE isNotNull(first_response_at)
        UNION ALL
        SELECT integration_id, queue_id_at_due, greatest(assumeNotNull(due_at), taken_over_at), 'breached', 1
        FROM {database}.sla_timers
        WHERE outcome = 'breached'
        UNION ALL
        -- A wait counts in the queue and as long as the ticket is in the backlog: the overlap of waits and intervals.
        SELECT integration_id, queue_id, edge.1, 'waiting', edge.2
        FROM
        (
            SELECT
                integration_id,
                i.queue_id AS queue_id,
                greatest(i.valid_from, w.waiting_since) AS counted_from,
                least(i.valid_to, ifNull(w.ended_at, far_future())) AS counted_to
            FROM {database}.ticket_facts FINAL
            ARRAY JOIN waits AS w
            ARRAY JOIN intervals AS i
            WHERE NOT is_finished(i.status_category) AND counted_from < counted_to
        )
        ARRAY JOIN [(counted_from, 1), (counted_to, -1)] AS edge
        WHERE edge.1 < far_future()
    ),

    by_hour AS
    (
        SELECT
            integration_id,
            queue_id,
            toStartOfHour(toDateTime(at, 'UTC')) AS hour,
            countIf(what = 'created') AS created,
            countIf(what = 'reopened') AS reopened,
            countIf(what = 'restored') AS restored,
            countIf(what = 'moved_in') AS moved_in,
            countIf(what = 'moved_out') AS moved_out,
            countIf(what = 'solved') AS solved,
            countIf(what = 'discarded') AS discarded,
            countIf(what = 'breached') AS breached,
            countIf(what = 'wait_started') AS waits_started,
            countIf(what = 'first_response') AS first_responses,
            sumIf(change, what = 'waiting') AS waiting_change
        FROM moments
        GROUP BY integration_id, queue_id, hour
    ),

    -- Every queue has a row for every hour from the tenant's first to the present one, quiet hours included.
    every_hour AS
    (
        SELECT
            integration_id,
            queue_id,
            arrayJoin(hours_until_now(min(first_hour))) AS hour
        FROM
        (
            SELECT
                integration_id,
                queue_id,
                min(min(hour)) OVER (PARTITION BY integration_id) AS first_hour
            FROM by_hour
            GROUP BY integration_id, queue_id
        )
        GROUP BY integration_id, queue_id
    ),

    all_rows AS
    (
        SELECT
            integration_id,
            queue_id,
            hour,
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
        FROM
        (
            SELECT * FROM by_hour
            UNION ALL
            SELECT integration_id, queue_id, hour, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM every_hour
        )
        GROUP BY integration_id, queue_id, hour
    )
SELECT
    integration_id,
    queue_id,
    hour,
    created,
    reopened,
    restored,
    moved_in,
    moved_out,
    solved,
    discarded,
    breached,
    net_flow,
    sum(net_flow) OVER so_far AS backlog_end,
    waits_started,
    first_responses,
    sum(waiting_change) OVER so_far AS waiting_end
FROM all_rows
WINDOW so_far AS (PARTITION BY integration_id, queue_id ORDER BY hour ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
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
