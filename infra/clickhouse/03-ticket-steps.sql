-- What a ticket was after each of its events: the rules of state, waits, stations, turns, cycles and solves, once.
-- One row per event in the ticket's own order (event time, type, id; never arrival). The facts only gather these rows.
-- Each window looks at the rows strictly before; what is true after an event is then a plain expression. Windows that
-- need each other's results sit in different CTEs, and there are four of them because each costs one sort.

CREATE OR REPLACE VIEW {database}.ticket_steps AS
WITH
    known AS
    (
        SELECT *
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
            leadInFrame(toNullable(event_at), 1, NULL) OVER whole_ticket AS next_event_at,
            first_value(if(type_rank = 0, event_at, NULL)) IGNORE NULLS OVER whole_ticket AS creation_at,
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
            ifNull(event_id = creation_event_id, false) AS is_creation,
            ifNull(creation_status, '') = '' AS is_status_assumed,
            message_id != '' AND message_id = ifNull(initial_message_id, '') AS is_initial_message,
            event_type = 'message.received' AS is_message,
            event_type = 'agent.assigned' AS is_assignment,
            event_type = 'status.changed' AS is_status_event,
            status_key(new_status) AS new_status_key
        FROM placed
    ),

    -- What each event is by itself. A second creation is ignored whole.
    -- A customer's message.received with the initial message's id is that same message.
    named AS
    (
        SELECT
            *,
            type_rank = 0 AND NOT is_creation AS is_ignored,
            if(is_status_assumed, 'new', assumeNotNull(creation_status)) AS initial_status,
            is_creation AND has_message
                OR is_message AND is_public_customer_message(actor_type, is_private) AND NOT is_initial_message
                AS is_customer_message,
            is_message AND is_public_agent_reply(actor_type, is_private, is_automated) AS is_agent_reply,
            is_message AND is_private AS is_private_note,
            actor_type = 'agent' AND (is_assignment OR is_status_event OR is_message AND NOT is_automated) AS is_human_action
        FROM creation
    ),

    seen_before AS
    (
        SELECT
            *,
            countIf(is_creation) OVER before AS creations_before,
            countIf(is_customer_message) OVER before AS customer_messages_before,
            countIf(is_status_event) OVER before AS status_events_before,
            ifNull(last_value(if(is_status_event, new_status_key, NULL)) IGNORE NULLS OVER before,
                   status_key(initial_status)) AS status_key_before,
            ifNull(last_value(if(is_assignment, assignee_agent_id, NULL)) IGNORE NULLS OVER before, '') AS assignee_before,
            ifNull(last_value(if(is_assignment AND assignee_group_id != '', assignee_group_id, NULL)) IGNORE NULLS OVER before,
                   '') AS queue_before,
            ifNull(last_value(if(is_assignment, assignee_group_id, NULL)) IGNORE NULLS OVER before, '') AS named_group_before,
            last_value(multiIf(is_customer_message, 'customer', is_agent_reply, concat('agent ', actor_id), NULL))
                IGNORE NULLS OVER before AS speaker_before
        FROM named
        WINDOW before AS (
            PARTITION BY integration_id, ticket_id ORDER BY event_at, type_rank, event_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ),

    -- The state after the event. An assignment that names no group keeps the queue.
    state AS
    (
        SELECT
            *,
            if(is_provisional, step_no = 1, creations_before = 0) AS is_up_to_creation,
            if(is_status_event, new_status_key, status_key_before) AS status_key_after,
            status_category(integration_id, status_key_before) AS category_before,
            status_category(integration_id, status_key_after) AS status_category,
            if(is_assignment, assignee_agent_id, assignee_before) AS assignee_id,
            if(is_assignment AND assignee_group_id != '', assignee_group_id, queue_before) AS queue_id
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
            is_agent_reply AND ifNull(speaker_before != concat('agent ', actor_id), true) AS starts_turn,
            is_agent_reply AND NOT is_up_to_creation AND customer_messages_before > 0 AS answers_creation,
            is_agent_reply AND actor_id != '' AND actor_id = assignee_id AS is_own_reply
        FROM state
    ),

    -- What the event did.
    changed AS
    (
        SELECT
            *,
            is_finished_after AND NOT was_finished AS is_solve,
            was_finished AND NOT is_finished_after AS is_reopen,
            status_category = 'closed' AND category_before != 'closed' AS is_closing,
            step_no = 1 OR changes_status OR changes_assignee OR changes_queue AS starts_interval,
            step_no = 1 OR changes_assignee OR changes_queue AS starts_station,
            is_agent_reply OR is_finished_after AND NOT was_finished AS stops_waiting
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
            countIf(is_own_reply) OVER before AS own_replies_before,
            countIf(starts_turn) OVER before AS turns_before,
            countIf(is_solve) OVER before AS solves_before,
            countIf(answers_creation) OVER before AS answers_before,
            ifNull(last_value(if(is_reopen, event_at, NULL)) IGNORE NULLS OVER before, created_at) AS cycle_started_before
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
            turns_before + starts_turn AS turn_no,
            solves_before + is_solve AS solve_no,
            answers_creation AND answers_before = 0 AS is_first_response,
            if(is_reopen, event_at, cycle_started_before) AS cycle_started_at
        FROM counted_before
    ),

    -- A wait starts at a customer's message when none is running; a reply or a solve ends it.
    waited AS
    (
        SELECT
            *,
            is_customer_message AND NOT is_waiting_before AS starts_wait,
            stops_waiting AND is_waiting_before AS ends_wait,
            if(status_category = 'pending', next_event_at, NULL) AS pending_until,
            greatest(event_at, cycle_started_at) AS pending_from,
            ifNull(ms_between(pending_from, pending_until), 0) AS cycle_pending_ms,
            ifNull(business_ms(integration_id, pending_from, pending_until), 0) AS cycle_pending_business_ms
        FROM numbered
    ),

    summed_before AS
    (
        SELECT
            *,
            countIf(starts_wait) OVER before AS waits_before,
            last_value(if(starts_wait, event_at, NULL)) IGNORE NULLS OVER before AS wait_started_before,
            ifNull(last_value(if(starts_station, own_replies_before, NULL)) IGNORE NULLS OVER before, 0)
                AS own_replies_at_station_start,
            sum(cycle_pending_ms) OVER before AS pending_ms_before,
            sum(cycle_pending_business_ms) OVER before AS pending_business_ms_before
        FROM waited
        WINDOW before AS (
            PARTITION BY integration_id, ticket_id ORDER BY event_at, type_rank, event_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    )

SELECT
    *,
    waits_before + starts_wait AS wait_no,
    -- The replier's own clock: from the start of the own station when later; from the wait's start without a station.
    if(is_own_reply AND station_started_at > wait_started_before, station_started_at, wait_started_before) AS own_clock_from,
    is_own_reply AND own_replies_before = own_replies_at_station_start AS is_first_own_reply,
    starts_station AND assignee_before != '' AND changes_assignee AS leaves_agent,
    leaves_agent AND assignee_id != '' AS is_handoff,
    leaves_agent AND own_replies_before = own_replies_at_station_start AS is_bounce,
    changes_queue AND queue_id != '' AS starts_queue_station,
    -- "No group" counts as a group here; the assignment at creation sets the first one.
    is_assignment AND assignee_group_id != named_group_before AND event_at > created_at AS changes_named_group
FROM summed_before
COMMENT 'One row per event of a ticket in order, with the state after it. Parameters: tickets (empty: all), as_of (event time), known_at (time of receipt).'
