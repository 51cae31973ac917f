-- What every number means, in one place. A definition, its unit and its null rule are the comment of the column that
-- shows it, so the catalogue can't drift from the views; a metric without its column drops out and a test notices.

CREATE OR REPLACE VIEW config.metric_catalog
(
    name String COMMENT 'Name of the metric.',
    view String COMMENT 'View that shows it at its own grain.',
    column String COMMENT 'Column of that view.',
    type String COMMENT 'Type of the column.',
    definition String COMMENT 'Meaning, unit and null rule: the comment of the column.',
    anchor_column String COMMENT 'The one instant by which a report over time places it.',
    actor_rule String COMMENT 'Whom it is counted for.',
    clock String COMMENT 'elapsed, business or the timer''s calendar; count, share or flag when it is no duration.',
    null_rule String COMMENT 'The column''s words on NULL; it is never NULL when there are none.'
)
AS
WITH [
        ('first_response_seconds', 'queue', 'tickets', 'first_response_seconds', 'created_at', 'the ticket; first_response_agent_id is credited', 'elapsed'),
        ('first_response_business_seconds', 'queue', 'tickets', 'first_response_business_seconds', 'created_at', 'the ticket; first_response_agent_id is credited', 'business'),
        ('first_resolution_seconds', 'queue', 'tickets', 'first_resolution_seconds', 'created_at', 'the ticket', 'elapsed'),
        ('full_resolution_seconds', 'queue', 'tickets', 'full_resolution_seconds', 'created_at', 'the ticket', 'elapsed'),
        ('requester_wait_seconds', 'queue', 'tickets', 'requester_wait_seconds', 'created_at', 'the ticket', 'elapsed'),
        ('pending_seconds', 'queue', 'tickets', 'pending_seconds', 'created_at', 'the ticket', 'elapsed'),
        ('on_hold_seconds', 'queue', 'tickets', 'on_hold_seconds', 'created_at', 'the ticket', 'elapsed'),
        ('agent_work_seconds', 'queue', 'tickets', 'agent_work_seconds', 'created_at', 'the ticket', 'elapsed'),
        ('unassigned_seconds', 'queue', 'tickets', 'unassigned_seconds', 'created_at', 'the ticket', 'elapsed'),
        ('solves', 'queue', 'tickets', 'solves', 'created_at', 'the ticket', 'count'),
        ('reopens', 'queue', 'tickets', 'reopens', 'created_at', 'the ticket', 'count'),
        ('is_one_touch', 'queue', 'tickets', 'is_one_touch', 'created_at', 'the ticket', 'flag'),
        ('is_no_touch', 'queue', 'tickets', 'is_no_touch', 'created_at', 'the ticket', 'flag'),
        ('agent_replies', 'queue', 'tickets', 'agent_replies', 'created_at', 'the ticket', 'count'),
        ('reply_turns', 'queue', 'tickets', 'reply_turns', 'created_at', 'the ticket', 'count'),
        ('private_notes', 'queue', 'tickets', 'private_notes', 'created_at', 'the ticket', 'count'),
        ('customer_messages', 'queue', 'tickets', 'customer_messages', 'created_at', 'the ticket', 'count'),
        ('stations', 'queue', 'tickets', 'stations', 'created_at', 'the ticket', 'count'),
        ('queue_stations', 'queue', 'tickets', 'queue_stations', 'created_at', 'the ticket', 'count'),
        ('handoffs', 'queue', 'tickets', 'handoffs', 'created_at', 'the ticket', 'count'),
        ('bounced_assignments', 'queue', 'tickets', 'bounced_assignments', 'created_at', 'the ticket', 'count'),
        ('queue_changes', 'queue', 'tickets', 'queue_changes', 'created_at', 'the ticket', 'count'),
        ('clock_skew_seconds', 'queue', 'tickets', 'clock_skew_seconds', 'created_at', 'the ticket', 'elapsed'),
        ('wait_seconds', 'queue', 'customer_waits', 'wait_seconds', 'waiting_since', 'replied_by_agent_id; assignee_at_reply beside', 'elapsed'),
        ('wait_business_seconds', 'queue', 'customer_waits', 'wait_business_seconds', 'waiting_since', 'replied_by_agent_id; assignee_at_reply beside', 'business'),
        ('agent_wait_seconds', 'queue', 'customer_waits', 'agent_wait_seconds', 'waiting_since', 'replied_by_agent_id', 'elapsed'),
        ('cycle_seconds', 'queue', 'ticket_resolutions', 'cycle_seconds', 'solved_at', 'solved_by_id, by who solved and not by the assignee', 'elapsed'),
        ('acknowledge_seconds', 'queue', 'escalations', 'acknowledge_seconds', 'fired_at', 'acknowledged_by_id', 'elapsed'),
        ('backlog', 'queue', 'backlog', 'tickets', 'the instant asked for', 'queue and status at that instant', 'count'),
        ('waiting_now', 'queue', 'backlog', 'waiting_now', 'the instant asked for', 'queue and status at that instant', 'count'),
        ('oldest_wait_seconds', 'queue', 'backlog', 'oldest_wait_seconds', 'the instant asked for', 'queue and status at that instant', 'elapsed'),
        ('net_flow', 'queue', 'queue_hourly', 'net_flow', 'hour', 'the queue', 'count'),
        ('sla_attainment', 'queue', 'sla_attainment', 'sla_attainment', 'due_at', 'queue_id_at_end; agent_id_at_due for breaches', 'share'),
        ('breach_seconds', 'queue', 'sla_timers', 'breach_seconds', 'due_at', 'agent_id_at_due', 'calendar of the timer'),
        ('resolution_survival', 'queue', 'resolution_survival', 'survival', 'created_at', 'all tickets, open ones censored', 'share'),
        ('arrivals_forecast', 'queue', 'arrivals_forecast', 'forecast', 'hour', 'the first queue of the tickets', 'count'),
        ('forecast_wape', 'queue', 'arrivals_forecast_error', 'wape', 'hour', 'the first queue of the tickets', 'share'),
        ('agent_first_response_seconds', 'agents', 'ticket_assignments', 'agent_first_response_seconds', 'assigned_at', 'agent_id of the station', 'elapsed'),
        ('held_seconds', 'agents', 'ticket_assignments', 'held_seconds', 'assigned_at', 'agent_id of the station', 'elapsed'),
        ('reopen_rate_7d', 'agents', 'agent_scorecard', 'reopen_rate_7d', 'solved_at', 'the solver', 'share'),
        ('agent_solves', 'agents', 'agent_scorecard', 'solves', 'solved_at', 'the solver, if an agent', 'count'),
        ('handle_seconds', 'agents', 'agent_sessions', 'handle_seconds', 'started_at', 'agent_id; an estimate', 'elapsed'),
        ('concurrency', 'agents', 'agent_hourly', 'concurrency', 'hour', 'agent_id', 'share')
    ] AS metrics
SELECT
    m.1 AS name,
    concat(m.2, '.', m.3) AS view,
    m.4 AS column,
    c.type AS type,
    c.comment AS definition,
    m.5 AS anchor_column,
    m.6 AS actor_rule,
    m.7 AS clock,
    arrayStringConcat(arrayFilter(sentence -> position(sentence, 'NULL') > 0, splitByString('. ', c.comment)), '. ') AS null_rule
FROM (SELECT arrayJoin(metrics) AS m) AS listed
INNER JOIN system.columns AS c ON c.database = m.2 AND c.table = m.3 AND c.name = m.4
COMMENT 'Every metric with its definition, anchor, actor rule, clock and null rule.'
