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
    i.valid_from AS valid_from,
    i.valid_to AS valid_to,
    i.status AS status,
    i.status_category AS status_category,
    i.queue_id AS queue_id,
    i.assignee_id AS assignee_id,
    i.changed_by_type AS changed_by_type,
    i.changed_by_id AS changed_by_id,
    seconds_between(i.valid_from, if(i.valid_to = far_future(), greatest(i.valid_from, now64(3, 'UTC')), i.valid_to)) AS seconds,
    business_seconds(integration_id, i.valid_from, if(i.valid_to = far_future(), greatest(i.valid_from, now64(3, 'UTC')), i.valid_to)) AS business_seconds
FROM {database}.ticket_facts FINAL
ARRAY JOIN intervals AS i
COMMENT 'One row per period in which neither status, queue nor assignee changed. State at t: valid_from <= t AND valid_to > t.';

CREATE OR REPLACE VIEW {database}.status_time_between
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    queue_id String COMMENT 'Queue that it was in.',
    status_category LowCardinality(String) COMMENT 'new, open, pending or on_hold.',
    seconds Int64 COMMENT 'Time that it spent so within the period, whole seconds elapsed; running up to now.'
)
AS
SELECT
    integration_id,
    ticket_id,
    queue_id,
    status_category,
    whole_seconds(sum(ms_between(
        greatest(valid_from, {from:DateTime64(3, 'UTC')}),
        least(valid_to, {to:DateTime64(3, 'UTC')}, now64(3, 'UTC'))))) AS seconds
FROM {database}.ticket_state_intervals
WHERE NOT is_finished(status_category) AND valid_from < {to:DateTime64(3, 'UTC')} AND valid_to > {from:DateTime64(3, 'UTC')}
GROUP BY integration_id, ticket_id, queue_id, status_category
COMMENT 'One row per ticket, queue and status that was not over within a period. Parameters: from, included, and to, not included.';

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
    w.wait_no AS wait_no,
    if(w.wait_no = 1, 'first', 'next') AS kind,
    w.waiting_since AS waiting_since,
    w.ended_at AS ended_at,
    w.ended_by AS ended_by,
    w.replied_by_agent_id AS replied_by_agent_id,
    w.assignee_at_start AS assignee_at_start,
    w.assignee_at_reply AS assignee_at_reply,
    w.queue_at_start AS queue_at_start,
    w.queue_at_end AS queue_at_end,
    seconds_between(w.waiting_since, w.ended_at) AS wait_seconds,
    whole_seconds(w.wait_business_ms) AS wait_business_seconds,
    if(w.ended_by = 'agent_reply', seconds_between(w.own_clock_from, w.ended_at), NULL) AS agent_wait_seconds,
    whole_seconds(w.agent_wait_business_ms) AS agent_wait_business_seconds,
    if(w.ended_by = 'agent_reply', in_business_hours(integration_id, w.ended_at), NULL) AS in_business_hours,
    toUInt8(isNull(w.ended_at) AND NOT is_finished(status_category)) AS is_waiting_now
FROM {database}.ticket_facts FINAL
ARRAY JOIN waits AS w
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
    r.resolution_no AS resolution_no,
    r.solved_at AS solved_at,
    r.solved_by_type AS solved_by_type,
    r.solved_by_id AS solved_by_id,
    r.assignee_id AS assignee_id,
    r.queue_id AS queue_id,
    r.cycle_started_at AS cycle_started_at,
    seconds_between(r.cycle_started_at, r.solved_at) AS cycle_seconds,
    whole_seconds(r.cycle_business_ms) AS cycle_business_seconds,
    seconds_between(created_at, r.solved_at) AS since_created_seconds,
    whole_seconds(r.since_created_business_ms) AS since_created_business_seconds,
    whole_seconds(r.pending_ms) AS pending_seconds,
    whole_seconds(r.pending_business_ms) AS pending_business_seconds,
    r.reopened_at AS reopened_at
FROM {database}.ticket_facts FINAL
ARRAY JOIN resolutions AS r
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
    e.event_id AS event_id,
    e.fired_at AS fired_at,
    e.policy_id AS policy_id,
    e.policy_name AS policy_name,
    e.breached_metric AS breached_metric,
    e.threshold_seconds AS threshold_seconds,
    e.elapsed_seconds AS elapsed_seconds,
    e.level AS level,
    e.escalated_to_type AS escalated_to_type,
    e.escalated_to_id AS escalated_to_id,
    e.status_category AS status_category,
    e.queue_id AS queue_id,
    e.assignee_id AS assignee_id,
    e.acknowledged_at AS acknowledged_at,
    e.acknowledged_by_id AS acknowledged_by_id,
    seconds_between(e.fired_at, e.acknowledged_at) AS acknowledge_seconds,
    whole_seconds(e.acknowledge_business_ms) AS acknowledge_business_seconds
FROM {database}.ticket_facts FINAL
ARRAY JOIN escalations AS e
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
    f.rule AS rule,
    f.occurrences AS occurrences
FROM {database}.ticket_facts FINAL
ARRAY JOIN findings AS f
COMMENT 'One row per ticket and rule with findings. Outside the rule of identical tables: some rules depend on arrival.'
