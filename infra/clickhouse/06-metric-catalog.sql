-- What every number means, in one place. A definition, its unit and its null rule are the comment of the column that
-- shows it, so the catalogue can't drift from the views; a metric without its column drops out and a test notices.

DEFINE metric_columns AS
    name String COMMENT 'Name of the metric.',
    view String COMMENT 'View that shows it at its own grain.',
    column String COMMENT 'Column of that view.',
    type String COMMENT 'Type of the column.',
    definition String COMMENT 'Meaning, unit and null rule: the comment of the column.',
    anchor_column String COMMENT 'The one instant by which a report over time places it.',
    actor_rule String COMMENT 'Whom it is counted for.',
    clock String COMMENT 'elapsed, business or the timer''s calendar; count, share or flag when it is no duration.',
    null_rule String COMMENT 'The column''s words on NULL; it is never NULL when there are none.';

CREATE OR REPLACE VIEW config.metric_catalog ({metric_columns}) AS
WITH [
        ('first_response_seconds', 'queue', 'tickets', 'first_response_seconds', 'created_at', 'the ticket; first_response_agent_id is credited', 'elapsed'),
        ('first_response_business_seconds', 'queue', 'tickets', 'first_response_business_seconds', 'created_at', 'the ticket; first_response_agent_id is credited', 'business'),
        ('first_resolution_seconds', 'queue', 'tickets', 'first_resolution_seconds', 'created_at', 'the ticket', 'elapsed'),
        ('first_resolution_business_seconds', 'queue', 'tickets', 'first_resolution_business_seconds', 'created_at', 'the ticket', 'business'),
        ('full_resolution_seconds', 'queue', 'tickets', 'full_resolution_seconds', 'created_at', 'the ticket', 'elapsed'),
        ('full_resolution_business_seconds', 'queue', 'tickets', 'full_resolution_business_seconds', 'created_at', 'the ticket', 'business'),
        ('requester_wait_seconds', 'queue', 'tickets', 'requester_wait_seconds', 'created_at', 'the ticket', 'elapsed'),
        ('requester_wait_business_seconds', 'queue', 'tickets', 'requester_wait_business_seconds', 'created_at', 'the ticket', 'business'),
        ('pending_seconds', 'queue', 'tickets', 'pending_seconds', 'created_at', 'the ticket', 'elapsed'),
        ('pending_business_seconds', 'queue', 'tickets', 'pending_business_seconds', 'created_at', 'the ticket', 'business'),
        ('on_hold_seconds', 'queue', 'tickets', 'on_hold_seconds', 'created_at', 'the ticket', 'elapsed'),
        ('on_hold_business_seconds', 'queue', 'tickets', 'on_hold_business_seconds', 'created_at', 'the ticket', 'business'),
        ('agent_work_seconds', 'queue', 'tickets', 'agent_work_seconds', 'created_at', 'the ticket', 'elapsed'),
        ('agent_work_business_seconds', 'queue', 'tickets', 'agent_work_business_seconds', 'created_at', 'the ticket', 'business'),
        ('unassigned_seconds', 'queue', 'tickets', 'unassigned_seconds', 'created_at', 'the ticket', 'elapsed'),
        ('unassigned_business_seconds', 'queue', 'tickets', 'unassigned_business_seconds', 'created_at', 'the ticket', 'business'),
        ('solves', 'queue', 'tickets', 'solves', 'created_at', 'the ticket', 'count'),
        ('reopens', 'queue', 'tickets', 'reopens', 'created_at', 'the ticket', 'count'),
        ('is_discarded', 'queue', 'tickets', 'is_discarded', 'created_at', 'the ticket', 'flag'),
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
        ('escalation_rate', 'queue', 'tickets', 'escalations_fired', 'created_at', 'the ticket', 'share'),
        ('wait_seconds', 'queue', 'customer_waits', 'wait_seconds', 'waiting_since', 'replied_by_agent_id; assignee_at_reply beside', 'elapsed'),
        ('wait_business_seconds', 'queue', 'customer_waits', 'wait_business_seconds', 'waiting_since', 'replied_by_agent_id; assignee_at_reply beside', 'business'),
        ('cycle_seconds', 'queue', 'ticket_resolutions', 'cycle_seconds', 'solved_at', 'solved_by_id, by who solved and not by the assignee', 'elapsed'),
        ('cycle_business_seconds', 'queue', 'ticket_resolutions', 'cycle_business_seconds', 'solved_at', 'solved_by_id, by who solved and not by the assignee', 'business'),
        ('since_created_seconds', 'queue', 'ticket_resolutions', 'since_created_seconds', 'solved_at', 'solved_by_id, by who solved and not by the assignee', 'elapsed'),
        ('since_created_business_seconds', 'queue', 'ticket_resolutions', 'since_created_business_seconds', 'solved_at', 'solved_by_id, by who solved and not by the assignee', 'business'),
        ('acknowledge_seconds', 'queue', 'escalations', 'acknowledge_seconds', 'fired_at', 'acknowledged_by_id', 'elapsed'),
        ('acknowledge_business_seconds', 'queue', 'escalations', 'acknowledge_business_seconds', 'fired_at', 'acknowledged_by_id', 'business'),
        ('backlog', 'queue', 'backlog', 'tickets', 'the instant asked for', 'queue, status and assignee at that instant', 'count'),
        ('waiting_now', 'queue', 'backlog', 'waiting_now', 'the instant asked for', 'queue, status and assignee at that instant', 'count'),
        ('oldest_wait_seconds', 'queue', 'backlog', 'oldest_wait_seconds', 'the instant asked for', 'queue, status and assignee at that instant', 'elapsed'),
        ('discarded', 'queue', 'queue_hourly', 'discarded', 'hour', 'the queue', 'count'),
        ('restored', 'queue', 'queue_hourly', 'restored', 'hour', 'the queue', 'count'),
        ('net_flow', 'queue', 'queue_hourly', 'net_flow', 'hour', 'the queue', 'count'),
        ('sla_attainment', 'queue', 'sla_attainment', 'sla_attainment', 'due_at', 'queue_id_at_end; agent_id_at_due for breaches', 'share'),
        ('breach_seconds', 'queue', 'sla_timers', 'breach_seconds', 'due_at', 'agent_id_at_due', 'calendar of the timer'),
        ('resolution_survival', 'queue', 'resolution_survival', 'survival', 'created_at', 'all tickets, open and discarded ones censored', 'share'),
        ('arrivals_forecast', 'queue', 'arrivals_forecast', 'forecast', 'hour', 'the first queue of the tickets', 'count'),
        ('forecast_wape', 'queue', 'arrivals_forecast_error', 'wape', 'hour', 'the first queue of the tickets', 'share'),
        ('agent_first_response_seconds', 'agents', 'ticket_assignments', 'agent_first_response_seconds', 'assigned_at', 'agent_id of the station', 'elapsed'),
        ('agent_first_response_business_seconds', 'agents', 'ticket_assignments', 'agent_first_response_business_seconds', 'assigned_at', 'agent_id of the station', 'business'),
        ('held_seconds', 'agents', 'ticket_assignments', 'held_seconds', 'assigned_at', 'agent_id of the station', 'elapsed'),
        ('held_business_seconds', 'agents', 'ticket_assignments', 'held_business_seconds', 'assigned_at', 'agent_id of the station', 'business'),
        ('agent_wait_seconds', 'agents', 'agent_replies', 'agent_wait_seconds', 'replied_at', 'agent_id, who replied', 'elapsed'),
        ('agent_wait_business_seconds', 'agents', 'agent_replies', 'agent_wait_business_seconds', 'replied_at', 'agent_id, who replied', 'business'),
        ('answered_share', 'agents', 'agent_scorecard', 'answered_share', 'assigned_at', 'agent_id of the stations', 'share'),
        ('reopen_rate_7d', 'agents', 'agent_scorecard', 'reopen_rate_7d', 'solved_at', 'the solver', 'share'),
        ('agent_solves', 'agents', 'agent_scorecard', 'solves', 'solved_at', 'the solver, if an agent', 'count'),
        ('handle_seconds', 'agents', 'agent_sessions', 'handle_seconds', 'started_at', 'agent_id; an estimate', 'elapsed'),
        ('occupancy', 'agents', 'agent_occupancy', 'occupancy', 'day', 'agent_id, by configured shifts', 'share'),
        ('concurrency', 'agents', 'agent_hourly', 'concurrency', 'hour', 'agent_id', 'share')
    ] AS metrics
SELECT
    m.1 AS name,
    concat(m.2, '.', m.3) AS view,
    m.4 AS column,
    extract(told, '^(.*?) COMMENT ') AS type,
    replaceAll(extract(told, 'COMMENT \'((?:[^\'\\\\]|\\\\.)*)\''), '\\\'', '\'') AS definition,
    m.5 AS anchor_column,
    m.6 AS actor_rule,
    m.7 AS clock,
    arrayStringConcat(arrayFilter(sentence -> position(sentence, 'NULL') > 0, splitByString('. ', definition)), '. ') AS null_rule
FROM
(
    -- From the view's own statement: one with parameters has no columns in system.columns.
    SELECT m, concat('`', m.4, '` ') AS place, position(t.create_table_query, place) AS found,
        substring(t.create_table_query, found + length(place)) AS told
    FROM (SELECT arrayJoin(metrics) AS m) AS listed
    INNER JOIN system.tables AS t ON t.database = m.2 AND t.name = m.3
    WHERE found > 0
)
COMMENT 'Every metric with its definition, anchor, actor rule, clock and null rule.';

CREATE OR REPLACE VIEW {database}.metric_catalog ({metric_columns}) AS
SELECT *
FROM config.metric_catalog
WHERE startsWith(view, '{database}.')
COMMENT 'The metrics of this database; config.metric_catalog has all of them.'
