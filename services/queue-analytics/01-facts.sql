-- One row per ticket: everything the queue's side says about it, as a pure function of its events.
-- Only what depends on the present (running sums, open waits) is left to the views.

CREATE TABLE IF NOT EXISTS {database}.ticket_facts
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    version UInt64 COMMENT 'config_version * 2^32 + events of the ticket that it was computed from; the highest version of a row wins. (Not an offset: a ticket''s events may lie in two partitions.)',
    is_provisional UInt8 COMMENT '1 while no ticket.created is known.',
    created_at DateTime64(3, 'UTC') COMMENT 'Event time of the creation; of the first event while provisional.',
    first_event_at DateTime64(3, 'UTC') COMMENT 'Event time of the first event.',
    last_event_at DateTime64(3, 'UTC') COMMENT 'Event time of the last event.',
    running_since DateTime64(3, 'UTC') COMMENT 'Up to here the sums are added; from here the current state runs.',
    running_since_clock Int64 COMMENT 'The tenant''s business clock at running_since, milliseconds.',
    customer_telegram_user_id Nullable(Int64) COMMENT 'Customer; NULL while provisional.',
    customer_language_code LowCardinality(String) COMMENT 'Language, empty when absent.',
    channel_type LowCardinality(String) COMMENT 'Kind of channel, empty while provisional.',
    channel_chat_id String COMMENT 'Chat, empty while provisional.',
    channel_topic_id String COMMENT 'Forum topic, empty when absent.',
    metadata String COMMENT 'Free-form object of the creation as JSON text, empty when absent.',
    status String COMMENT 'Status after the last event, as sent.',
    status_category LowCardinality(String) COMMENT 'Its category.',
    queue_id String COMMENT 'Queue after the last event, empty before the first assignment to one.',
    assignee_id String COMMENT 'Assignee after the last event, empty when nobody.',
    first_queue_id String COMMENT 'First queue, empty when none yet.',
    response_due_from Nullable(DateTime64(3, 'UTC')) COMMENT 'Where the first response runs from: the creation, or the first customer message when none came before; NULL without a customer message.',
    first_response_at Nullable(DateTime64(3, 'UTC')) COMMENT 'First agent reply that answers; NULL while unanswered.',
    first_response_agent_id String COMMENT 'Who gave it, empty while unanswered.',
    assignee_at_first_response String COMMENT 'Assignee at that moment.',
    queue_at_first_response String COMMENT 'Queue at that moment.',
    first_response_business_ms Nullable(Int64) COMMENT 'Business milliseconds of the first response; NULL while unanswered.',
    first_solved_at Nullable(DateTime64(3, 'UTC')) COMMENT 'First solve; NULL when never solved.',
    last_solved_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Last solve, also after a reopening; NULL when never solved.',
    closed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'First entry into closed since it was last neither solved, closed nor discarded; NULL while it is none of them, or not closed since.',
    discarded_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the present cycle ended by being discarded; NULL while it runs or when it ended by a solve.',
    cycle_ended_by LowCardinality(String) COMMENT 'How the present cycle ended: solved or discarded; empty while it runs. Another over status after it changes nothing.',
    first_resolution_business_ms Nullable(Int64) COMMENT 'Business milliseconds, creation to first solve; NULL when never solved.',
    full_resolution_business_ms Nullable(Int64) COMMENT 'Business milliseconds, creation to last solve; NULL when never solved.',
    work_ms Int64 COMMENT 'Milliseconds in new or open up to running_since.',
    work_business_ms Int64 COMMENT 'The same in business time.',
    pending_ms Int64 COMMENT 'Milliseconds in pending up to running_since.',
    pending_business_ms Int64 COMMENT 'The same in business time.',
    on_hold_ms Int64 COMMENT 'Milliseconds in on_hold up to running_since.',
    on_hold_business_ms Int64 COMMENT 'The same in business time.',
    unassigned_ms Int64 COMMENT 'Milliseconds without assignee while not solved, closed or discarded, up to running_since.',
    unassigned_business_ms Int64 COMMENT 'The same in business time.',
    held_ms Int64 COMMENT 'Milliseconds in new or open with an assignee, up to running_since.',
    held_business_ms Int64 COMMENT 'The same in business time.',
    reopens UInt32 COMMENT 'Times it came back after a solve; being restored after a discard is none.',
    agent_replies UInt32 COMMENT 'Public messages by human agents.',
    reply_turns UInt32 COMMENT 'Runs of such messages by one agent.',
    private_notes UInt32 COMMENT 'Private messages by anybody.',
    customer_messages UInt32 COMMENT 'Public messages by customers, the initial one included.',
    stations UInt32 COMMENT 'Stations with an agent.',
    queue_stations UInt32 COMMENT 'Runs of one queue.',
    handoffs UInt32 COMMENT 'Direct passages from one agent to another.',
    bounced_assignments UInt32 COMMENT 'Stations that an agent lost without having replied.',
    queue_changes UInt32 COMMENT 'Changes of the group named by assignments after the creation, no group counted as a group.',
    clock_skew_ms Int64 COMMENT 'Largest absolute difference between an event''s body time and its event time.',
    intervals Array(Tuple(valid_from DateTime64(3, 'UTC'), valid_to DateTime64(3, 'UTC'), status String, status_category LowCardinality(String), queue_id String, assignee_id String, changed_by_type LowCardinality(String), changed_by_id String)) COMMENT 'Periods in which nothing changed, in order; the last one ends in 2106.',
    waits Array(Tuple(wait_no UInt32, waiting_since DateTime64(3, 'UTC'), ended_at Nullable(DateTime64(3, 'UTC')), ended_by LowCardinality(String), replied_by_agent_id String, assignee_at_start String, assignee_at_reply String, queue_at_start String, queue_at_end String, wait_business_ms Nullable(Int64), own_clock_from Nullable(DateTime64(3, 'UTC')), agent_wait_business_ms Nullable(Int64))) COMMENT 'Waits of the customer, in order.',
    resolutions Array(Tuple(resolution_no UInt32, solved_at DateTime64(3, 'UTC'), solved_by_type LowCardinality(String), solved_by_id String, assignee_id String, queue_id String, cycle_started_at DateTime64(3, 'UTC'), cycle_business_ms Int64, since_created_business_ms Int64, pending_ms Int64, pending_business_ms Int64, reopened_at Nullable(DateTime64(3, 'UTC')))) COMMENT 'Solves, in order.',
    escalations Array(Tuple(event_id String, fired_at DateTime64(3, 'UTC'), policy_id String, policy_name String, breached_metric LowCardinality(String), threshold_seconds Int64, elapsed_seconds Nullable(Int64), level String, escalated_to_type LowCardinality(String), escalated_to_id String, status_category LowCardinality(String), queue_id String, assignee_id String, acknowledged_at Nullable(DateTime64(3, 'UTC')), acknowledged_by_id String, acknowledge_business_ms Nullable(Int64))) COMMENT 'Escalations that the CRM fired, in order.',
    edges Array(Tuple(step_no UInt32, at DateTime64(3, 'UTC'), activity LowCardinality(String), actor_type LowCardinality(String), actor_id String, queue_id String)) COMMENT 'What happened, step by step, for the process view.',
    flows Array(Tuple(at DateTime64(3, 'UTC'), queue_id String, flow LowCardinality(String))) COMMENT 'created, reopened, restored, moved_in, moved_out, solved, discarded: what enters and leaves the open tickets of a queue.',
    findings Array(Tuple(rule LowCardinality(String), occurrences UInt32)) COMMENT 'Data-quality findings; they may depend on arrival.',
    config_version UInt32 COMMENT 'Version of the configuration that they were computed under.'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (integration_id, ticket_id)
SETTINGS index_granularity = 512
COMMENT 'Facts of the queue''s side, one row per ticket. Read it with FINAL, or better through the views.';

ALTER TABLE {database}.ticket_facts ADD COLUMN IF NOT EXISTS discarded_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the present cycle ended by being discarded; NULL while it runs or when it ended by a solve.' AFTER closed_at;

ALTER TABLE {database}.ticket_facts ADD COLUMN IF NOT EXISTS cycle_ended_by LowCardinality(String) COMMENT 'How the present cycle ended: solved or discarded; empty while it runs. Another over status after it changes nothing.' AFTER discarded_at;

ALTER TABLE {database}.ticket_facts ADD COLUMN IF NOT EXISTS config_version UInt32 COMMENT 'Version of the configuration that they were computed under.';

CREATE OR REPLACE VIEW {database}.ticket_facts_of AS
WITH
    told AS
    (
        SELECT
            *,
            both(is_message, is_automated_message(actor_type, is_automated)) AS is_written_by_machine,
            both(assignee_id = '', NOT is_finished(status_category)) AS is_unassigned,
            multiIf(
                is_creation, 'created',
                is_ignored, '',
                is_repetition, '',
                is_customer_message, 'customer_message',
                is_agent_reply, 'agent_reply',
                is_private_note, 'private_note',
                is_written_by_machine, 'automated_message',
                is_unassignment, 'unassigned',
                is_assignment, 'assigned',
                is_solve, 'solved',
                is_reopen, 'reopened',
                is_status_event, concat('status_', status_category),
                'escalated') AS activity,
            -- The creation counts in '' and the first assignment is a move; a ticket created finished enters
            -- by its reopening, and moves of finished tickets don't count.
            arrayConcat(
                if(both(step_no = 1, NOT was_finished), [('', 'created')], []),
                if(both(changes_queue, NOT is_finished_after),
                    [(queue_before, 'moved_out'), (queue_id, 'moved_in')], []),
                if(is_solve, [(queue_id, 'solved')], []),
                if(is_reopen, [(queue_id, 'reopened')], [])) AS step_flows
        FROM {database}.ticket_steps(
            tickets = {tickets:Array(String)},
            as_of = {as_of:DateTime64(3, 'UTC')},
            known_at = {known_at:DateTime64(3, 'UTC')})
    ),

    gathered AS
    (
        SELECT
            integration_id,
            ticket_id,
            count() AS version,
            is_provisional,
            created_at,
            created_clock,
            first_event_at,
            maxIf(event_at, NOT is_ignored) AS last_event_at,
            max(event_at) AS running_since,
            max(event_clock) AS running_since_clock,

            anyIf(customer_telegram_user_id, is_creation) AS customer_telegram_user_id,
            anyIf(customer_language_code, is_creation) AS customer_language_code,
            anyIf(channel_type, is_creation) AS channel_type,
            anyIf(channel_chat_id, is_creation) AS channel_chat_id,
            anyIf(channel_topic_id, is_creation) AS channel_topic_id,
            anyIf(metadata, is_creation) AS metadata,

            argMax(status, step_no) AS last_status,
            argMax(status_category, step_no) AS last_status_category,
            argMax(queue_id, step_no) AS last_queue_id,
            argMax(assignee_id, step_no) AS last_assignee_id,
            argMinIf(queue_id, step_no, starts_queue_station) AS first_queue_id,

            countIf(both(is_customer_message, is_up_to_creation)) > 0 AS came_with_a_message,
            minOrNullIf(event_at, is_customer_message) AS first_customer_message_at,
            minOrNullIf(event_clock, is_customer_message) AS first_customer_message_clock,
            minOrNullIf(event_at, is_first_response) AS first_response_at,
            minOrNullIf(event_clock, is_first_response) AS first_response_clock,
            anyIf(actor_id, is_first_response) AS first_response_agent_id,
            anyIf(assignee_id, is_first_response) AS assignee_at_first_response,
            anyIf(queue_id, is_first_response) AS queue_at_first_response,

            minOrNullIf(event_at, is_solve) AS first_solved_at,
            maxOrNullIf(event_at, is_solve) AS last_solved_at,
            minOrNullIf(event_clock, is_solve) AS first_solved_clock,
            maxOrNullIf(event_clock, is_solve) AS last_solved_clock,
            maxIf(step_no, is_solve) AS last_solve_step,
            arraySort(groupArrayIf((step_no, event_at), is_closing)) AS closings,

            sumIf(step_ms, is_agents_turn(status_category)) AS work_ms,
            sumIf(step_business_ms, is_agents_turn(status_category)) AS work_business_ms,
            sumIf(step_ms, status_category = 'pending') AS pending_ms,
            sumIf(step_business_ms, status_category = 'pending') AS pending_business_ms,
            sumIf(step_ms, status_category = 'on_hold') AS on_hold_ms,
            sumIf(step_business_ms, status_category = 'on_hold') AS on_hold_business_ms,
            sumIf(step_ms, is_unassigned) AS unassigned_ms,
            sumIf(step_business_ms, is_unassigned) AS unassigned_business_ms,
            sumIf(step_ms, is_held) AS held_ms,
            sumIf(step_business_ms, is_held) AS held_business_ms,

            countIf(is_reopen) AS reopens,
            countIf(is_agent_reply) AS agent_replies,
            countIf(starts_turn) AS reply_turns,
            countIf(is_private_note) AS private_notes,
            countIf(is_customer_message) AS customer_messages,
            countIf(both(starts_station, assignee_id != '')) AS stations,
            countIf(starts_queue_station) AS queue_stations,
            countIf(is_handoff) AS handoffs,
            countIf(is_bounce) AS bounced_assignments,
            countIf(changes_named_group) AS queue_changes,
            maxIf(abs(toUnixTimestamp64Milli(body_at) - toUnixTimestamp64Milli(event_at)), NOT is_ignored) AS clock_skew_ms,

            arraySort(groupArrayIf(
                (step_no, event_at, status, status_category, queue_id, assignee_id,
                 multiIf(changes_state, actor_type, is_provisional, '', 'customer'), if(changes_state, actor_id, '')),
                starts_interval)) AS interval_starts,
            arraySort(groupArrayIf((step_no, wait_no, event_at, assignee_id, queue_id), starts_wait)) AS wait_starts,
            arraySort(groupArrayIf(
                (step_no, event_at, is_agent_reply, actor_id, assignee_id, queue_id,
                 wait_business_ms, own_clock_from, own_wait_business_ms),
                ends_wait)) AS wait_ends,
            arraySort(groupArrayIf(
                (step_no, solve_no, event_at, actor_type, actor_id, assignee_id, queue_id, cycle_started_at,
                 pending_ms_before, pending_business_ms_before,
                 clock_ms(cycle_started_clock, event_clock), clock_ms(created_clock, event_clock)),
                is_solve)) AS solves,
            arraySort(groupArrayIf((solve_no, event_at), both(is_reopen, solve_no > 0))) AS reopenings,
            arraySort(groupArrayIf((step_no, event_at, actor_id, event_clock), is_human_action)) AS human_actions,
            arraySort(groupArrayIf(
                (step_no, event_id, event_at, policy_id, policy_name, breached_metric, threshold_seconds, elapsed_seconds,
                 level, escalated_to_type, escalated_to_id, status_category, queue_id, assignee_id,
                 event_clock),
                event_type = 'escalation.fired')) AS escalations_fired,
            arraySort(groupArrayIf(
                (step_no, event_at, activity, actor_type, if(is_written_by_machine, '', actor_id), queue_id),
                activity != '')) AS activities,
            arraySort(groupArrayIf((step_no, event_at, step_flows), notEmpty(step_flows))) AS flow_steps,

            countIf(both(
                either(is_status_event, both(is_creation, NOT is_status_assumed)),
                mapped_status_category(integration_id, new_status_key) = '')) AS unknown_statuses,
            countIf(multiIf(
                NOT is_status_event, false,
                previous_status = '', false,
                both(is_status_assumed, status_events_before = 0), false,
                status_key(previous_status) != status_key_before)) AS contradicted_statuses,
            countIf(both(event_at > received_at, NOT is_ignored)) AS future_times,
            countIf(both(NOT is_provisional, both(is_up_to_creation, NOT is_creation))) AS events_before_creation,
            countIf(is_ignored) AS repeated_creations
        FROM told
        GROUP BY integration_id, ticket_id, is_provisional, created_at, created_clock, first_event_at
    )

SELECT
    integration_id,
    ticket_id,
    version,
    toUInt8(is_provisional) AS is_provisional,
    created_at,
    first_event_at,
    last_event_at,
    running_since,
    running_since_clock,
    customer_telegram_user_id,
    customer_language_code,
    channel_type,
    channel_chat_id,
    channel_topic_id,
    metadata,
    last_status AS status,
    last_status_category AS status_category,
    last_queue_id AS queue_id,
    last_assignee_id AS assignee_id,
    first_queue_id,
    if(came_with_a_message, created_at, first_customer_message_at) AS response_due_from,
    first_response_at,
    first_response_agent_id,
    assignee_at_first_response,
    queue_at_first_response,
    clock_ms(if(came_with_a_message, created_clock, first_customer_message_clock), first_response_clock) AS first_response_business_ms,
    first_solved_at,
    last_solved_at,
    if(both(is_finished(last_status_category), arrayExists(c -> c.1 >= last_solve_step, closings)),
        arrayFirst(c -> c.1 >= last_solve_step, closings).2, NULL) AS closed_at,
    NULL AS discarded_at,
    if(is_finished(last_status_category), 'solved', '') AS cycle_ended_by,
    clock_ms(created_clock, first_solved_clock) AS first_resolution_business_ms,
    clock_ms(created_clock, last_solved_clock) AS full_resolution_business_ms,
    work_ms,
    work_business_ms,
    pending_ms,
    pending_business_ms,
    on_hold_ms,
    on_hold_business_ms,
    unassigned_ms,
    unassigned_business_ms,
    held_ms,
    held_business_ms,
    reopens,
    agent_replies,
    reply_turns,
    private_notes,
    customer_messages,
    stations,
    queue_stations,
    handoffs,
    bounced_assignments,
    queue_changes,
    clock_skew_ms,

    -- Zero-length intervals are not kept; equal neighbours are.
    CAST(arrayFilter(i -> i.1 < i.2, arrayMap(
        (i, valid_to) -> (i.2, valid_to, i.3, i.4, i.5, i.6, i.7, i.8),
        interval_starts, arrayPushBack(arrayPopFront(interval_starts.2), far_future()))),
        'Array(Tuple(valid_from DateTime64(3, ''UTC''), valid_to DateTime64(3, ''UTC''), status String, status_category LowCardinality(String), queue_id String, assignee_id String, changed_by_type LowCardinality(String), changed_by_id String))') AS intervals,

    -- Waits don't overlap, so the n-th end ends the n-th wait; the last one may be open.
    CAST(arrayMap(
        (started, n) -> (
            started.2,
            started.3,
            if(n <= length(wait_ends), wait_ends[n].2, NULL),
            multiIf(n > length(wait_ends), '', wait_ends[n].3, 'agent_reply', 'solved'),
            if(both(n <= length(wait_ends), wait_ends[n].3), wait_ends[n].4, ''),
            started.4,
            if(both(n <= length(wait_ends), wait_ends[n].3), wait_ends[n].5, ''),
            started.5,
            if(n <= length(wait_ends), wait_ends[n].6, ''),
            if(n <= length(wait_ends), wait_ends[n].7, NULL),
            if(both(n <= length(wait_ends), wait_ends[n].3), wait_ends[n].8, NULL),
            if(both(n <= length(wait_ends), wait_ends[n].3), wait_ends[n].9, NULL)),
        wait_starts, arrayEnumerate(wait_starts)),
        'Array(Tuple(wait_no UInt32, waiting_since DateTime64(3, ''UTC''), ended_at Nullable(DateTime64(3, ''UTC'')), ended_by LowCardinality(String), replied_by_agent_id String, assignee_at_start String, assignee_at_reply String, queue_at_start String, queue_at_end String, wait_business_ms Nullable(Int64), own_clock_from Nullable(DateTime64(3, ''UTC'')), agent_wait_business_ms Nullable(Int64)))') AS waits,

    -- A reopening carries the number of the solve that it undoes. Nothing is pending between a solve and a reopening, so the pending time of a
    -- cycle is what was added since the solve before.
    CAST(arrayMap(
        (s, n) -> (
            s.2,
            s.3,
            s.4,
            s.5,
            s.6,
            s.7,
            s.8,
            s.11,
            s.12,
            s.9 - if(n = 1, 0, solves[n - 1].9),
            s.10 - if(n = 1, 0, solves[n - 1].10),
            if(n <= length(reopenings), reopenings[n].2, NULL)),
        solves, arrayEnumerate(solves)),
        'Array(Tuple(resolution_no UInt32, solved_at DateTime64(3, ''UTC''), solved_by_type LowCardinality(String), solved_by_id String, assignee_id String, queue_id String, cycle_started_at DateTime64(3, ''UTC''), cycle_business_ms Int64, since_created_business_ms Int64, pending_ms Int64, pending_business_ms Int64, reopened_at Nullable(DateTime64(3, ''UTC''))))') AS resolutions,

    CAST(arrayMap(
        (e, action) -> (
            e.2, e.3, e.4, e.5, e.6, e.7, e.8, e.9, e.10, e.11, e.12, e.13, e.14,
            if(action.1 > 0, action.2, NULL),
            action.3,
            if(action.1 > 0, clock_ms(e.15, action.4), NULL)),
        escalations_fired,
        arrayMap(e -> arrayFirst(action -> action.1 > e.1, human_actions), escalations_fired)),
        'Array(Tuple(event_id String, fired_at DateTime64(3, ''UTC''), policy_id String, policy_name String, breached_metric LowCardinality(String), threshold_seconds Int64, elapsed_seconds Nullable(Int64), level String, escalated_to_type LowCardinality(String), escalated_to_id String, status_category LowCardinality(String), queue_id String, assignee_id String, acknowledged_at Nullable(DateTime64(3, ''UTC'')), acknowledged_by_id String, acknowledge_business_ms Nullable(Int64)))') AS escalations,

    CAST(activities,
        'Array(Tuple(step_no UInt32, at DateTime64(3, ''UTC''), activity LowCardinality(String), actor_type LowCardinality(String), actor_id String, queue_id String))') AS edges,

    CAST(arrayFlatten(arrayMap(step -> arrayMap(flow -> (step.2, flow.1, flow.2), step.3), flow_steps)),
        'Array(Tuple(at DateTime64(3, ''UTC''), queue_id String, flow LowCardinality(String)))') AS flows,

    CAST(arrayFilter(f -> f.2 > 0, [
        ('creation_missing', toUInt64(is_provisional)),
        ('creation_repeated', repeated_creations),
        ('event_before_creation', events_before_creation),
        ('future_time', future_times),
        ('status_contradiction', contradicted_statuses),
        ('unknown_status', unknown_statuses)]),
        'Array(Tuple(rule LowCardinality(String), occurrences UInt32))') AS findings,

    live_config_version() AS config_version
FROM gathered
COMMENT 'The definition of ticket_facts. Parameters: tickets (empty: all), as_of (event time), known_at (time of receipt).'
