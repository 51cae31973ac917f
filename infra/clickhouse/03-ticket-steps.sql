-- What a ticket was after each of its events: the rules of state, waits, stations, turns, cycles and solves, once.
-- One row per event in the ticket's own order (event time, type, id; never arrival). The facts only gather these rows.
-- Each window looks at the rows strictly before; what is true after an event is then a plain expression. Windows that
-- need each other's results sit in different CTEs, and there are four of them because each costs one sort.

CREATE OR REPLACE VIEW {database}.ticket_steps AS
WITH
    known AS
    (
        SELECT
            *,
            business_clock(integration_id, event_at) AS event_clock
        FROM {database}.timeline FINAL
        WHERE (empty({tickets:Array(String)}) OR ticket_id IN {tickets:Array(String)})
            AND event_at <= {as_of:DateTime64(3, 'UTC')}
            AND received_at <= {known_at:DateTime64(3, 'UTC')}
    ),

    -- Two creations: the earlier by order is the creation. None at all: the ticket is provisional.
    placed AS
    (
        SELECT
            *,
            row_number() OVER whole_ticket AS step_no,
            first_value(event_at) OVER whole_ticket AS first_event_at,
            first_value(event_clock) OVER whole_ticket AS first_event_clock,
            leadInFrame(toNullable(event_at), 1, NULL) OVER whole_ticket AS next_event_at,
            leadInFrame(toNullable(event_clock), 1, NULL) OVER whole_ticket AS next_event_clock,
            first_value(if(type_rank = 0, event_at, NULL)) IGNORE NULLS OVER whole_ticket AS creation_at,
            first_value(if(type_rank = 0, event_clock, NULL)) IGNORE NULLS OVER whole_ticket AS creation_clock,
            first_value(if(type_rank = 0, event_id, NULL)) IGNORE NULLS OVER whole_ticket AS creation_event_id,
            first_value(if(type_rank = 0, new_status, NULL)) IGNORE NULLS OVER whole_ticket AS creation_status,
            first_value(if(type_rank = 0, message_id, NULL)) IGNORE NULLS OVER whole_ticket AS initial_message_id
        FROM known
        WINDOW whole_ticket AS (
            PARTITION BY integration_id, ticket_id ORDER BY event_at, type_rank, event_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),

    creation AS
    (
        SELECT
            *,
            isNull(creation_at) AS is_provisional,
            ifNull(creation_at, first_event_at) AS created_at,
            ifNull(creation_clock, first_event_clock) AS created_clock,
            ifNull(event_id = creation_event_id, false) AS is_creation,
            ifNull(creation_status, '') = '' AS is_status_assumed,
            both(message_id != '', message_id = ifNull(initial_message_id, '')) AS is_initial_message,
            event_type = 'message.received' AS is_message,
            event_type = 'agent.assigned' AS is_assignment,
            event_type = 'status.changed' AS is_status_event,
            both(is_assignment, assignee_group_id != '') AS names_group,
            status_key(new_status) AS new_status_key
        FROM placed
    ),

    -- What each event is by itself. A second creation is ignored whole.
    -- A customer's message.received with the initial message's id is that same message: a copy of it.
    named AS
    (
        SELECT
            *,
            both(type_rank = 0, NOT is_creation) AS is_ignored,
            if(is_status_assumed, 'new', assumeNotNull(creation_status)) AS initial_status,
            multiIf(
                is_creation, has_message,
                is_message, is_public_customer_message(actor_type, is_private),
                false) AS is_from_customer,
            both(is_from_customer, is_initial_message) AS is_initial_copy,
            both(is_message, is_public_agent_reply(actor_type, is_private, is_automated)) AS is_agent_reply,
            both(is_message, is_private) AS is_private_note,
            multiIf(
                actor_type != 'agent', false,
                is_message, NOT is_automated,
                either(is_assignment, is_status_event)) AS is_human_action
        FROM creation
    ),

    seen_before AS
    (
        SELECT
            *,
            countIf(is_creation) OVER before AS creations_before,
            countIf(is_from_customer) OVER before AS customer_messages_before,
            countIf(is_initial_copy) OVER before AS initial_copies_before,
            countIf(is_status_event) OVER before AS status_events_before,
            ifNull(last_value(if(is_status_event, new_status_key, NULL)) IGNORE NULLS OVER before,
                   status_key(initial_status)) AS status_key_before,
            ifNull(last_value(if(is_assignment, assignee_agent_id, NULL)) IGNORE NULLS OVER before, '') AS assignee_before,
            ifNull(last_value(if(names_group, assignee_group_id, NULL)) IGNORE NULLS OVER before,
                   '') AS queue_before,
            ifNull(last_value(if(is_assignment, assignee_group_id, NULL)) IGNORE NULLS OVER before, '') AS named_group_before
        FROM named
        WINDOW before AS (
            PARTITION BY integration_id, ticket_id ORDER BY event_at, type_rank, event_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ),

    -- The state after the event. An assignment that names no group keeps the queue.
    -- Of the initial message's copies, the creation's own included, the first in order counts; the others are repetitions.
    state AS
    (
        SELECT
            *,
            if(is_provisional, step_no = 1, creations_before = 0) AS is_up_to_creation,
            both(is_initial_copy, initial_copies_before > 0) AS is_repetition,
            both(is_from_customer, NOT is_repetition) AS is_customer_message,
            if(is_status_event, new_status_key, status_key_before) AS status_key_after,
            status_category(integration_id, status_key_before) AS category_before,
            status_category(integration_id, status_key_after) AS status_category,
            if(is_assignment, assignee_agent_id, assignee_before) AS assignee_id,
            if(names_group, assignee_group_id, queue_before) AS queue_id
        FROM seen_before
    ),

    transition AS
    (
        SELECT
            *,
            status_key_after != status_key_before AS changes_status,
            assignee_id != assignee_before AS changes_assignee,
            queue_id != queue_before AS changes_queue,
            is_finished(category_before) AS was_finished,
            is_finished(status_category) AS is_finished_after,
            both(is_agent_reply, both(NOT is_up_to_creation, customer_messages_before > 0)) AS answers_creation,
            both(is_agent_reply, both(actor_id != '', actor_id = assignee_id)) AS is_own_reply
        FROM state
    ),

    -- What the event did.
    changed AS
    (
        SELECT
            *,
            both(is_finished_after, NOT was_finished) AS is_solve,
            both(was_finished, NOT is_finished_after) AS is_reopen,
            both(assignee_id != '', is_agents_turn(status_category)) AS is_held,
            both(status_category = 'closed', category_before != 'closed') AS is_closing,
            multiIf(changes_status, true, changes_assignee, true, changes_queue) AS changes_state,
            either(step_no = 1, changes_state) AS starts_interval,
            multiIf(step_no = 1, true, changes_assignee, true, changes_queue) AS starts_station,
            -- A reply before the creation answers nothing.
            either(both(is_agent_reply, NOT is_up_to_creation), both(is_finished_after, NOT was_finished)) AS stops_waiting
        FROM transition
    ),

    counted_before AS
    (
        SELECT
            *,
            last_value(if(changes_status, new_status, NULL)) IGNORE NULLS OVER before AS status_before,
            max(if(is_customer_message, step_no, 0)) OVER before AS last_customer_step,
            max(if(stops_waiting, step_no, 0)) OVER before AS last_stop_step,
            countIf(starts_station) OVER before AS stations_before,
            last_value(if(starts_station, event_at, NULL)) IGNORE NULLS OVER before AS station_started_before,
            last_value(if(starts_station, event_clock, NULL)) IGNORE NULLS OVER before AS station_started_clock_before,
            countIf(is_agent_reply) OVER before AS agent_replies_before,
            countIf(is_own_reply) OVER before AS own_replies_before,
            last_value(multiIf(is_customer_message, 'customer', is_agent_reply, concat('agent ', actor_id), NULL))
                IGNORE NULLS OVER before AS speaker_before,
            countIf(is_solve) OVER before AS solves_before,
            countIf(answers_creation) OVER before AS answers_before,
            ifNull(last_value(if(is_reopen, event_at, NULL)) IGNORE NULLS OVER before, created_at) AS cycle_started_before,
            ifNull(last_value(if(is_reopen, event_clock, NULL)) IGNORE NULLS OVER before, created_clock)
                AS cycle_started_clock_before
        FROM changed
        WINDOW before AS (
            PARTITION BY integration_id, ticket_id ORDER BY event_at, type_rank, event_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ),

    numbered AS
    (
        SELECT
            *,
            if(changes_status, new_status, ifNull(status_before, initial_status)) AS status,
            last_customer_step > last_stop_step AS is_waiting_before,
            stations_before + starts_station AS station_no,
            if(starts_station, event_at, assumeNotNull(station_started_before)) AS station_started_at,
            if(starts_station, event_clock, assumeNotNull(station_started_clock_before)) AS station_started_clock,
            both(is_agent_reply, ifNull(speaker_before != concat('agent ', actor_id), true)) AS starts_turn,
            solves_before + is_solve AS solve_no,
            both(answers_creation, answers_before = 0) AS is_first_response,
            if(is_reopen, event_at, cycle_started_before) AS cycle_started_at,
            if(is_reopen, event_clock, cycle_started_clock_before) AS cycle_started_clock
        FROM counted_before
    ),

    -- A wait starts at a customer's message when none is running; a reply or a solve ends it.
    waited AS
    (
        SELECT
            *,
            both(is_customer_message, NOT is_waiting_before) AS starts_wait,
            both(stops_waiting, is_waiting_before) AS ends_wait,
            status_category = 'pending' AS is_pending,
            if(is_pending, ifNull(ms_between(greatest(event_at, cycle_started_at), next_event_at), 0), 0)
                AS cycle_pending_ms,
            if(is_pending, ifNull(clock_ms(greatest(event_clock, cycle_started_clock), next_event_clock), 0), 0)
                AS cycle_pending_business_ms,
            ifNull(ms_between(event_at, next_event_at), 0) AS step_ms,
            ifNull(clock_ms(event_clock, next_event_clock), 0) AS step_business_ms
        FROM numbered
    ),

    summed_before AS
    (
        SELECT
            *,
            countIf(starts_wait) OVER before AS waits_before,
            countIf(starts_turn) OVER before AS turns_before,
            last_value(if(starts_wait, event_at, NULL)) IGNORE NULLS OVER before AS wait_started_before,
            last_value(if(starts_wait, event_clock, NULL)) IGNORE NULLS OVER before AS wait_started_clock_before,
            ifNull(last_value(if(starts_station, own_replies_before, NULL)) IGNORE NULLS OVER before, 0)
                AS own_replies_at_station_start,
            sum(cycle_pending_ms) OVER before AS pending_ms_before,
            sum(cycle_pending_business_ms) OVER before AS pending_business_ms_before,
            sumIf(step_ms, is_held) OVER before AS held_ms_before,
            sumIf(step_business_ms, is_held) OVER before AS held_business_ms_before
        FROM waited
        WINDOW before AS (
            PARTITION BY integration_id, ticket_id ORDER BY event_at, type_rank, event_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    )

SELECT
    *,
    waits_before + starts_wait AS wait_no,
    turns_before + starts_turn AS turn_no,
    -- The replier's own clock: from the start of the own station when later; from the wait's start without a station.
    if(both(is_own_reply, station_started_at > wait_started_before), station_started_at, wait_started_before)
        AS own_clock_from,
    clock_ms(wait_started_clock_before, event_clock) AS wait_business_ms,
    clock_ms(
        if(is_own_reply, greatest(station_started_clock, assumeNotNull(wait_started_clock_before)), wait_started_clock_before),
        event_clock) AS own_wait_business_ms,
    both(is_own_reply, own_replies_before = own_replies_at_station_start) AS is_first_own_reply,
    both(changes_assignee, assignee_before != '') AS leaves_agent,
    both(leaves_agent, assignee_id != '') AS is_handoff,
    both(leaves_agent, own_replies_before = own_replies_at_station_start) AS is_bounce,
    both(changes_queue, queue_id != '') AS starts_queue_station,
    both(is_assignment, both(assignee_agent_id = '', assignee_group_id = '')) AS is_unassignment,
    -- "No group" counts as a group here; the assignment at creation sets the first one.
    both(is_assignment, both(assignee_group_id != named_group_before, event_at > created_at)) AS changes_named_group
FROM summed_before
COMMENT 'One row per event of a ticket in order, with the state after it. Parameters: tickets (empty: all), as_of (event time), known_at (time of receipt).'
