-- One row per ticket: everything its agents did on it, as a pure function of its events.
-- Only what depends on the present (running sums) or on other tickets (sessions) is left to the views.

DEFINE agent_hours_column AS
    hours Array(Tuple(hour DateTime('UTC'), agent_id LowCardinality(String), replies UInt32, reply_turns UInt32, first_responses UInt32, private_notes UInt32, solves UInt32, assigned UInt32, handoffs_in UInt32, handoffs_out UInt32, bounced_assignments UInt32, held_change Int32, held_seconds_beyond Int32)) COMMENT 'What the ticket adds to its agents in each UTC hour in which anything changed, in order. A holding that lasts counts to the hour''s end. held_seconds_beyond is what was held in the hour, whole seconds, less 3600 when the agent held the ticket at the hour''s start.';

CREATE TABLE IF NOT EXISTS {database}.ticket_facts
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    version UInt64 COMMENT 'config_version * 2^32 + events of the ticket that it was computed from; the highest version of a row wins. (Not an offset: a ticket''s events may lie in two partitions.)',
    created_at DateTime64(3, 'UTC') COMMENT 'Event time of the creation; of the first event while provisional.',
    first_event_at DateTime64(3, 'UTC') COMMENT 'Event time of the first event: nothing in this row is earlier.',
    running_since DateTime64(3, 'UTC') COMMENT 'Event time of the last event: nothing in this row is later. Up to here held time is added; from here the current state runs.',
    running_since_clock Int64 COMMENT 'The tenant''s business clock at running_since, milliseconds.',
    customer_telegram_user_id Nullable(Int64) COMMENT 'Customer; NULL while provisional.',
    status_category LowCardinality(String) COMMENT 'Category after the last event.',
    stations Array(Tuple(station_no UInt32, agent_id String, queue_id String, assigned_at DateTime64(3, 'UTC'), ended_at Nullable(DateTime64(3, 'UTC')), ended_by LowCardinality(String), assigned_by_type LowCardinality(String), assigned_by_id String, assignee_name String, from_agent_id String, from_queue_id String, first_public_reply_at Nullable(DateTime64(3, 'UTC')), public_replies UInt32, first_response_from Nullable(DateTime64(3, 'UTC')), first_response_business_ms Nullable(Int64), held_ms Int64, held_business_ms Int64, is_handoff_in Bool, is_handoff_out Bool, is_bounced Bool)) COMMENT 'Stations, in order, those of nobody included.',
    turns Array(Tuple(turn_no UInt32, agent_id String, replied_at DateTime64(3, 'UTC'), last_reply_at DateTime64(3, 'UTC'), replies UInt32, wait_no UInt32, waiting_since Nullable(DateTime64(3, 'UTC')), own_clock_from Nullable(DateTime64(3, 'UTC')), answered_at Nullable(DateTime64(3, 'UTC')), wait_business_ms Nullable(Int64), agent_wait_business_ms Nullable(Int64), assignee_at_reply String, queue_id String, is_first_response Bool)) COMMENT 'Reply turns, in order.',
    solves Array(Tuple(resolution_no UInt32, solved_at DateTime64(3, 'UTC'), solved_by_type LowCardinality(String), solved_by_id String, queue_id String, reopened_at Nullable(DateTime64(3, 'UTC')))) COMMENT 'Solves, in order.',
    actions Array(Tuple(at DateTime64(3, 'UTC'), step_no UInt32, agent_id String, kind LowCardinality(String))) COMMENT 'Replies, notes, status changes and assignments by human agents, in order.',
    held Array(Tuple(held_from DateTime64(3, 'UTC'), held_to DateTime64(3, 'UTC'), agent_id String)) COMMENT 'Periods in new or open with an assignee, in order; the last one may end in 2106.',
    {agent_hours_column},
    config_version UInt32 COMMENT 'Version of the configuration that they were computed under.'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (integration_id, ticket_id)
SETTINGS index_granularity = 512
COMMENT 'Facts of the agents'' side, one row per ticket. Read it with FINAL, or better through the views.';

ALTER TABLE {database}.ticket_facts ADD COLUMN IF NOT EXISTS first_event_at DateTime64(3, 'UTC') COMMENT 'Event time of the first event: nothing in this row is earlier.' AFTER created_at;

ALTER TABLE {database}.ticket_facts ADD COLUMN IF NOT EXISTS {agent_hours_column} AFTER held;

ALTER TABLE {database}.ticket_facts ADD COLUMN IF NOT EXISTS config_version UInt32 COMMENT 'Version of the configuration that they were computed under.';

CREATE OR REPLACE VIEW {database}.computed_facts
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    version Int64 COMMENT 'Events of the ticket from which all its facts are computed.',
    config_version UInt32 COMMENT 'Version of the configuration that they were computed under.'
)
AS
SELECT integration_id, ticket_id, toInt64(bitAnd(version, 4294967295)) AS version, config_version
FROM {database}.ticket_facts FINAL
COMMENT 'How far the facts of each ticket are computed.';

CREATE OR REPLACE VIEW {database}.ticket_facts_of AS
WITH
    gathered AS
    (
        SELECT
            integration_id,
            ticket_id,
            count() AS version,
            created_at,
            max(event_at) AS running_since,
            max(event_clock) AS running_since_clock,
            anyIf(customer_telegram_user_id, is_creation) AS customer_telegram_user_id,
            argMax(status_category, step_no) AS last_status_category,

            arraySort(groupArrayIf(
                (station_no, assignee_id, queue_id, event_at,
                 if(is_assignment, actor_type, ''), if(is_assignment, actor_id, ''), assignee_name,
                 assignee_before, queue_before, own_replies_before, held_ms_before, held_business_ms_before,
                 is_handoff, is_bounce, is_unassignment),
                starts_station)) AS station_starts,
            arraySort(groupArrayIf(
                (station_no, event_at, if(ends_wait, own_clock_from, NULL), if(ends_wait, own_wait_business_ms, NULL)),
                is_first_own_reply)) AS first_own_replies,
            countIf(is_own_reply) AS own_replies,
            sumIf(step_ms, is_held) AS all_held_ms,
            sumIf(step_business_ms, is_held) AS all_held_business_ms,

            arraySort(groupArrayIf(
                (turn_no, actor_id, event_at, agent_replies_before, assignee_id, queue_id), starts_turn)) AS turn_starts,
            -- One wait a turn at most: a customer message would have ended the turn. Not always by its first reply,
            -- as one before the creation answers nothing.
            arraySort(groupArrayIf(
                (turn_no, wait_no, wait_started_before, own_clock_from, wait_business_ms, own_wait_business_ms, event_at),
                both(is_agent_reply, ends_wait))) AS answers,
            arraySort(groupArrayIf((step_no, event_at), is_agent_reply)) AS replies,
            maxIf(turn_no, is_first_response) AS first_response_turn,

            arraySort(groupArrayIf((solve_no, event_at, actor_type, actor_id, queue_id), is_solve)) AS solve_list,
            arraySort(groupArrayIf((solve_no, event_at), both(is_reopen, solve_no > 0))) AS reopenings,
            arraySort(groupArrayIf(
                (event_at, step_no, actor_id,
                 multiIf(is_agent_reply, 'reply', is_private_note, 'note', is_status_event, 'status_change', 'assignment')),
                is_human_action)) AS action_list,
            arraySort(groupArrayIf(
                (step_no, event_at, if(is_held, assignee_id, '')), starts_interval)) AS holder_changes
        FROM {database}.ticket_steps(
            tickets = {tickets:Array(String)},
            as_of = {as_of:DateTime64(3, 'UTC')},
            known_at = {known_at:DateTime64(3, 'UTC')})
        GROUP BY integration_id, ticket_id, created_at
    ),

    -- Running totals at the start of each station and turn; the difference to the next one is what happened in it.
    totalled AS
    (
        SELECT
            *,
            arrayPushBack(arrayPopFront(station_starts.10), own_replies) AS own_replies_at_end,
            arrayPushBack(arrayPopFront(station_starts.11), all_held_ms) AS held_ms_at_end,
            arrayPushBack(arrayPopFront(station_starts.12), all_held_business_ms) AS held_business_ms_at_end,
            arrayPushBack(arrayPopFront(turn_starts.4), toUInt64(length(replies))) AS replies_at_end,
            arrayMap(s -> indexOf(first_own_replies.1, s.1), station_starts) AS first_own_reply_no,
            arrayMap(t -> indexOf(answers.1, t.1), turn_starts) AS answer_no
        FROM gathered
    )

SELECT
    integration_id,
    ticket_id,
    version,
    created_at,
    running_since,
    running_since_clock,
    customer_telegram_user_id,
    last_status_category AS status_category,

    -- How a station ended is how the next one took over.
    CAST(arrayMap(
        (s, n, reply_no) -> (
            s.1, s.2, s.3, s.4,
            if(n < length(station_starts), station_starts[n + 1].4, NULL),
            multiIf(n = length(station_starts), '', station_starts[n + 1].15, 'unassigned', 'reassigned'),
            s.5, s.6, s.7, s.8, s.9,
            if(reply_no > 0, first_own_replies[reply_no].2, NULL),
            own_replies_at_end[n] - s.10,
            if(reply_no > 0, first_own_replies[reply_no].3, NULL),
            if(reply_no > 0, first_own_replies[reply_no].4, NULL),
            held_ms_at_end[n] - s.11,
            held_business_ms_at_end[n] - s.12,
            s.13,
            both(n < length(station_starts), station_starts[n + 1].13),
            both(n < length(station_starts), station_starts[n + 1].14)),
        station_starts, arrayEnumerate(station_starts), first_own_reply_no),
        'Array(Tuple(station_no UInt32, agent_id String, queue_id String, assigned_at DateTime64(3, ''UTC''), ended_at Nullable(DateTime64(3, ''UTC'')), ended_by LowCardinality(String), assigned_by_type LowCardinality(String), assigned_by_id String, assignee_name String, from_agent_id String, from_queue_id String, first_public_reply_at Nullable(DateTime64(3, ''UTC'')), public_replies UInt32, first_response_from Nullable(DateTime64(3, ''UTC'')), first_response_business_ms Nullable(Int64), held_ms Int64, held_business_ms Int64, is_handoff_in Bool, is_handoff_out Bool, is_bounced Bool))') AS stations,

    CAST(arrayMap(
        (t, n, answer) -> (
            t.1, t.2, t.3,
            replies[replies_at_end[n]].2,
            replies_at_end[n] - t.4,
            if(answer > 0, answers[answer].2, 0),
            if(answer > 0, answers[answer].3, NULL),
            if(answer > 0, answers[answer].4, NULL),
            if(answer > 0, answers[answer].7, NULL),
            if(answer > 0, answers[answer].5, NULL),
            if(answer > 0, answers[answer].6, NULL),
            t.5, t.6,
            t.1 = first_response_turn),
        turn_starts, arrayEnumerate(turn_starts), answer_no),
        'Array(Tuple(turn_no UInt32, agent_id String, replied_at DateTime64(3, ''UTC''), last_reply_at DateTime64(3, ''UTC''), replies UInt32, wait_no UInt32, waiting_since Nullable(DateTime64(3, ''UTC'')), own_clock_from Nullable(DateTime64(3, ''UTC'')), answered_at Nullable(DateTime64(3, ''UTC'')), wait_business_ms Nullable(Int64), agent_wait_business_ms Nullable(Int64), assignee_at_reply String, queue_id String, is_first_response Bool))') AS turns,

    CAST(arrayMap(
        (s, n) -> (s.1, s.2, s.3, s.4, s.5, if(n <= length(reopenings), reopenings[n].2, NULL)),
        solve_list, arrayEnumerate(solve_list)),
        'Array(Tuple(resolution_no UInt32, solved_at DateTime64(3, ''UTC''), solved_by_type LowCardinality(String), solved_by_id String, queue_id String, reopened_at Nullable(DateTime64(3, ''UTC''))))') AS solves,

    CAST(action_list,
        'Array(Tuple(at DateTime64(3, ''UTC''), step_no UInt32, agent_id String, kind LowCardinality(String)))') AS actions,

    CAST(arrayFilter(h -> both(h.3 != '', h.1 < h.2), arrayMap(
        (h, held_to) -> (h.2, held_to, h.3),
        holder_changes, arrayPushBack(arrayPopFront(holder_changes.2), far_future()))),
        'Array(Tuple(held_from DateTime64(3, ''UTC''), held_to DateTime64(3, ''UTC''), agent_id String))') AS held,

    live_config_version() AS config_version
FROM totalled
COMMENT 'The definition of ticket_facts. Parameters: tickets (empty: all), as_of (event time), known_at (time of receipt).'
