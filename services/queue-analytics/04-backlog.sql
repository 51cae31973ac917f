-- The backlog at any instant: one range predicate over state intervals, everything as of that instant.

DEFINE backlog_columns AS
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    queue_id String COMMENT 'Queue, empty for tickets never assigned to one.',
    status_category LowCardinality(String) COMMENT 'Category of the status.',
    status String COMMENT 'Status, as sent.',
    assignee_id String COMMENT 'Assignee, empty when nobody.',
    tickets UInt64 COMMENT 'Tickets neither solved, closed nor discarded.',
    unassigned UInt64 COMMENT 'Those without assignee: all of the row or none.',
    oldest_age_seconds Int64 COMMENT 'Age since creation of the oldest one, whole seconds.',
    p50_age_seconds Int64 COMMENT 'Median age since creation, whole seconds (quantileExact).',
    waiting_now UInt64 COMMENT 'Those in which a customer waits for a reply.',
    oldest_wait_seconds Nullable(Int64) COMMENT 'Longest open wait, whole seconds. NULL when nobody waits.';

CREATE OR REPLACE VIEW {database}.backlog_as_of ({backlog_columns}) AS
WITH {ts:DateTime64(3, 'UTC')} AS at
SELECT
    integration_id,
    queue_id,
    status_category,
    status,
    assignee_id,
    count() AS tickets,
    countIf(assignee_id = '') AS unassigned,
    max(age_seconds) AS oldest_age_seconds,
    quantileExact(0.5)(age_seconds) AS p50_age_seconds,
    countIf(is_waiting) AS waiting_now,
    maxOrNullIf(wait_seconds, is_waiting) AS oldest_wait_seconds
FROM
(
    -- A ticket with the state that it had then; `nth` is 0 when it had none yet.
    SELECT
        arrayFirstIndex((since, until) -> since <= at AND until > at, intervals.valid_from, intervals.valid_to) AS nth,
        integration_id,
        intervals.queue_id[nth] AS queue_id,
        intervals.status_category[nth] AS status_category,
        intervals.status[nth] AS status,
        intervals.assignee_id[nth] AS assignee_id,
        seconds_between(created_at, at) AS age_seconds,
        arrayFirstOrNull(
            (since, until) -> since <= at AND ifNull(until > at, true),
            waits.waiting_since, waits.ended_at) AS waiting_since,
        isNotNull(waiting_since) AS is_waiting,
        seconds_between(waiting_since, at) AS wait_seconds
    FROM {database}.ticket_facts FINAL
    WHERE nth > 0 AND NOT is_finished(status_category)
)
GROUP BY integration_id, queue_id, status_category, status, assignee_id
COMMENT 'Backlog by queue, status and assignee at an instant of event time, by what is known today: a ticket with events before its creation counts from the first of them, with the status of its creation. What the events up to ts alone say, or those received by then: in a snapshot. Parameter: ts. Columns as in backlog.';

CREATE OR REPLACE VIEW {database}.backlog ({backlog_columns}) AS
SELECT *
FROM {database}.backlog_as_of(ts = now64(3, 'UTC'))
COMMENT 'Backlog by queue, status and assignee, now. Tickets add up over rows; the oldest is the maximum; ages of single tickets: tickets.'
