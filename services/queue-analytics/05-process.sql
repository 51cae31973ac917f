-- The process as steps: which activity follows which, by whom, in which queue, after how long.

CREATE OR REPLACE VIEW {database}.process_edges
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    step_no UInt32 COMMENT 'Number of the edge within the ticket, from 1.',
    from_activity LowCardinality(String) COMMENT 'What happened: created, customer_message, agent_reply, private_note, automated_message, assigned, unassigned, solved, discarded, reopened, restored, status_<category>, escalated.',
    to_activity LowCardinality(String) COMMENT 'What happened next.',
    from_at DateTime64(3, 'UTC') COMMENT 'When the first happened.',
    to_at DateTime64(3, 'UTC') COMMENT 'When the next happened. Anchor of the row.',
    from_actor_type LowCardinality(String) COMMENT 'Type of who did the first, empty for an escalation.',
    from_actor_id String COMMENT 'Its id, empty when absent and for an automated message: those count for no agent.',
    to_actor_type LowCardinality(String) COMMENT 'Type of who did the next.',
    to_actor_id String COMMENT 'Its id, empty when absent.',
    from_queue_id String COMMENT 'Queue after the first.',
    to_queue_id String COMMENT 'Queue after the next.',
    gap_seconds Int64 COMMENT 'First to next, whole seconds elapsed.',
    gap_business_seconds Int64 COMMENT 'Gap in whole seconds of business time (the tenant''s default calendar; 24x7 without one).'
)
AS
SELECT
    integration_id,
    ticket_id,
    edge_no AS step_no,
    f.activity AS from_activity,
    t.activity AS to_activity,
    f.at AS from_at,
    t.at AS to_at,
    f.actor_type AS from_actor_type,
    f.actor_id AS from_actor_id,
    t.actor_type AS to_actor_type,
    t.actor_id AS to_actor_id,
    f.queue_id AS from_queue_id,
    t.queue_id AS to_queue_id,
    seconds_between(f.at, t.at) AS gap_seconds,
    assumeNotNull(business_seconds(integration_id, f.at, t.at)) AS gap_business_seconds
FROM {database}.ticket_facts FINAL
ARRAY JOIN
    arrayPopBack(edges) AS f,
    arrayPopFront(edges) AS t,
    arrayEnumerate(arrayPopBack(edges)) AS edge_no
COMMENT 'One row per step of a ticket to its next step, in the ticket''s order.'
