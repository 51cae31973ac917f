-- Bursts of work: an agent's actions over all tickets, joined while the gaps stay within the limit.
-- What they say of handling time is an estimate and is labelled so.
-- Actions of one instant are taken in the ticket's own order, so that every window sees them in the same one: a sort of
-- some hundred rows isn't stable, and windows that build on each other would tear sessions apart at ties.

DEFINE session_columns AS
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    agent_id String COMMENT 'Agent; empty for agents without id.',
    session_no UInt64 COMMENT 'Number of the agent''s session, from 1.',
    started_at DateTime64(3, 'UTC') COMMENT 'First action. Anchor of the row.',
    ended_at DateTime64(3, 'UTC') COMMENT 'Last action.',
    tickets UInt64 COMMENT 'Distinct tickets worked on.',
    ticket_ids Array(String) COMMENT 'Those tickets, sorted.',
    actions UInt64 COMMENT 'Replies, notes, status changes and assignments.',
    replies UInt64 COMMENT 'Public messages among them.',
    handle_seconds Int64 COMMENT 'Estimate: last - first action, whole seconds; 60 for a lone action.',
    handle_seconds_per_ticket Float64 COMMENT 'Estimate: handle_seconds split evenly over the session''s tickets.',
    max_concurrent Int64 COMMENT 'Most tickets in new or open that the agent held at one moment of the session; 0 when none.';

CREATE OR REPLACE VIEW {database}.agent_sessions_with_gap ({session_columns}) AS
WITH
    actions_of_agents AS
    (
        SELECT integration_id, agent_id, ticket_id, step_no, at, kind
        FROM {database}.ticket_facts FINAL
        ARRAY JOIN actions.agent_id AS agent_id, actions.step_no AS step_no, actions.at AS at, actions.kind AS kind
    ),

    -- A gap longer than the limit ends a session.
    in_sessions AS
    (
        SELECT
            *,
            sum(starts_session) OVER (
                PARTITION BY integration_id, agent_id ORDER BY at, ticket_id, step_no
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS session_no
        FROM
        (
            SELECT
                *,
                toUInt8(isNull(at_before) OR ms_between(at_before, at) > {gap_seconds:UInt32} * 1000) AS starts_session
            FROM
            (
                SELECT
                    *,
                    lagInFrame(toNullable(at), 1, NULL) OVER (
                        PARTITION BY integration_id, agent_id ORDER BY at, ticket_id, step_no
                        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS at_before
                FROM actions_of_agents
            )
        )
    ),

    sessions AS
    (
        SELECT
            integration_id,
            agent_id,
            session_no,
            min(at) AS started_at,
            max(at) AS ended_at,
            arraySort(groupUniqArray(ticket_id)) AS ticket_ids,
            count() AS actions,
            countIf(kind = 'reply') AS replies
        FROM in_sessions
        GROUP BY integration_id, agent_id, session_no
    ),

    -- Open tickets held, as a running count over holding periods and actions; a change of the count belongs to the
    -- session of the action before it as long as that session lasts.
    held_changes AS
    (
        SELECT integration_id, agent_id, edge.1 AS at, sum(edge.2) AS change
        FROM
        (
            SELECT integration_id, agent_id, [(held_from, 1), (held_to, -1)] AS edges
            FROM {database}.ticket_facts FINAL
            ARRAY JOIN held.agent_id AS agent_id, held.held_from AS held_from, held.held_to AS held_to
        )
        ARRAY JOIN edges AS edge
        GROUP BY integration_id, agent_id, at
    ),

    counted AS
    (
        SELECT
            *,
            sum(change) OVER so_far AS held_now,
            max(own_session_no) OVER so_far AS session_no
        FROM
        (
            SELECT integration_id, agent_id, at, change, 0 AS own_session_no, false AS is_action FROM held_changes
            UNION ALL
            SELECT integration_id, agent_id, at, 0, session_no, true FROM in_sessions
        )
        WINDOW so_far AS (
            PARTITION BY integration_id, agent_id ORDER BY at, is_action
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    ),

    most_held AS
    (
        SELECT integration_id, agent_id, session_no, maxIf(held_now, at <= ended_at) AS max_held
        FROM
        (
            SELECT
                *,
                maxIf(at, is_action) OVER (PARTITION BY integration_id, agent_id, session_no) AS ended_at
            FROM counted
            WHERE session_no > 0
        )
        GROUP BY integration_id, agent_id, session_no
    )
SELECT
    s.integration_id AS integration_id,
    s.agent_id AS agent_id,
    s.session_no AS session_no,
    s.started_at AS started_at,
    s.ended_at AS ended_at,
    length(s.ticket_ids) AS tickets,
    s.ticket_ids AS ticket_ids,
    s.actions AS actions,
    s.replies AS replies,
    if(s.actions = 1, 60, seconds_between(s.started_at, s.ended_at)) AS handle_seconds,
    handle_seconds / tickets AS handle_seconds_per_ticket,
    m.max_held AS max_concurrent
FROM sessions AS s
LEFT JOIN most_held AS m ON m.integration_id = s.integration_id AND m.agent_id = s.agent_id AND m.session_no = s.session_no
COMMENT 'agent_sessions for another limit. Parameter: gap_seconds (gaps up to it join; the usual one is 600). Columns as in agent_sessions.';

CREATE OR REPLACE VIEW {database}.agent_sessions ({session_columns}) AS
SELECT *
FROM {database}.agent_sessions_with_gap(gap_seconds = 600)
COMMENT 'One row per burst of work of an agent: gaps of at most 10 minutes join, over all tickets.';

-- When the usual sessions began and how long they took, without saying on what: all that reports over time need, and
-- a small part of the work, since an agent's actions of one instant need no order then.
DEFINE handled_sessions AS
    SELECT
        integration_id,
        agent_id,
        fromUnixTimestamp64Milli(session[1], 'UTC') AS started_at,
        if(length(session) = 1, 60, whole_seconds(session[-1] - session[1])) AS handle_seconds
    FROM
    (
        SELECT
            integration_id,
            agent_id,
            arraySort(groupArray(toUnixTimestamp64Milli(at))) AS times,
            arrayJoin(arraySplit((at, since_before) -> since_before > 600000, times, arrayDifference(times))) AS session
        FROM {database}.ticket_facts FINAL
        ARRAY JOIN actions.agent_id AS agent_id, actions.at AS at
        GROUP BY integration_id, agent_id
    )
