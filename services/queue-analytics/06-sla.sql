-- SLA timers: each promise as a row, judged now and not only when somebody resolves. What depends on the present is
-- said here; everything else was computed with the ticket's facts.

CREATE OR REPLACE VIEW {database}.sla_timers
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    policy_id String COMMENT 'Policy that rules the timer.',
    policy_version UInt32 COMMENT 'Its version: the one in force at the original start.',
    metric LowCardinality(String) COMMENT 'first_response, next_response or resolution.',
    instance UInt64 COMMENT 'Number of the timer within the ticket and metric, from 1, in order.',
    started_at DateTime64(3, 'UTC') COMMENT 'Original start, kept by a timer that takes over.',
    taken_over_at DateTime64(3, 'UTC') COMMENT 'When this policy began to rule: the start, or the change that cancelled the timer before.',
    due_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the target is reached in the calendar, pauses left out; 2106-01-01 where the calendar never reaches it. Anchor of the row. NULL while paused, and when discarded or cancelled out of a pause.',
    remaining_seconds Nullable(Int64) COMMENT 'Seconds of the calendar left while paused, and when discarded or cancelled out of a pause. NULL otherwise.',
    paused_seconds Int64 COMMENT 'Time paused before it was due, whole seconds elapsed. 0 for response timers.',
    fulfilled_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Reply or solve that fulfilled it. NULL while open, and for a cancelled or unanswered one.',
    outcome LowCardinality(String) COMMENT 'active, met (fulfilled at or before due_at), breached, or cancelled (the policy changed, or the ticket was solved without a reply or discarded before it was due).',
    breach_seconds Nullable(Int64) COMMENT 'Due time to fulfilment, solve, discard or now, in whole seconds of the timer''s calendar. NULL unless breached.',
    agent_id_at_due String COMMENT 'Assignee at due_at (at the take-over when that came later), also of a timer met before; empty while that lies ahead, when cancelled, or when nobody.',
    queue_id_at_due String COMMENT 'Queue at that moment; empty likewise.',
    queue_id_at_end String COMMENT 'Queue when the timer was fulfilled, cancelled or breached, now for an active one: reports by queue use this.',
    calendar_id String COMMENT 'Calendar of the timer; empty for 24x7.'
)
AS
-- An open timer past its due time is a breach by now, an open one runs up to now, and who held a ticket when it was due
-- is known once that has passed.
WITH now64(3, 'UTC') AS present
SELECT
    integration_id,
    ticket_id,
    t.policy_id AS policy_id,
    t.policy_version AS policy_version,
    t.metric AS metric,
    t.instance AS instance,
    t.started_at AS started_at,
    t.taken_over_at AS taken_over_at,
    t.due_at AS due_at,
    whole_seconds(t.remaining_ms) AS remaining_seconds,
    whole_seconds(t.paused_ms + ifNull(ms_between(t.paused_since, present), 0)) AS paused_seconds,
    t.fulfilled_at AS fulfilled_at,
    if(t.outcome = 'active' AND ifNull(t.due_at < present, false), 'breached', toString(t.outcome)) AS outcome,
    if(outcome = 'breached', whole_seconds(clock_ms(
        calendar_clock(t.calendar_id, assumeNotNull(t.due_at)),
        calendar_clock(t.calendar_id, ifNull(t.stopped_at, greatest(present, t.started_at))))), NULL) AS breach_seconds,
    if(ifNull(t.judged_at <= present, false), t.agent_id_when_judged, '') AS agent_id_at_due,
    if(ifNull(t.judged_at <= present, false), t.queue_id_when_judged, '') AS queue_id_at_due,
    if(outcome = 'breached', t.queue_id_when_judged, t.queue_id_at_stop) AS queue_id_at_end,
    t.calendar_id AS calendar_id
FROM {database}.sla_timer_facts FINAL
ARRAY JOIN timers AS t
COMMENT 'One row per SLA timer: a promised first response, next response or resolution under one policy.';

CREATE OR REPLACE VIEW {database}.sla_attainment
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    policy_id String COMMENT 'Policy.',
    metric LowCardinality(String) COMMENT 'first_response, next_response or resolution.',
    queue_id String COMMENT 'Queue when the timer was fulfilled, cancelled or breached, now for an active one.',
    week Date COMMENT 'Monday of the UTC week in which the timers were due; 1970-01-01 for timers that are paused.',
    met UInt64 COMMENT 'Timers met.',
    breached UInt64 COMMENT 'Timers breached, running ones past their due time included.',
    active UInt64 COMMENT 'Timers still running within their time.',
    cancelled UInt64 COMMENT 'Timers cancelled.',
    sla_attainment Nullable(Float64) COMMENT 'met / (met + breached). NULL when none was judged.'
)
AS
SELECT
    integration_id,
    policy_id,
    metric,
    queue_id_at_end AS queue_id,
    ifNull(toMonday(due_at), toDate('1970-01-01')) AS week,
    countIf(outcome = 'met') AS met,
    countIf(outcome = 'breached') AS breached,
    countIf(outcome = 'active') AS active,
    countIf(outcome = 'cancelled') AS cancelled,
    if(met + breached = 0, NULL, met / (met + breached)) AS sla_attainment
FROM {database}.sla_timers
GROUP BY integration_id, policy_id, metric, queue_id, week
COMMENT 'Kept promises by tenant, policy, metric, queue and the week in which they were due.';

CREATE OR REPLACE VIEW {database}.escalation_audit
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    finding LowCardinality(String) COMMENT 'matched, missed (a breach without an escalation) or unfounded (an escalation without a breach before it).',
    metric LowCardinality(String) COMMENT 'first_response or resolution; the escalation''s own word when it is another.',
    policy_id String COMMENT 'Our policy that was breached, empty when unfounded.',
    instance Nullable(UInt64) COMMENT 'The breached timer. NULL when unfounded.',
    due_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was due. NULL when unfounded.',
    event_id String COMMENT 'The escalation event, empty when missed.',
    escalation_policy_id String COMMENT 'The CRM''s policy, empty when missed.',
    fired_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it fired. NULL when missed.',
    late_seconds Nullable(Int64) COMMENT 'Due time to escalation, whole seconds elapsed. NULL unless matched.'
)
AS
WITH
    -- Breaches and escalations of a ticket and metric side by side: both are read once, whatever is asked of them.
    told AS
    (
        SELECT
            integration_id,
            ticket_id,
            metric,
            arraySort(groupArrayIf((at, instance, policy), is_breach)) AS breaches,
            groupArrayIf((at, event_id, policy), NOT is_breach) AS fired
        FROM
        (
            SELECT integration_id, ticket_id, toString(metric) AS metric, true AS is_breach, assumeNotNull(due_at) AS at, instance, policy_id AS policy, '' AS event_id
            FROM {database}.sla_timers
            WHERE outcome = 'breached' AND metric IN ('first_response', 'resolution')
            UNION ALL
            SELECT
                integration_id,
                ticket_id,
                transform(toString(breached_metric), ['first_response_time', 'resolution_time'], ['first_response', 'resolution'],
                          toString(breached_metric)),
                false, fired_at, 0, policy_id, event_id
            FROM {database}.escalations
        )
        GROUP BY integration_id, ticket_id, metric
    ),

    -- An escalation pairs with the latest breach of its metric that was due at or before it; 0 is none.
    paired AS
    (
        SELECT
            integration_id,
            ticket_id,
            metric,
            breaches,
            arrayMap(escalation -> (toUInt32(arrayLastIndex(breach -> breach.1 <= escalation.1, breaches)), escalation), fired) AS pairs,
            arrayFilter(nth -> NOT has(pairs.1, nth), arrayEnumerate(breaches)) AS missed,
            arrayJoin(arrayConcat(pairs, arrayMap(nth -> (nth, (toDateTime64(0, 3, 'UTC'), '', '')), missed))) AS pair,
            pair.1 AS nth,
            pair.2 AS escalation
        FROM told
    )
SELECT
    integration_id,
    ticket_id,
    multiIf(nth = 0, 'unfounded', escalation.2 = '', 'missed', 'matched') AS finding,
    metric,
    breaches[nth].3 AS policy_id,
    if(nth = 0, NULL, breaches[nth].2) AS instance,
    if(nth = 0, NULL, breaches[nth].1) AS due_at,
    escalation.2 AS event_id,
    escalation.3 AS escalation_policy_id,
    if(escalation.2 = '', NULL, escalation.1) AS fired_at,
    seconds_between(due_at, fired_at) AS late_seconds
FROM paired
COMMENT 'One row per pair: breaches that we computed beside the escalations that the CRM fired.'
