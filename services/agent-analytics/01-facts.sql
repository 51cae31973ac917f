-- One row per ticket: everything its agents did on it, as a pure function of its events.
-- Only what depends on the present (running sums) or on other tickets (sessions) is left to the views.

CREATE TABLE IF NOT EXISTS {database}.ticket_facts
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    version UInt64 COMMENT 'Highest log offset of the ticket''s events; the highest version of a row wins.',
    created_at DateTime64(3, 'UTC') COMMENT 'Event time of the creation; of the first event while provisional.',
    running_since DateTime64(3, 'UTC') COMMENT 'Up to here held time is added; from here the current state runs.',
    customer_telegram_user_id Nullable(Int64) COMMENT 'Customer; NULL while provisional.',
    status_category LowCardinality(String) COMMENT 'Category after the last event.',
    stations Array(Tuple(station_no UInt32, agent_id String, queue_id String, assigned_at DateTime64(3, 'UTC'), ended_at Nullable(DateTime64(3, 'UTC')), ended_by LowCardinality(String), assigned_by_type LowCardinality(String), assigned_by_id String, assignee_name String, from_agent_id String, from_queue_id String, first_public_reply_at Nullable(DateTime64(3, 'UTC')), public_replies UInt32, first_response_from Nullable(DateTime64(3, 'UTC')), first_response_business_ms Nullable(Int64), held_ms Int64, held_business_ms Int64, is_handoff_in Bool, is_handoff_out Bool, is_bounced Bool)) COMMENT 'Stations, in order, those of nobody included.',
    turns Array(Tuple(turn_no UInt32, agent_id String, replied_at DateTime64(3, 'UTC'), last_reply_at DateTime64(3, 'UTC'), replies UInt32, wait_no UInt32, waiting_since Nullable(DateTime64(3, 'UTC')), own_clock_from Nullable(DateTime64(3, 'UTC')), wait_business_ms Nullable(Int64), agent_wait_business_ms Nullable(Int64), assignee_at_reply String, queue_id String, is_first_response Bool)) COMMENT 'Reply turns, in order.',
    solves Array(Tuple(resolution_no UInt32, solved_at DateTime64(3, 'UTC'), solved_by_type LowCardinality(String), solved_by_id String, queue_id String, reopened_at Nullable(DateTime64(3, 'UTC')))) COMMENT 'Solves, in order.',
    actions Array(Tuple(at DateTime64(3, 'UTC'), step_no UInt32, agent_id String, kind LowCardinality(String))) COMMENT 'Replies, notes, status changes and assignments by human agents, in order.',
    held Array(Tuple(held_from DateTime64(3, 'UTC'), held_to DateTime64(3, 'UTC'), agent_id String)) COMMENT 'Periods in new or open with an assignee, in order; the last one may end in 2106.'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (integration_id, ticket_id)
SETTINGS index_granularity = 512
COMMENT 'Facts of the agents'' side, one row per ticket. Read it with FINAL, or better through the views.';

CREATE OR REPLACE VIEW {database}.ticket_facts_of AS
WITH
    steps AS
    (
        SELECT
            *,
            ifNull(ms_between(event_at, next_event_at), 0) AS step_ms,
            ifNull(business_ms(integration_id, event_at, next_event_at), 0) AS step_business_ms,
            assignee_id != '' AND is_agents_turn(status_category) AS is_held
        FROM {database}.ticket_steps(
            tickets = {tickets:Array(String)},
            as_of = {as_of:DateTime64(3, 'UTC')},
            known_at = {known_at:DateTime64(3, 'UTC')})
    ),

    station_rows AS
    (
        SELECT
            integration_id,
            ticket_id,
            station_no,
            argMin(assignee_id, step_no) AS agent_id,
            argMin(queue_id, step_no) AS station_queue_id,
            min(event_at) AS assigned_at,
            anyIf(actor_type, starts_station AND is_assignment) AS assigned_by_type,
            anyIf(actor_id, starts_station AND is_assignment) AS assigned_by_id,
            anyIf(assignee_name, starts_station AND is_assignment) AS station_assignee_name,
            anyIf(assignee_before, starts_station) AS from_agent_id,
            anyIf(queue_before, starts_station) AS from_queue_id,
            minOrNullIf(event_at, is_own_reply) AS first_public_reply_at,
            countIf(is_own_reply) AS public_replies,
            minOrNullIf(own_clock_from, is_first_own_reply AND ends_wait) AS first_response_from,
            sumIf(step_ms, is_held) AS held_ms,
            sumIf(step_business_ms, is_held) AS held_business_ms,
            -- How it took over from the station before.
            max(is_handoff) AS took_by_handoff,
            max(is_bounce) AS took_by_bounce,
            max(starts_station AND is_assignment AND assignee_agent_id = '' AND assignee_group_id = '') AS took_by_unassignment
        FROM steps
        GROUP BY integration_id, ticket_id, station_no
    ),

    stations_of_ticket AS
    (
        SELECT
            integration_id,
            ticket_id,
            arraySort(groupArray((
                station_no, agent_id, station_queue_id, assigned_at, assigned_by_type, assigned_by_id, station_assignee_name,
                from_agent_id, from_queue_id, first_public_reply_at, public_replies, first_response_from,
                business_ms(integration_id, first_response_from, first_public_reply_at), held_ms, held_business_ms,
                took_by_handoff, took_by_bounce, took_by_unassignment))) AS station_list
        FROM station_rows
        GROUP BY integration_id, ticket_id
    ),

    turns_of_ticket AS
    (
        SELECT
            integration_id,
            ticket_id,
            arraySort(groupArray((
                turn_no, agent_id, replied_at, last_reply_at, replies, answered_wait_no, waiting_since, turn_own_clock_from,
                business_ms(integration_id, waiting_since, replied_at),
                business_ms(integration_id, turn_own_clock_from, replied_at),
                assignee_at_reply, turn_queue_id, has_first_response))) AS turn_list
        FROM
        (
            SELECT
                integration_id,
                ticket_id,
                turn_no,
                any(actor_id) AS agent_id,
                min(event_at) AS replied_at,
                max(event_at) AS last_reply_at,
                count() AS replies,
                -- Only the first reply of a turn can end a wait: a customer message would have ended the turn.
                maxIf(wait_no, ends_wait) AS answered_wait_no,
                minOrNullIf(wait_started_before, ends_wait) AS waiting_since,
                minOrNullIf(own_clock_from, ends_wait) AS turn_own_clock_from,
                argMin(assignee_id, step_no) AS assignee_at_reply,
                argMin(queue_id, step_no) AS turn_queue_id,
                max(is_first_response) AS has_first_response
            FROM steps
            WHERE is_agent_reply
            GROUP BY integration_id, ticket_id, turn_no
        )
        GROUP BY integration_id, ticket_id
    ),

    gathered AS
    (
        SELECT
            integration_id,
            ticket_id,
            toUInt64(max(kafka_offset)) AS version,
            created_at,
            max(event_at) AS running_since,
            anyIf(customer_telegram_user_id, is_creation) AS customer_telegram_user_id,
            argMax(status_category, step_no) AS last_status_category,
            arraySort(groupArrayIf((solve_no, event_at, actor_type, actor_id, queue_id), is_solve)) AS solve_list,
            arraySort(groupArrayIf((solve_no, event_at), is_reopen AND solve_no > 0)) AS reopenings,
            arraySort(groupArrayIf(
                (event_at, step_no, actor_id,
                 multiIf(is_agent_reply, 'reply', is_private_note, 'note', is_status_event, 'status_change', 'assignment')),
                is_human_action)) AS action_list,
            arraySort(groupArrayIf(
                (step_no, event_at, if(is_held, assignee_id, '')), starts_interval)) AS holder_changes
        FROM steps
        GROUP BY integration_id, ticket_id, created_at
    )

SELECT
    gathered.integration_id AS integration_id,
    gathered.ticket_id AS ticket_id,
    version,
    created_at,
    running_since,
    customer_telegram_user_id,
    last_status_category AS status_category,

    -- How a station ended is how the next one took over.
    CAST(arrayMap(
        (s, n) -> (
            s.1, s.2, s.3, s.4,
            if(n < length(station_list), station_list[n + 1].4, NULL),
            multiIf(n = length(station_list), '', station_list[n + 1].18, 'unassigned', 'reassigned'),
            s.5, s.6, s.7, s.8, s.9, s.10, s.11, s.12,
            if(isNull(s.12), NULL, s.13),
            s.14, s.15, s.16,
            n < length(station_list) AND station_list[n + 1].16,
            n < length(station_list) AND station_list[n + 1].17),
        station_list, arrayEnumerate(station_list)),
        'Array(Tuple(station_no UInt32, agent_id String, queue_id String, assigned_at DateTime64(3, ''UTC''), ended_at Nullable(DateTime64(3, ''UTC'')), ended_by LowCardinality(String), assigned_by_type LowCardinality(String), assigned_by_id String, assignee_name String, from_agent_id String, from_queue_id String, first_public_reply_at Nullable(DateTime64(3, ''UTC'')), public_replies UInt32, first_response_from Nullable(DateTime64(3, ''UTC'')), first_response_business_ms Nullable(Int64), held_ms Int64, held_business_ms Int64, is_handoff_in Bool, is_handoff_out Bool, is_bounced Bool))') AS stations,

    CAST(turn_list,
        'Array(Tuple(turn_no UInt32, agent_id String, replied_at DateTime64(3, ''UTC''), last_reply_at DateTime64(3, ''UTC''), replies UInt32, wait_no UInt32, waiting_since Nullable(DateTime64(3, ''UTC'')), own_clock_from Nullable(DateTime64(3, ''UTC'')), wait_business_ms Nullable(Int64), agent_wait_business_ms Nullable(Int64), assignee_at_reply String, queue_id String, is_first_response Bool))') AS turns,

    CAST(arrayMap(
        (s, n) -> (s.1, s.2, s.3, s.4, s.5, if(n <= length(reopenings), reopenings[n].2, NULL)),
        solve_list, arrayEnumerate(solve_list)),
        'Array(Tuple(resolution_no UInt32, solved_at DateTime64(3, ''UTC''), solved_by_type LowCardinality(String), solved_by_id String, queue_id String, reopened_at Nullable(DateTime64(3, ''UTC''))))') AS solves,

    CAST(action_list,
        'Array(Tuple(at DateTime64(3, ''UTC''), step_no UInt32, agent_id String, kind LowCardinality(String)))') AS actions,

    CAST(arrayFilter(h -> h.3 != '' AND h.1 < h.2, arrayMap(
        (h, held_to) -> (h.2, held_to, h.3),
        holder_changes, arrayPushBack(arrayPopFront(holder_changes.2), far_future()))),
        'Array(Tuple(held_from DateTime64(3, ''UTC''), held_to DateTime64(3, ''UTC''), agent_id String))') AS held
FROM gathered
INNER JOIN stations_of_ticket
    ON stations_of_ticket.integration_id = gathered.integration_id AND stations_of_ticket.ticket_id = gathered.ticket_id
LEFT JOIN turns_of_ticket
    ON turns_of_ticket.integration_id = gathered.integration_id AND turns_of_ticket.ticket_id = gathered.ticket_id
COMMENT 'The definition of ticket_facts. Parameters: tickets (empty: all), as_of (event time), known_at (time of receipt).'
