-- Work by agent and UTC hour.

CREATE OR REPLACE VIEW {database}.agent_hourly
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    agent_id String COMMENT 'Agent; empty for agents without id.',
    hour DateTime('UTC') COMMENT 'Start of the UTC hour; the hour is half-open.',
    replies UInt64 COMMENT 'Replies.',
    reply_turns UInt64 COMMENT 'Reply turns that began.',
    first_responses UInt64 COMMENT 'First responses given, at the first reply of their turn.',
    private_notes UInt64 COMMENT 'Private notes.',
    solves UInt64 COMMENT 'Solves.',
    assigned UInt64 COMMENT 'Stations that began.',
    handoffs_in UInt64 COMMENT 'Those that came directly from another agent.',
    handoffs_out UInt64 COMMENT 'Stations that went directly to another agent.',
    bounced_assignments UInt64 COMMENT 'Stations lost without a reply.',
    handle_seconds Int64 COMMENT 'Estimate: handling time of the sessions that began in the hour, whole seconds.',
    held_end Int64 COMMENT 'Tickets in new or open held just before the hour''s end.',
    held_seconds Int64 COMMENT 'Time in new and open with the agent within the hour, added over tickets, whole seconds; running up to now.',
    concurrency Float64 COMMENT 'Mean open tickets held: held_seconds / 3600, in the present hour, too.'
)
AS
WITH
    -- An hour of an agent once for each ticket that changed anything in it, and what is known of it otherwise.
    increments AS
    (
        SELECT
            integration_id,
            agent_id,
            hour,
            replies, reply_turns, first_responses, private_notes, solves,
            assigned, handoffs_in, handoffs_out, bounced_assignments,
            0 AS handle_seconds,
            held_change, held_seconds_beyond
        FROM {database}.ticket_facts FINAL
        ARRAY JOIN
            hours.hour AS hour,
            hours.agent_id AS agent_id,
            hours.replies AS replies,
            hours.reply_turns AS reply_turns,
            hours.first_responses AS first_responses,
            hours.private_notes AS private_notes,
            hours.solves AS solves,
            hours.assigned AS assigned,
            hours.handoffs_in AS handoffs_in,
            hours.handoffs_out AS handoffs_out,
            hours.bounced_assignments AS bounced_assignments,
            hours.held_change AS held_change,
            hours.held_seconds_beyond AS held_seconds_beyond
        UNION ALL
        -- What lasts was counted to the hour's end: it ends at the present, without leaving the count of what is held.
        SELECT
            integration_id,
            agent_id,
            toStartOfHour(toDateTime(held_until, 'UTC')) AS hour,
            0, 0, 0, 0, 0, 0, 0, 0, 0,
            0,
            0, whole_seconds(held_ms) - whole_seconds(held_ms + ms_between(held_until, next_hour(held_until)))
        FROM
        (
            SELECT
                integration_id,
                held.agent_id[-1] AS agent_id,
                greatest(held.held_from[-1], now64(3, 'UTC')) AS held_until,
                arraySum(
                    (holder, held_from, held_to) -> if(holder = agent_id,
                        ms_between(greatest(held_from, next_hour(held_until) - INTERVAL 1 HOUR), least(held_to, held_until)), 0),
                    held.agent_id, held.held_from, held.held_to) AS held_ms
            FROM {database}.ticket_facts FINAL
            WHERE held.held_to[-1] = far_future()
        )
        UNION ALL
        SELECT
            integration_id,
            agent_id,
            toStartOfHour(toDateTime(started_at, 'UTC')),
            0, 0, 0, 0, 0, 0, 0, 0, 0,
            handle_seconds,
            0, 0
        FROM ({handled_sessions})
    ),

    by_hour AS
    (
        SELECT
            integration_id,
            agent_id,
            hour AS active_hour,
            sum(replies) AS replies,
            sum(reply_turns) AS reply_turns,
            sum(first_responses) AS first_responses,
            sum(private_notes) AS private_notes,
            sum(solves) AS solves,
            sum(assigned) AS assigned,
            sum(handoffs_in) AS handoffs_in,
            sum(handoffs_out) AS handoffs_out,
            sum(bounced_assignments) AS bounced_assignments,
            sum(handle_seconds) AS handle_seconds,
            sum(held_change) AS held_change,
            sum(held_seconds_beyond) AS held_seconds_beyond
        FROM increments
        GROUP BY integration_id, agent_id, active_hour
    ),

    added_up AS
    (
        SELECT
            *,
            sum(held_change) OVER so_far AS held,
            row_number() OVER so_far = 1 AS is_first,
            leadInFrame(active_hour, 1, toDateTime(far_future(), 'UTC')) OVER whole_agent AS next_row,
            min(active_hour) OVER (PARTITION BY integration_id) AS first_hour
        FROM by_hour
        WINDOW
            so_far AS (PARTITION BY integration_id, agent_id ORDER BY active_hour ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
            whole_agent AS (PARTITION BY integration_id, agent_id ORDER BY active_hour ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    )
SELECT
    integration_id,
    agent_id,
    shown AS hour,
    if(is_active, replies, 0) AS replies,
    if(is_active, reply_turns, 0) AS reply_turns,
    if(is_active, first_responses, 0) AS first_responses,
    if(is_active, private_notes, 0) AS private_notes,
    if(is_active, solves, 0) AS solves,
    if(is_active, assigned, 0) AS assigned,
    if(is_active, handoffs_in, 0) AS handoffs_in,
    if(is_active, handoffs_out, 0) AS handoffs_out,
    if(is_active, bounced_assignments, 0) AS bounced_assignments,
    if(is_active, handle_seconds, 0) AS handle_seconds,
    if(shown < active_hour, 0, held) AS held_end,
    if(is_active, 3600 * (held - held_change) + held_seconds_beyond, 3600 * held_end) AS held_seconds,
    held_seconds / 3600 AS concurrency
FROM
(
    SELECT *, shown, shown = active_hour AS is_active
    FROM added_up
    ARRAY JOIN hours_shown(active_hour, next_row, is_first, first_hour) AS shown
)
COMMENT 'One row per tenant, agent and UTC hour, zero rows included, from the tenant''s first hour (5 years back at most) to the present one.';

CREATE OR REPLACE VIEW {database}.agent_daily AS
SELECT
    integration_id,
    agent_id,
    toDate(hour, {zone:String}) AS day,
    sum(replies) AS replies,
    sum(reply_turns) AS reply_turns,
    sum(first_responses) AS first_responses,
    sum(private_notes) AS private_notes,
    sum(solves) AS solves,
    sum(assigned) AS assigned,
    sum(handoffs_in) AS handoffs_in,
    sum(handoffs_out) AS handoffs_out,
    sum(bounced_assignments) AS bounced_assignments,
    sum(handle_seconds) AS handle_seconds,
    argMax(held_end, hour) AS held_end,
    sum(agent_hourly.held_seconds) AS held_seconds,
    sum(agent_hourly.held_seconds) / (3600 * count()) AS concurrency
FROM {database}.agent_hourly
GROUP BY integration_id, agent_id, day
COMMENT 'agent_hourly by local day. Parameter: zone, an IANA zone with whole-hour offsets; columns as there, held_end at the day''s end, concurrency over its hours up to the present one.'
