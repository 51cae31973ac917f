-- The nested parts of the facts as rows: stations, reply turns, agents' solves.

CREATE OR REPLACE VIEW {database}.ticket_assignments
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    station_no UInt32 COMMENT 'Number of the station within the ticket, from 1.',
    agent_id String COMMENT 'Assignee, empty for a station of nobody.',
    agent_name String COMMENT 'Name of the assignee as of the assignment, empty when absent.',
    queue_id String COMMENT 'Queue, empty before the first.',
    assigned_at DateTime64(3, 'UTC') COMMENT 'Start of the station. Anchor of the row.',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'End of the station. NULL while it lasts; a solve doesn''t end it.',
    ended_by LowCardinality(String) COMMENT 'reassigned, unassigned, or empty while it lasts.',
    assigned_by_type LowCardinality(String) COMMENT 'Who assigned: type of the actor, empty for a first station without an assignment.',
    assigned_by_id String COMMENT 'Id of that actor, empty when absent.',
    from_agent_id String COMMENT 'Assignee before, empty when nobody.',
    from_queue_id String COMMENT 'Queue before, empty when none.',
    first_public_reply_at Nullable(DateTime64(3, 'UTC')) COMMENT 'First reply by the station''s own agent within it. NULL while none.',
    public_replies UInt32 COMMENT 'Replies by the station''s own agent within it.',
    agent_first_response_seconds Nullable(Int64) COMMENT 'Own clock: from the later of station start and wait start to the agent''s first reply in the station, whole seconds elapsed. NULL without a reply or when it answered no wait.',
    agent_first_response_business_seconds Nullable(Int64) COMMENT 'Own clock, as agent_first_response_seconds, in whole seconds of business time (the tenant''s default calendar; 24x7 without one). NULL without a reply or when it answered no wait.',
    held_seconds Int64 COMMENT 'Time in new and open with this agent, whole seconds elapsed; running up to now. 0 for nobody.',
    held_business_seconds Int64 COMMENT 'Time in new and open with this agent in whole seconds of business time (the tenant''s default calendar; 24x7 without one); running up to now. 0 for nobody.',
    is_handoff_in UInt8 COMMENT '1 when it came directly from another agent.',
    is_handoff_out UInt8 COMMENT '1 when it went directly to another agent.',
    is_bounced UInt8 COMMENT '1 when the agent lost it without having replied in it.'
)
AS
SELECT
    integration_id,
    ticket_id,
    station_no,
    agent_id,
    assignee_name AS agent_name,
    queue_id,
    assigned_at,
    ended_at,
    ended_by,
    assigned_by_type,
    assigned_by_id,
    from_agent_id,
    from_queue_id,
    first_public_reply_at,
    public_replies,
    if(isNull(first_response_from), NULL, seconds_between(first_response_from, first_public_reply_at)) AS agent_first_response_seconds,
    whole_seconds(first_response_business_ms) AS agent_first_response_business_seconds,
    running_seconds(held_ms, is_station_running(agent_id, ended_at, status_category), running_since, now64(3, 'UTC')) AS held_seconds,
    running_business_seconds(held_business_ms, is_station_running(agent_id, ended_at, status_category), running_since_clock, business_clock(integration_id, now64(3, 'UTC'))) AS held_business_seconds,
    toUInt8(is_handoff_in) AS is_handoff_in,
    toUInt8(is_handoff_out) AS is_handoff_out,
    toUInt8(is_bounced) AS is_bounced
FROM {database}.ticket_facts FINAL
ARRAY JOIN
    stations.station_no AS station_no,
    stations.agent_id AS agent_id,
    stations.assignee_name AS assignee_name,
    stations.queue_id AS queue_id,
    stations.assigned_at AS assigned_at,
    stations.ended_at AS ended_at,
    stations.ended_by AS ended_by,
    stations.assigned_by_type AS assigned_by_type,
    stations.assigned_by_id AS assigned_by_id,
    stations.from_agent_id AS from_agent_id,
    stations.from_queue_id AS from_queue_id,
    stations.first_public_reply_at AS first_public_reply_at,
    stations.public_replies AS public_replies,
    stations.first_response_from AS first_response_from,
    stations.first_response_business_ms AS first_response_business_ms,
    stations.held_ms AS held_ms,
    stations.held_business_ms AS held_business_ms,
    stations.is_handoff_in AS is_handoff_in,
    stations.is_handoff_out AS is_handoff_out,
    stations.is_bounced AS is_bounced
COMMENT 'One row per station: an unbroken period with one assignee (possibly nobody) and one queue.';

CREATE OR REPLACE VIEW {database}.agent_replies
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    turn_no UInt32 COMMENT 'Number of the reply turn within the ticket, from 1.',
    agent_id String COMMENT 'Who replied; empty for an agent without id.',
    replied_at DateTime64(3, 'UTC') COMMENT 'First reply of the turn. Anchor of the row.',
    last_reply_at DateTime64(3, 'UTC') COMMENT 'Last reply of the turn.',
    replies UInt32 COMMENT 'Replies in the turn.',
    wait_no Nullable(UInt32) COMMENT 'Wait that a reply of the turn ended. NULL when nobody waited.',
    kind LowCardinality(String) COMMENT 'first for wait 1, next for later ones, empty when nobody waited.',
    wait_seconds Nullable(Int64) COMMENT 'The customer''s clock: wait start to the reply that ended it, whole seconds elapsed. NULL when nobody waited.',
    wait_business_seconds Nullable(Int64) COMMENT 'The customer''s clock: wait start to the reply that ended it in whole seconds of business time (the tenant''s default calendar; 24x7 without one). NULL when nobody waited.',
    agent_wait_seconds Nullable(Int64) COMMENT 'The agent''s own clock: from the wait''s start, or the own station''s when later, to the reply; whole seconds. NULL when nobody waited.',
    agent_wait_business_seconds Nullable(Int64) COMMENT 'The agent''s own clock, as agent_wait_seconds, in whole seconds of business time (the tenant''s default calendar; 24x7 without one). NULL when nobody waited.',
    in_business_hours UInt8 COMMENT '1 when the reply came while the calendar was open, 0 outside.',
    assignee_at_reply String COMMENT 'Assignee at that moment, empty when nobody.',
    queue_id String COMMENT 'Queue at that moment, empty when none.',
    is_first_response UInt8 COMMENT '1 when the turn holds the ticket''s first response.'
)
AS
SELECT
    integration_id,
    ticket_id,
    turn_no,
    agent_id,
    replied_at,
    last_reply_at,
    replies,
    nullIf(answered_wait_no, 0) AS wait_no,
    multiIf(answered_wait_no = 0, '', answered_wait_no = 1, 'first', 'next') AS kind,
    seconds_between(waiting_since, answered_at) AS wait_seconds,
    whole_seconds(wait_business_ms) AS wait_business_seconds,
    seconds_between(own_clock_from, answered_at) AS agent_wait_seconds,
    whole_seconds(agent_wait_business_ms) AS agent_wait_business_seconds,
    assumeNotNull(in_business_hours(integration_id, replied_at)) AS in_business_hours,
    assignee_at_reply,
    queue_id,
    toUInt8(is_first_response) AS is_first_response
FROM {database}.ticket_facts FINAL
ARRAY JOIN
    turns.turn_no AS turn_no,
    turns.agent_id AS agent_id,
    turns.replied_at AS replied_at,
    turns.last_reply_at AS last_reply_at,
    turns.replies AS replies,
    turns.wait_no AS answered_wait_no,
    turns.waiting_since AS waiting_since,
    turns.answered_at AS answered_at,
    turns.wait_business_ms AS wait_business_ms,
    turns.own_clock_from AS own_clock_from,
    turns.agent_wait_business_ms AS agent_wait_business_ms,
    turns.assignee_at_reply AS assignee_at_reply,
    turns.queue_id AS queue_id,
    turns.is_first_response AS is_first_response
COMMENT 'One row per reply turn: consecutive public messages by one agent.';

CREATE OR REPLACE VIEW {database}.agent_solves
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    resolution_no UInt32 COMMENT 'Number of the solve within the ticket, from 1.',
    agent_id String COMMENT 'The solver, empty for an agent without id.',
    solved_at DateTime64(3, 'UTC') COMMENT 'When it entered solved or closed from a category that is not over. Anchor of the row.',
    queue_id String COMMENT 'Queue at the solve, empty when none.',
    customer_telegram_user_id Nullable(Int64) COMMENT 'Customer of the ticket; NULL while provisional.',
    reopened_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was reopened after this solve. NULL when it was not.',
    is_seven_days_old UInt8 COMMENT '1 when solved at least 7 days ago: counts in the reopen rate''s denominator.',
    is_reopened_within_7_days UInt8 COMMENT '1 when reopened within 7 days, the bound included.'
)
AS
SELECT
    integration_id,
    ticket_id,
    resolution_no,
    solved_by_id AS agent_id,
    solved_at,
    queue_id,
    customer_telegram_user_id,
    reopened_at,
    toUInt8(solved_at <= now64(3, 'UTC') - INTERVAL 7 DAY) AS is_seven_days_old,
    toUInt8(ifNull(reopened_at <= solved_at + INTERVAL 7 DAY, false)) AS is_reopened_within_7_days
FROM {database}.ticket_facts FINAL
ARRAY JOIN
    solves.resolution_no AS resolution_no,
    solves.solved_by_id AS solved_by_id,
    solves.solved_at AS solved_at,
    solves.queue_id AS queue_id,
    solves.reopened_at AS reopened_at,
    solves.solved_by_type AS solved_by_type
WHERE solved_by_type = 'agent'
COMMENT 'One row per solve by a human agent; automation rules are left out.'
