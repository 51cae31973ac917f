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
    -- Holding time within an hour: the tickets held at its start count whole, what begins in it counts to the hour's
    -- end, and what ends in it is taken off from there; an open holding ends at the present without leaving the count.
    held_by_ticket AS
    (
        SELECT
            *,
            ifNull(sum(held_change) OVER (
                PARTITION BY integration_id, ticket_id, agent_id ORDER BY hour
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS held_before
        FROM
        (
            SELECT
                integration_id,
                ticket_id,
                agent_id,
                toStartOfHour(toDateTime(edge.1, 'UTC')) AS hour,
                toInt64(sum(edge.2)) AS held_change,
                sum(edge.3 * ms_between(edge.1, next_hour(edge.1))) AS held_ms_in_hour
            FROM
            (
                SELECT
                    integration_id,
                    ticket_id,
                    h.agent_id AS agent_id,
                    least(h.held_to, greatest(h.held_from, now64(3, 'UTC'))) AS held_until,
                    [(h.held_from, 1, 1), (held_until, if(h.held_to = far_future(), 0, -1), -1)] AS edges
                FROM {database}.ticket_facts FINAL
                ARRAY JOIN held AS h
            )
            ARRAY JOIN edges AS edge
            GROUP BY integration_id, ticket_id, agent_id, hour
        )
    ),

    moments AS
    (
        SELECT integration_id, agent_id AS agent_id, replied_at AS at,
            0 AS replies, 1 AS reply_turns, toInt64(is_first_response) AS first_responses, 0 AS
            private_notes, 0 AS solves, 0 AS assigned, 0 AS handoffs_in, 0 AS handoffs_out, 0 AS
            bounced_assignments, 0 AS handle_seconds, 0 AS held_change, 0 AS held_seconds_in_hour
        FROM {database}.agent_replies
        UNION ALL
        SELECT integration_id, agent_id AS agent_id, solved_at AS at,
            0 AS replies, 0 AS reply_turns, 0 AS first_responses, 0 AS private_notes, 1 AS solves, 0 AS
            assigned, 0 AS handoffs_in, 0 AS handoffs_out, 0 AS bounced_assignments, 0 AS handle_seconds, 0 AS
            held_change, 0 AS held_seconds_in_hour
        FROM {database}.agent_solves
        UNION ALL
        SELECT integration_id, a.agent_id AS agent_id, a.at AS at,
            toInt64(a.kind = 'reply') AS replies, 0 AS reply_turns, 0 AS first_responses,
            toInt64(a.kind = 'note') AS private_notes, 0 AS solves, 0 AS
            assigned, 0 AS handoffs_in, 0 AS handoffs_out, 0 AS bounced_assignments, 0 AS handle_seconds, 0 AS
            held_change, 0 AS held_seconds_in_hour
        FROM {database}.ticket_facts FINAL
        ARRAY JOIN actions AS a
        WHERE a.kind IN ('reply', 'note')
        UNION ALL
        SELECT integration_id, agent_id AS agent_id, assigned_at AS at,
            0 AS replies, 0 AS reply_turns, 0 AS first_responses, 0 AS private_notes, 0 AS solves, 1 AS
            assigned, toInt64(is_handoff_in) AS handoffs_in, 0 AS handoffs_out, 0 AS bounced_assignments, 0 AS
            handle_seconds, 0 AS held_change, 0 AS held_seconds_in_hour
        FROM {database}.ticket_assignments
        WHERE agent_id != ''
        UNION ALL
        SELECT integration_id, agent_id AS agent_id, assumeNotNull(ended_at) AS at,
            0 AS replies, 0 AS reply_turns, 0 AS first_responses, 0 AS private_notes, 0 AS solves, 0 AS
            assigned, 0 AS handoffs_in, toInt64(is_handoff_out) AS handoffs_out, toInt64(is_bounced) AS
            bounced_assignments, 0 AS handle_seconds, 0 AS held_change, 0 AS held_seconds_in_hour
        FROM {database}.ticket_assignments
        WHERE agent_id != '' AND isNotNull(ended_at)
        UNION ALL
        SELECT integration_id, agent_id AS agent_id, started_at AS at,
            0 AS replies, 0 AS reply_turns, 0 AS first_responses, 0 AS private_notes, 0 AS solves, 0 AS
            assigned, 0 AS handoffs_in, 0 AS handoffs_out, 0 AS bounced_assignments,
            agent_sessions.handle_seconds AS handle_seconds, 0 AS held_change, 0 AS held_seconds_in_hour
        FROM {database}.agent_sessions
        UNION ALL
        SELECT integration_id, agent_id, toDateTime64(hour, 3, 'UTC') AS at,
            0 AS replies, 0 AS reply_turns, 0 AS first_responses, 0 AS private_notes, 0 AS solves, 0 AS
            assigned, 0 AS handoffs_in, 0 AS handoffs_out, 0 AS bounced_assignments, 0 AS handle_seconds, held_change,
            -- What the ticket adds in the hour beyond being counted whole when it was held at the hour's start.
            whole_seconds(3600000 * held_before + held_ms_in_hour) - 3600 * held_before AS held_seconds_in_hour
        FROM held_by_ticket
    ),

    by_hour AS
    (
        SELECT
            integration_id,
            agent_id,
            toStartOfHour(toDateTime(at, 'UTC')) AS hour,
            sum(replies) AS hour_replies,
            sum(reply_turns) AS hour_reply_turns,
            sum(first_responses) AS hour_first_responses,
            sum(private_notes) AS hour_private_notes,
            sum(solves) AS hour_solves,
            sum(assigned) AS hour_assigned,
            sum(handoffs_in) AS hour_handoffs_in,
            sum(handoffs_out) AS hour_handoffs_out,
            sum(bounced_assignments) AS hour_bounced_assignments,
            sum(handle_seconds) AS hour_handle_seconds,
            sum(held_change) AS hour_held_change,
            sum(held_seconds_in_hour) AS hour_held_seconds_in_hour
        FROM moments
        GROUP BY integration_id, agent_id, hour
    ),

    -- Every agent has a row for every hour from the tenant's first to the present one, quiet hours included.
    every_hour AS
    (
        SELECT
            integration_id,
            agent_id,
            arrayJoin(hours_until_now(min(first_hour))) AS hour
        FROM
        (
            SELECT
                integration_id,
                agent_id,
                min(min(hour)) OVER (PARTITION BY integration_id) AS first_hour
            FROM by_hour
            GROUP BY integration_id, agent_id
        )
        GROUP BY integration_id, agent_id
    ),

    all_rows AS
    (
        SELECT
            integration_id,
            agent_id,
            hour,
            sum(hour_replies) AS replies,
            sum(hour_reply_turns) AS reply_turns,
            sum(hour_first_responses) AS first_responses,
            sum(hour_private_notes) AS private_notes,
            sum(hour_solves) AS solves,
            sum(hour_assigned) AS assigned,
            sum(hour_handoffs_in) AS handoffs_in,
            sum(hour_handoffs_out) AS handoffs_out,
            sum(hour_bounced_assignments) AS bounced_assignments,
            sum(hour_handle_seconds) AS handle_seconds,
            sum(hour_held_change) AS held_change,
            sum(hour_held_seconds_in_hour) AS held_seconds_in_hour
        FROM
        (
            SELECT * FROM by_hour
            UNION ALL
            SELECT integration_id, agent_id, hour, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM every_hour
        )
        GROUP BY integration_id, agent_id, hour
    )
SELECT
    integration_id,
    agent_id,
    hour,
    replies,
    reply_turns,
    first_responses,
    private_notes,
    solves,
    assigned,
    handoffs_in,
    handoffs_out,
    bounced_assignments,
    handle_seconds,
    sum(held_change) OVER so_far AS held_end,
    3600 * (held_end - held_change) + held_seconds_in_hour AS held_seconds,
    held_seconds / 3600 AS concurrency
FROM all_rows
WINDOW so_far AS (PARTITION BY integration_id, agent_id ORDER BY hour ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
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
