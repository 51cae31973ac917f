-- The nested parts of the facts as rows: intervals, waits, solves, escalations, findings.

CREATE OR REPLACE VIEW {database}.ticket_state_intervals
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    valid_from DateTime64(3, 'UTC') COMMENT 'Start, included.',
    valid_to DateTime64(3, 'UTC') COMMENT 'End, not included; 2106-01-01 while it lasts.',
    status String COMMENT 'Status, as sent.',
    status_category LowCardinality(String) COMMENT 'Its category.',
    queue_id String COMMENT 'Queue, empty before the first.',
    assignee_id String COMMENT 'Assignee, empty when nobody.',
    changed_by_type LowCardinality(String) COMMENT 'Who opened the interval: type of the actor, of several changes in one instant the last one''s; customer where the creation opened it, empty where a provisional ticket''s first event did without changing anything.',
    changed_by_id String COMMENT 'Id of that actor, empty when absent.',
    seconds Int64 COMMENT 'Length in whole seconds elapsed; running up to now while it lasts.',
    business_seconds Int64 COMMENT 'Length in whole seconds of business time; running up to now while it lasts.'
)
AS
SELECT
    integration_id,
    ticket_id,
    valid_from,
    valid_to,
    status,
    status_category,
    queue_id,
    assignee_id,
    changed_by_type,
    changed_by_id,
    seconds_between(valid_from, if(valid_to = far_future(), greatest(valid_from, now64(3, 'UTC')), valid_to)) AS seconds,
    business_seconds(integration_id, valid_from, if(valid_to = far_future(), greatest(valid_from, now64(3, 'UTC')), valid_to)) AS business_seconds
FROM {database}.ticket_facts FINAL
ARRAY JOIN
    intervals.valid_from AS valid_from,
    intervals.valid_to AS valid_to,
    intervals.status AS status,
    intervals.status_category AS status_category,
    intervals.queue_id AS queue_id,
    intervals.assignee_id AS assignee_id,
    intervals.changed_by_type AS changed_by_type,
    intervals.changed_by_id AS changed_by_id
COMMENT 'One row per period in which neither status, queue nor assignee changed. State at t: valid_from <= t AND valid_to > t.';

CREATE OR REPLACE VIEW {database}.customer_waits
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    wait_no UInt32 COMMENT 'Number of the wait within the ticket, from 1.',
    kind LowCardinality(String) COMMENT 'first for wait 1, next for the others.',
    waiting_since DateTime64(3, 'UTC') COMMENT 'The first customer message not answered yet. Anchor of the row.',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When a reply, a solve or a discard ended it. NULL while open.',
    ended_by LowCardinality(String) COMMENT 'agent_reply, solved, discarded, or empty while open. Reply percentiles take agent_reply only.',
    replied_by_agent_id String COMMENT 'Who replied, empty unless a reply ended it.',
    assignee_at_start String COMMENT 'Assignee when it began.',
    assignee_at_reply String COMMENT 'Assignee at the reply, empty when nobody or unless a reply ended it.',
    queue_at_start String COMMENT 'Queue when it began.',
    queue_at_end String COMMENT 'Queue when it ended, empty while open.',
    wait_seconds Nullable(Int64) COMMENT 'The customer''s clock: start to end, whole seconds elapsed. NULL while open.',
    wait_business_seconds Nullable(Int64) COMMENT 'The customer''s clock: start to end in whole seconds of business time (the tenant''s default calendar; 24x7 without one). NULL while open.',
    agent_wait_seconds Nullable(Int64) COMMENT 'The replier''s own clock: from the wait''s start, or the own station''s when later, to the reply; whole seconds. NULL unless a reply ended it.',
    agent_wait_business_seconds Nullable(Int64) COMMENT 'The replier''s own clock, as agent_wait_seconds, in whole seconds of business time (the tenant''s default calendar; 24x7 without one). NULL unless a reply ended it.',
    in_business_hours Nullable(UInt8) COMMENT '1 when the reply came while the calendar was open, 0 outside. NULL unless a reply ended it.',
    is_waiting_now UInt8 COMMENT '1 when open and the ticket is neither solved, closed nor discarded: what waiting_now counts.'
)
AS
SELECT
    integration_id,
    ticket_id,
    wait_no,
    if(wait_no = 1, 'first', 'next') AS kind,
    waiting_since,
    ended_at,
    ended_by,
    replied_by_agent_id,
    assignee_at_start,
    assignee_at_reply,
    queue_at_start,
    queue_at_end,
    seconds_between(waiting_since, ended_at) AS wait_seconds,
    whole_seconds(wait_business_ms) AS wait_business_seconds,
    if(ended_by = 'agent_reply', seconds_between(own_clock_from, ended_at), NULL) AS agent_wait_seconds,
    whole_seconds(agent_wait_business_ms) AS agent_wait_business_seconds,
    if(ended_by = 'agent_reply', in_business_hours(integration_id, ended_at), NULL) AS in_business_hours,
    toUInt8(isNull(ended_at) AND NOT is_finished(status_category)) AS is_waiting_now
FROM {database}.ticket_facts FINAL
ARRAY JOIN
    waits.wait_no AS wait_no,
    waits.waiting_since AS waiting_since,
    waits.ended_at AS ended_at,
    waits.ended_by AS ended_by,
    waits.replied_by_agent_id AS replied_by_agent_id,
    waits.assignee_at_start AS assignee_at_start,
    waits.assignee_at_reply AS assignee_at_reply,
    waits.queue_at_start AS queue_at_start,
    waits.queue_at_end AS queue_at_end,
    waits.wait_business_ms AS wait_business_ms,
    waits.own_clock_from AS own_clock_from,
    waits.agent_wait_business_ms AS agent_wait_business_ms
COMMENT 'One row per wait of a customer: from the first message not answered yet to a reply, the solve or the discard.';

CREATE OR REPLACE VIEW {database}.ticket_resolutions
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    resolution_no UInt32 COMMENT 'Number of the solve within the ticket, from 1.',
    solved_at DateTime64(3, 'UTC') COMMENT 'When it entered solved or closed from a category that is not over. Anchor of the row.',
    solved_by_type LowCardinality(String) COMMENT 'agent, automation_rule or another: who solved it.',
    solved_by_id String COMMENT 'Id of the solver, empty when absent.',
    assignee_id String COMMENT 'Assignee at the solve, empty when nobody.',
    queue_id String COMMENT 'Queue at the solve, empty when none.',
    cycle_started_at DateTime64(3, 'UTC') COMMENT 'Creation or the reopening before: where the cycle began. Being discarded and restored doesn''t begin another.',
    cycle_seconds Int64 COMMENT 'Cycle start to solve, whole seconds elapsed, time discarded included.',
    cycle_business_seconds Int64 COMMENT 'Cycle start to solve in whole seconds of business time (the tenant''s default calendar; 24x7 without one).',
    since_created_seconds Int64 COMMENT 'Creation to solve, whole seconds elapsed.',
    since_created_business_seconds Int64 COMMENT 'Creation to solve in whole seconds of business time (the tenant''s default calendar; 24x7 without one).',
    pending_seconds Int64 COMMENT 'Time in pending within the cycle, whole seconds elapsed.',
    pending_business_seconds Int64 COMMENT 'Time in pending within the cycle in whole seconds of business time (the tenant''s default calendar; 24x7 without one).',
    reopened_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was reopened after this solve. NULL when it was not.'
)
AS
SELECT
    integration_id,
    ticket_id,
    resolution_no,
    solved_at,
    solved_by_type,
    solved_by_id,
    assignee_id,
    queue_id,
    cycle_started_at,
    seconds_between(cycle_started_at, solved_at) AS cycle_seconds,
    whole_seconds(cycle_business_ms) AS cycle_business_seconds,
    seconds_between(created_at, solved_at) AS since_created_seconds,
    whole_seconds(since_created_business_ms) AS since_created_business_seconds,
    whole_seconds(pending_ms) AS pending_seconds,
    whole_seconds(pending_business_ms) AS pending_business_seconds,
    reopened_at
FROM {database}.ticket_facts FINAL
ARRAY JOIN
    resolutions.resolution_no AS resolution_no,
    resolutions.solved_at AS solved_at,
    resolutions.solved_by_type AS solved_by_type,
    resolutions.solved_by_id AS solved_by_id,
    resolutions.assignee_id AS assignee_id,
    resolutions.queue_id AS queue_id,
    resolutions.cycle_started_at AS cycle_started_at,
    resolutions.cycle_business_ms AS cycle_business_ms,
    resolutions.since_created_business_ms AS since_created_business_ms,
    resolutions.pending_ms AS pending_ms,
    resolutions.pending_business_ms AS pending_business_ms,
    resolutions.reopened_at AS reopened_at
COMMENT 'One row per solve. Agent metrics take solved_by_type = agent.';

CREATE OR REPLACE VIEW {database}.escalations
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    event_id String COMMENT 'The escalation event.',
    fired_at DateTime64(3, 'UTC') COMMENT 'Event time of the escalation. Anchor of the row.',
    policy_id String COMMENT 'Escalation policy of the CRM.',
    policy_name String COMMENT 'Its name as of the event, empty when absent.',
    breached_metric LowCardinality(String) COMMENT 'first_response_time, resolution_time or another, as sent.',
    threshold_seconds Int64 COMMENT 'Threshold by the CRM, seconds.',
    elapsed_seconds Nullable(Int64) COMMENT 'Elapsed by the CRM, seconds. NULL when not sent.',
    level String COMMENT 'Level alerted, as sent.',
    escalated_to_type LowCardinality(String) COMMENT 'agent or group, empty when absent.',
    escalated_to_id String COMMENT 'Who was alerted, empty when absent.',
    status_category LowCardinality(String) COMMENT 'Category when it fired.',
    queue_id String COMMENT 'Queue when it fired.',
    assignee_id String COMMENT 'Assignee when it fired.',
    acknowledged_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Next reply, note, status change or assignment by an agent. NULL while none.',
    acknowledged_by_id String COMMENT 'That agent, empty while none.',
    acknowledge_seconds Nullable(Int64) COMMENT 'Fired to acknowledged, whole seconds elapsed. NULL while not acknowledged.',
    acknowledge_business_seconds Nullable(Int64) COMMENT 'Fired to acknowledged in whole seconds of business time (the tenant''s default calendar; 24x7 without one). NULL while not acknowledged.'
)
AS
SELECT
    integration_id,
    ticket_id,
    event_id,
    fired_at,
    policy_id,
    policy_name,
    breached_metric,
    threshold_seconds,
    elapsed_seconds,
    level,
    escalated_to_type,
    escalated_to_id,
    status_category,
    queue_id,
    assignee_id,
    acknowledged_at,
    acknowledged_by_id,
    seconds_between(fired_at, acknowledged_at) AS acknowledge_seconds,
    whole_seconds(acknowledge_business_ms) AS acknowledge_business_seconds
FROM {database}.ticket_facts FINAL
ARRAY JOIN
    escalations.event_id AS event_id,
    escalations.fired_at AS fired_at,
    escalations.policy_id AS policy_id,
    escalations.policy_name AS policy_name,
    escalations.breached_metric AS breached_metric,
    escalations.threshold_seconds AS threshold_seconds,
    escalations.elapsed_seconds AS elapsed_seconds,
    escalations.level AS level,
    escalations.escalated_to_type AS escalated_to_type,
    escalations.escalated_to_id AS escalated_to_id,
    escalations.status_category AS status_category,
    escalations.queue_id AS queue_id,
    escalations.assignee_id AS assignee_id,
    escalations.acknowledged_at AS acknowledged_at,
    escalations.acknowledged_by_id AS acknowledged_by_id,
    escalations.acknowledge_business_ms AS acknowledge_business_ms
COMMENT 'One row per escalation that the CRM fired.';

CREATE OR REPLACE VIEW {database}.data_quality
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    rule LowCardinality(String) COMMENT 'creation_missing, creation_repeated, event_before_creation, future_time (later than its receipt), status_contradiction (previous_status against the timeline), unknown_status (counted as open).',
    occurrences UInt32 COMMENT 'How many events of the ticket show it.'
)
AS
SELECT
    integration_id,
    ticket_id,
    rule,
    occurrences
FROM {database}.ticket_facts FINAL
ARRAY JOIN findings.rule AS rule, findings.occurrences AS occurrences
COMMENT 'One row per ticket and rule with findings. Outside the rule of identical tables: some rules depend on arrival.'
