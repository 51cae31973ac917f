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
    s.station_no AS station_no,
    s.agent_id AS agent_id,
    s.assignee_name AS agent_name,
    s.queue_id AS queue_id,
    s.assigned_at AS assigned_at,
    s.ended_at AS ended_at,
    s.ended_by AS ended_by,
    s.assigned_by_type AS assigned_by_type,
    s.assigned_by_id AS assigned_by_id,
    s.from_agent_id AS from_agent_id,
    s.from_queue_id AS from_queue_id,
    s.first_public_reply_at AS first_public_reply_at,
    s.public_replies AS public_replies,
    if(isNull(s.first_response_from), NULL, seconds_between(s.first_response_from, s.first_public_reply_at)) AS agent_first_response_seconds,
    whole_seconds(s.first_response_business_ms) AS agent_first_response_business_seconds,
    running_seconds(s.held_ms, is_station_running(s.agent_id, s.ended_at, status_category), running_since, now64(3, 'UTC')) AS held_seconds,
    running_business_seconds(s.held_business_ms, is_station_running(s.agent_id, s.ended_at, status_category), running_since_clock, business_clock(integration_id, now64(3, 'UTC'))) AS held_business_seconds,
    toUInt8(s.is_handoff_in) AS is_handoff_in,
    toUInt8(s.is_handoff_out) AS is_handoff_out,
    toUInt8(s.is_bounced) AS is_bounced
FROM {database}.ticket_facts FINAL
ARRAY JOIN stations AS s
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
    t.turn_no AS turn_no,
    t.agent_id AS agent_id,
    t.replied_at AS replied_at,
    t.last_reply_at AS last_reply_at,
    t.replies AS replies,
    nullIf(t.wait_no, 0) AS wait_no,
    multiIf(t.wait_no = 0, '', t.wait_no = 1, 'first', 'next') AS kind,
    seconds_between(t.waiting_since, t.answered_at) AS wait_seconds,
    whole_seconds(t.wait_business_ms) AS wait_business_seconds,
    seconds_between(t.own_clock_from, t.answered_at) AS agent_wait_seconds,
    whole_seconds(t.agent_wait_business_ms) AS agent_wait_business_seconds,
    assumeNotNull(in_business_hours(integration_id, t.replied_at)) AS in_business_hours,
    t.assignee_at_reply AS assignee_at_reply,
    t.queue_id AS queue_id,
    toUInt8(t.is_first_response) AS is_first_response
FROM {database}.ticket_facts FINAL
ARRAY JOIN turns AS t
COMMENT 'One row per reply turn: consecutive public messages by one agent.';

DEFINE reopening_of_solve AS
    toUInt8(solved_at <= now64(3, 'UTC') - INTERVAL 7 DAY) AS is_seven_days_old,
    toUInt8(ifNull(reopened_at <= solved_at + INTERVAL 7 DAY, false)) AS is_reopened_within_7_days;

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
    s.resolution_no AS resolution_no,
    s.solved_by_id AS agent_id,
    s.solved_at AS solved_at,
    s.queue_id AS queue_id,
    customer_telegram_user_id,
    s.reopened_at AS reopened_at,
    {reopening_of_solve}
FROM {database}.ticket_facts FINAL
ARRAY JOIN solves AS s
WHERE s.solved_by_type = 'agent'
COMMENT 'One row per solve by a human agent; automation rules are left out.';

CREATE OR REPLACE VIEW {database}.ticket_returns
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    first_assigned_at DateTime64(3, 'UTC') COMMENT 'Start of the first station with an agent or a queue. Anchor of the row.',
    agent_ids Array(String) COMMENT 'Agents who held it, in order; stations of nobody are taken out and equal neighbours joined.',
    queue_ids Array(String) COMMENT 'Queues that held it, likewise.',
    is_back_to_agent UInt8 COMMENT '1 when it came back to an agent who had given it away.',
    is_back_to_queue UInt8 COMMENT '1 when it came back to a queue that had given it away.'
)
AS
WITH
    arrayCompact(arrayFilter(agent -> agent != '', stations.agent_id)) AS holders,
    arrayCompact(arrayFilter(queue -> queue != '', stations.queue_id)) AS queues
SELECT
    integration_id,
    ticket_id,
    arrayFirst((at, agent, queue) -> agent != '' OR queue != '', stations.assigned_at, stations.agent_id, stations.queue_id) AS first_assigned_at,
    holders AS agent_ids,
    queues AS queue_ids,
    toUInt8(length(holders) > length(arrayDistinct(holders))) AS is_back_to_agent,
    toUInt8(length(queues) > length(arrayDistinct(queues))) AS is_back_to_queue
FROM {database}.ticket_facts FINAL
WHERE notEmpty(holders) OR notEmpty(queues)
COMMENT 'One row per ticket that an agent or a queue ever held: who held it in turn, and whether it came back.';

CREATE OR REPLACE VIEW {database}.agent_names
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    agent_id String COMMENT 'Agent who ever held a ticket.',
    display_name String COMMENT 'Configured name; the id when there is none.'
)
AS
SELECT
    integration_id,
    agent_id,
    agent_name(integration_id, agent_id) AS display_name
FROM {database}.ticket_facts FINAL
ARRAY JOIN arrayDistinct(stations.agent_id) AS agent_id
WHERE agent_id != ''
GROUP BY integration_id, agent_id
COMMENT 'One row per tenant and agent who ever held a ticket: what people call them.'
