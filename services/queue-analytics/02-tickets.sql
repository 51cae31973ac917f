-- Tickets as they are now. As they were, or as they were known to be: in a snapshot.

CREATE OR REPLACE VIEW {database}.tickets
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    is_provisional UInt8 COMMENT '1 while no ticket.created is known: created_at is then the first event.',
    created_at DateTime64(3, 'UTC') COMMENT 'Event time of the creation (of the first event while provisional). Anchor of this row''s durations.',
    last_event_at DateTime64(3, 'UTC') COMMENT 'Event time of the last event.',
    customer_telegram_user_id Nullable(Int64) COMMENT 'Customer; NULL while provisional.',
    customer_language_code LowCardinality(String) COMMENT 'Language of the customer, empty when unknown.',
    channel_type LowCardinality(String) COMMENT 'Kind of channel, empty while provisional.',
    channel_chat_id String COMMENT 'Chat, empty while provisional.',
    channel_topic_id String COMMENT 'Forum topic, empty when absent.',
    campaign_id String COMMENT 'metadata.campaign_id as text, empty when absent.',
    source_url String COMMENT 'metadata.source_url as text, empty when absent.',
    metadata String COMMENT 'Free-form object of the creation as JSON text, empty when absent.',
    status String COMMENT 'Current status, as sent.',
    status_category LowCardinality(String) COMMENT 'Current category: new, open, pending, on_hold, solved, closed or discarded.',
    is_discarded UInt8 COMMENT '1 while its category is discarded: over without having been solved (merged, spam, deleted, duplicate).',
    queue_id String COMMENT 'Current queue (the group assigned), empty before the first assignment to one.',
    assignee_id String COMMENT 'Current assignee, empty when nobody.',
    first_queue_id String COMMENT 'First queue it was ever in, empty when none yet. Reports by queue use this or queue_at_first_response.',
    first_response_at Nullable(DateTime64(3, 'UTC')) COMMENT 'First agent reply that answers the customer, by any agent; unchanged by a reopening. NULL while unanswered.',
    first_response_agent_id String COMMENT 'Who gave the first response, empty while unanswered.',
    assignee_at_first_response String COMMENT 'Assignee at the first response, empty when nobody or unanswered.',
    queue_at_first_response String COMMENT 'Queue at the first response, empty when none or unanswered.',
    first_response_seconds Nullable(Int64) COMMENT 'First response: from the creation, or from the first customer message when none came before it, to the first agent reply; whole seconds elapsed. NULL while unanswered.',
    first_response_business_seconds Nullable(Int64) COMMENT 'First response, as first_response_seconds, in whole seconds of business time (the tenant''s default calendar; 24x7 without one). NULL while unanswered.',
    first_response_in_business_hours Nullable(UInt8) COMMENT '1 when the first response came while the calendar was open, 0 when outside. NULL while unanswered.',
    first_solved_at Nullable(DateTime64(3, 'UTC')) COMMENT 'First solve: entering solved or closed from a category that is not over. NULL when never solved.',
    last_solved_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Last solve, kept after a reopening. NULL when never solved.',
    closed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'First entry into closed since it was last neither solved, closed nor discarded. NULL while it is none of them, or not closed since.',
    first_resolution_seconds Nullable(Int64) COMMENT 'Creation to first solve, whole seconds elapsed. NULL when never solved.',
    first_resolution_business_seconds Nullable(Int64) COMMENT 'Creation to first solve, whole seconds of business time. NULL when never solved.',
    full_resolution_seconds Nullable(Int64) COMMENT 'Creation to last solve, whole seconds elapsed. NULL unless the present cycle ended by a solve: when never solved, while reopened, or discarded since.',
    full_resolution_business_seconds Nullable(Int64) COMMENT 'Creation to last solve, whole seconds of business time. NULL unless the present cycle ended by a solve: when never solved, while reopened, or discarded since.',
    requester_wait_seconds Int64 COMMENT 'Time in new, open and on_hold, whole seconds elapsed. Running up to now; 0 when it never happened, never NULL.',
    requester_wait_business_seconds Int64 COMMENT 'Time in new, open and on_hold, whole seconds of business time. Running up to now; 0 when it never happened, never NULL.',
    pending_seconds Int64 COMMENT 'Time in pending, whole seconds elapsed. Running up to now; 0 when it never happened, never NULL.',
    pending_business_seconds Int64 COMMENT 'Time in pending, whole seconds of business time. Running up to now; 0 when it never happened, never NULL.',
    on_hold_seconds Int64 COMMENT 'Time in on_hold, whole seconds elapsed. Running up to now; 0 when it never happened, never NULL.',
    on_hold_business_seconds Int64 COMMENT 'Time in on_hold, whole seconds of business time. Running up to now; 0 when it never happened, never NULL.',
    agent_work_seconds Int64 COMMENT 'Time in new and open, whole seconds elapsed. Running up to now; 0 when it never happened, never NULL.',
    agent_work_business_seconds Int64 COMMENT 'Time in new and open, whole seconds of business time. Running up to now; 0 when it never happened, never NULL.',
    unassigned_seconds Int64 COMMENT 'Time without assignee while not solved, closed or discarded, whole seconds elapsed. Running up to now; 0 when it never happened, never NULL.',
    unassigned_business_seconds Int64 COMMENT 'Time without assignee while not solved, closed or discarded, whole seconds of business time. Running up to now; 0 when it never happened, never NULL.',
    held_seconds Int64 COMMENT 'Time in new and open with an assignee, whoever that was, whole seconds elapsed. Running up to now; 0 when it never happened, never NULL. By agent: agents.ticket_assignments.',
    held_business_seconds Int64 COMMENT 'Time in new and open with an assignee, whoever that was, whole seconds of business time. Running up to now; 0 when it never happened, never NULL.',
    solves UInt32 COMMENT 'Times it entered solved or closed from a category that is not over.',
    reopens UInt32 COMMENT 'Times it came back after a solve; being restored after a discard is none.',
    is_one_touch Nullable(UInt8) COMMENT '1 when solved with exactly one reply turn and never reopened. NULL unless the present cycle ended by a solve.',
    is_no_touch Nullable(UInt8) COMMENT '1 when solved without any agent reply. NULL unless the present cycle ended by a solve.',
    agent_replies UInt32 COMMENT 'Public messages by human agents.',
    reply_turns UInt32 COMMENT 'Runs of agent replies by one agent, ended by a customer message or another agent.',
    private_notes UInt32 COMMENT 'Private messages by anybody.',
    customer_messages UInt32 COMMENT 'Public messages by customers, the initial one included.',
    stations UInt32 COMMENT 'Stations with an agent.',
    queue_stations UInt32 COMMENT 'Runs of one queue.',
    handoffs UInt32 COMMENT 'Direct passages from one agent to another.',
    bounced_assignments UInt32 COMMENT 'Stations that an agent lost without having replied in them.',
    queue_changes UInt32 COMMENT 'How often assignments after the creation instant named another group than the one before, naming none included: what service desks log as reassignment count. queue_stations counts the runs of queue_id.',
    escalations_fired UInt32 COMMENT 'Escalations that the CRM fired. Escalation rate: the share of tickets with at least one.',
    is_waiting UInt8 COMMENT '1 when a customer waits for a reply now and the ticket is neither solved, closed nor discarded.',
    waiting_since Nullable(DateTime64(3, 'UTC')) COMMENT 'Start of the open wait, also of one that began after the solve or the discard. NULL when nobody waits.',
    clock_skew_seconds Int64 COMMENT 'Largest absolute difference between an event''s body time and its event time, whole seconds.',
    data_quality Array(LowCardinality(String)) COMMENT 'Rules with findings on this ticket, sorted; the counts are in data_quality.'
)
AS
WITH
    now64(3, 'UTC') AS at,
    business_clock(integration_id, at) AS clock_now
SELECT
    integration_id,
    ticket_id,
    is_provisional,
    created_at,
    last_event_at,
    customer_telegram_user_id,
    customer_language_code,
    channel_type,
    channel_chat_id,
    channel_topic_id,
    json_text(metadata, 'campaign_id') AS campaign_id,
    json_text(metadata, 'source_url') AS source_url,
    metadata,
    status,
    status_category,
    toUInt8(status_category = 'discarded') AS is_discarded,
    queue_id,
    assignee_id,
    first_queue_id,
    first_response_at,
    first_response_agent_id,
    assignee_at_first_response,
    queue_at_first_response,
    seconds_between(response_due_from, first_response_at) AS first_response_seconds,
    whole_seconds(first_response_business_ms) AS first_response_business_seconds,
    in_business_hours(integration_id, first_response_at) AS first_response_in_business_hours,
    first_solved_at,
    last_solved_at,
    closed_at,
    seconds_between(created_at, first_solved_at) AS first_resolution_seconds,
    whole_seconds(first_resolution_business_ms) AS first_resolution_business_seconds,
    if(cycle_ended_by = 'solved', seconds_between(created_at, last_solved_at), NULL) AS full_resolution_seconds,
    if(cycle_ended_by = 'solved', whole_seconds(full_resolution_business_ms), NULL) AS full_resolution_business_seconds,
    running_seconds(work_ms + on_hold_ms, is_agents_turn(status_category) OR status_category = 'on_hold', running_since, at) AS requester_wait_seconds,
    running_business_seconds(work_business_ms + on_hold_business_ms, is_agents_turn(status_category) OR status_category = 'on_hold', running_since_clock, clock_now) AS requester_wait_business_seconds,
    running_seconds(pending_ms, status_category = 'pending', running_since, at) AS pending_seconds,
    running_business_seconds(pending_business_ms, status_category = 'pending', running_since_clock, clock_now) AS pending_business_seconds,
    running_seconds(on_hold_ms, status_category = 'on_hold', running_since, at) AS on_hold_seconds,
    running_business_seconds(on_hold_business_ms, status_category = 'on_hold', running_since_clock, clock_now) AS on_hold_business_seconds,
    running_seconds(work_ms, is_agents_turn(status_category), running_since, at) AS agent_work_seconds,
    running_business_seconds(work_business_ms, is_agents_turn(status_category), running_since_clock, clock_now) AS agent_work_business_seconds,
    running_seconds(unassigned_ms, assignee_id = '' AND NOT is_finished(status_category), running_since, at) AS unassigned_seconds,
    running_business_seconds(unassigned_business_ms, assignee_id = '' AND NOT is_finished(status_category), running_since_clock, clock_now) AS unassigned_business_seconds,
    running_seconds(held_ms, assignee_id != '' AND is_agents_turn(status_category), running_since, at) AS held_seconds,
    running_business_seconds(held_business_ms, assignee_id != '' AND is_agents_turn(status_category), running_since_clock, clock_now) AS held_business_seconds,
    toUInt32(length(resolutions)) AS solves,
    reopens,
    if(cycle_ended_by = 'solved', toUInt8(reply_turns = 1 AND reopens = 0), NULL) AS is_one_touch,
    if(cycle_ended_by = 'solved', toUInt8(agent_replies = 0), NULL) AS is_no_touch,
    agent_replies,
    reply_turns,
    private_notes,
    customer_messages,
    stations,
    queue_stations,
    handoffs,
    bounced_assignments,
    queue_changes,
    toUInt32(length(escalations)) AS escalations_fired,
    toUInt8(NOT is_finished(status_category) AND notEmpty(waits) AND isNull(waits[-1].ended_at)) AS is_waiting,
    if(notEmpty(waits) AND isNull(waits[-1].ended_at), waits[-1].waiting_since, NULL) AS waiting_since,
    whole_seconds(clock_skew_ms) AS clock_skew_seconds,
    findings.rule AS data_quality
FROM {database}.ticket_facts FINAL
COMMENT 'One row per ticket, now: attributes and lifetime metrics. Durations of open tickets run up to now.';

CREATE OR REPLACE VIEW {database}.tenants
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    last_event_at DateTime64(3, 'UTC') COMMENT 'Event time of the last event of any of its tickets.'
)
AS
-- Of a ticket's rows the last one is also the latest: nothing has to be merged for that.
SELECT integration_id, max(last_event_at) AS last_event_at
FROM {database}.ticket_facts
GROUP BY integration_id
COMMENT 'One row per tenant that has tickets.';

CREATE OR REPLACE VIEW {database}.queue_names
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    queue_id String COMMENT 'Queue that a ticket is in, or was in first.',
    display_name String COMMENT 'Configured name; the id when there is none.'
)
AS
SELECT
    integration_id,
    queue AS queue_id,
    queue_name(integration_id, queue) AS display_name
FROM {database}.ticket_facts FINAL
ARRAY JOIN [queue_id, first_queue_id] AS queue
WHERE queue != ''
GROUP BY integration_id, queue
COMMENT 'One row per tenant and queue: what people call it.'
