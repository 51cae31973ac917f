-- SLA timers: each promise as a row, judged now and not only when somebody resolves.

CREATE OR REPLACE VIEW {database}.sla_timers_what_if
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    policy_id String COMMENT 'Policy that rules the timer.',
    policy_version UInt32 COMMENT 'Its version: the one in force at the original start.',
    metric LowCardinality(String) COMMENT 'first_response, next_response or resolution.',
    instance UInt64 COMMENT 'Number of the timer within the ticket and metric, from 1, in order.',
    started_at DateTime64(3, 'UTC') COMMENT 'Original start, kept by a timer that takes over.',
    taken_over_at DateTime64(3, 'UTC') COMMENT 'When this policy began to rule: the start, or the change that cancelled the timer before.',
    due_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the target is reached in the calendar, pauses left out. Anchor of the row. NULL while paused.',
    remaining_seconds Nullable(Int64) COMMENT 'Seconds of the calendar left while paused. NULL otherwise.',
    paused_seconds Int64 COMMENT 'Time paused before it was due, whole seconds elapsed. 0 for response timers.',
    fulfilled_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Reply or solve that fulfilled it. NULL while open, and for a cancelled or unanswered one.',
    outcome LowCardinality(String) COMMENT 'active, met (fulfilled at or before due_at), breached, or cancelled.',
    breach_seconds Nullable(Int64) COMMENT 'Due time to fulfilment, solve or now, in whole seconds of the timer''s calendar. NULL unless breached.',
    agent_id_at_due String COMMENT 'Assignee at due_at (at the take-over when that came later), also of a timer met before; empty while that lies ahead, when cancelled, or when nobody.',
    queue_id_at_due String COMMENT 'Queue at that moment; empty likewise.',
    queue_id_at_end String COMMENT 'Queue when the timer was fulfilled, cancelled or breached, now for an active one: reports by queue use this.',
    calendar_id String COMMENT 'Calendar of the timer; empty for 24x7.'
)
AS
WITH
    now64(3, 'UTC') AS present,

    (SELECT groupUniqArray(integration_id) FROM config.policies_in_force WHERE policy_set = {policy_set:String}) AS owners,

    -- What is timed: the first response, each later wait, and each cycle up to its solve. A wait that begins while the
    -- ticket is finished starts its timer at the reopening; without one there is no timer. Neither is there for what was
    -- over before the creation.
    subjects AS
    (
        SELECT
            integration_id, ticket_id, intervals, channel_type, customer_language_code, metadata,
            subject_no,
            toString(s.metric) AS metric,
            s.begins AS begins,
            arrayFirst(i -> both(i.valid_to > begins, NOT is_finished(i.status_category)), intervals) AS first_open,
            if(metric = 'resolution', begins, greatest(begins, first_open.valid_from)) AS started_at,
            s.ends AS ended_at,
            s.ends_by AS ended_by
        FROM
        (
            SELECT
                *,
                arrayFirst(r -> r.solved_at >= ifNull(response_due_from, far_future()), resolutions) AS solve_after,
                solve_after.resolution_no > 0 AS is_solved_after,
                both(isNotNull(first_response_at), NOT both(is_solved_after, solve_after.solved_at < first_response_at))
                    AS is_answered,
                arrayLast(f -> f.flow = 'reopened', flows).at AS last_reopened_at,
                CAST(arrayConcat(
                    if(either(isNull(response_due_from), ifNull(waits[1].ended_at < response_due_from, false)), [], [(
                        'first_response', assumeNotNull(response_due_from),
                        multiIf(is_answered, first_response_at, is_solved_after, solve_after.solved_at, NULL),
                        multiIf(is_answered, 'agent_reply', is_solved_after, 'solved', ''))]),
                    arrayMap(
                        w -> ('next_response', w.waiting_since, w.ended_at, toString(w.ended_by)),
                        arrayFilter(w -> w.wait_no > 1, waits)),
                    arrayMap(
                        r -> ('resolution', r.cycle_started_at, toNullable(r.solved_at), 'solved'),
                        arrayFilter(r -> r.solved_at >= r.cycle_started_at, resolutions)),
                    if(is_finished(status_category), [], [(
                        'resolution', if(reopens > 0, last_reopened_at, created_at), NULL, '')])),
                    'Array(Tuple(metric String, begins DateTime64(3, ''UTC''), ends Nullable(DateTime64(3, ''UTC'')), ends_by String))')
                    AS timed
            FROM {database}.ticket_facts FINAL
        )
        ARRAY JOIN timed AS s, arrayEnumerate(timed) AS subject_no
        WHERE multiIf(
            metric = 'resolution', true,
            first_open.valid_to <= begins, false,
            started_at = begins, true,
            ifNull(ended_at > started_at, true))
    ),

    -- The stretches of a subject in which the state was one and the same.
    stretches AS
    (
        SELECT
            integration_id, ticket_id, metric, subject_no, started_at, ended_at, ended_by,
            channel_type, customer_language_code, metadata,
            stretch.valid_from AS state_from,
            greatest(stretch.valid_from, started_at) AS stretch_from,
            least(stretch.valid_to, ifNull(ended_at, far_future())) AS stretch_to,
            stretch.status AS status,
            stretch.status_category AS status_category,
            stretch.queue_id AS queue_id,
            -- A tenant without policies of its own in this set has those for all.
            if(has(owners, toString(integration_id)), toString(integration_id), '') AS policies_of
        FROM subjects
        ARRAY JOIN arrayFilter(
            i -> both(i.valid_to > started_at,
                      either(i.valid_from <= started_at, i.valid_from < ifNull(ended_at, far_future()))),
            intervals) AS stretch
    ),

    policies AS
    (
        SELECT
            *,
            t.1 AS metric,
            t.2 * 1000 AS target_ms
        FROM config.policies_in_force
        ARRAY JOIN [('first_response', first_response_seconds), ('next_response', next_response_seconds),
                    ('resolution', resolution_seconds)] AS t
        WHERE policy_set = {policy_set:String} AND isNotNull(t.2)
    ),

    -- The first policy in configured order that matches in each stretch, in the version in force at the original start.
    ruled AS
    (
        SELECT
            s.integration_id AS integration_id, s.ticket_id AS ticket_id, s.metric AS metric, s.subject_no AS subject_no,
            s.started_at AS started_at, s.ended_at AS ended_at, s.ended_by AS ended_by,
            s.state_from AS state_from,
            any(s.stretch_from) AS stretch_from,
            any(s.stretch_to) AS stretch_to,
            any(s.status) AS status,
            any(s.status_category) AS status_category,
            argMinIf(
                (p.policy_id, p.version, assumeNotNull(p.target_ms), p.calendar_id, p.pause_statuses),
                (p.position, p.policy_id),
                p.policy_id != ''
                    AND p.in_force_from <= s.started_at AND s.started_at < p.in_force_to
                    AND (empty(p.match_queue_ids) OR has(p.match_queue_ids, s.queue_id))
                    AND (empty(p.match_channel_types) OR has(p.match_channel_types, toString(s.channel_type)))
                    AND (empty(p.match_language_codes) OR has(p.match_language_codes, toString(s.customer_language_code)))
                    AND arrayAll((k, v) -> json_text(s.metadata, k) = v, mapKeys(p.match_metadata), mapValues(p.match_metadata)))
                AS policy
        FROM stretches AS s
        LEFT JOIN policies AS p ON p.integration_id = s.policies_of AND p.metric = s.metric
        GROUP BY integration_id, ticket_id, metric, subject_no, started_at, ended_at, ended_by, state_from
    ),

    -- A run of stretches under one policy is an instance. It takes over from the original start, so its stretches are
    -- all those from the start to the end of the run.
    instances AS
    (
        SELECT
            integration_id, ticket_id, metric, subject_no, started_at, ended_at, ended_by,
            arraySort(groupArray((stretch_from, stretch_to, status, status_category, policy))) AS parts,
            arrayFilter(
                n -> either(n = length(parts), parts[n].5 != parts[n + 1].5),
                arrayEnumerate(parts)) AS run_ends,
            arrayPopBack(arrayPushFront(run_ends, 0)) AS run_starts
        FROM ruled
        GROUP BY integration_id, ticket_id, metric, subject_no, started_at, ended_at, ended_by
    ),

    measured AS
    (
        SELECT
            integration_id, ticket_id, metric, subject_no, started_at, ended_at, ended_by,
            run_end = length(parts) AS is_last_run,
            parts[run_start + 1].1 AS taken_over_at,
            parts[run_end].2 AS run_to,
            parts[run_end].5 AS policy,
            policy.4 AS calendar,
            policy.3 AS target_ms,
            arraySlice(parts, 1, run_end) AS run_parts,
            arrayMap(
                p -> both(metric = 'resolution',
                          either(has(policy.5, toString(p.4)), has(policy.5, status_key(p.3)))),
                run_parts) AS is_paused,
            -- Open time that counts, per stretch; the last one goes on until the target is reached.
            arrayCumSum(arrayMap(
                (p, paused, n) -> multiIf(
                    paused, 0,
                    n = run_end, 9000000000000000,
                    clock_ms(calendar_clock(calendar, p.1), calendar_clock(calendar, p.2))),
                run_parts, is_paused, arrayEnumerate(run_parts))) AS counted_ms,
            arrayFirstIndex(c -> c >= target_ms, counted_ms) AS due_part,
            if(run_end = 1, 0, counted_ms[run_end - 1]) AS counted_before_last
        FROM instances
        ARRAY JOIN run_starts AS run_start, run_ends AS run_end
        WHERE policy.1 != ''
    ),

    due AS
    (
        SELECT
            *,
            multiIf(
                due_part > 0, due_time(calendar, run_parts[due_part].1,
                    toInt64(target_ms - if(due_part = 1, 0, counted_ms[due_part - 1]))),
                -- Solved out of a pause: as if the pause ended with the solve.
                is_last_run AND ended_by = 'solved', due_time(calendar, assumeNotNull(ended_at),
                    toInt64(target_ms - counted_before_last)),
                NULL) AS due_at,
            -- Once due, a policy change leaves the timer alone.
            ifNull(due_at < run_to, false) AS is_due_in_run,
            is_last_run OR is_due_in_run AS is_final
        FROM measured
    ),

    judged AS
    (
        SELECT
            *,
            multiIf(
                NOT is_final, 'cancelled',
                metric != 'resolution' AND ended_by = 'solved', if(ifNull(due_at < ended_at, false), 'breached', 'cancelled'),
                isNotNull(ended_at), if(ifNull(ended_at <= due_at, true), 'met', 'breached'),
                ifNull(due_at < present, false), 'breached',
                'active') AS outcome,
            multiIf(NOT is_final, run_to, isNotNull(ended_at), assumeNotNull(ended_at), greatest(present, started_at)) AS stops_at,
            greatest(taken_over_at, ifNull(due_at, taken_over_at)) AS breached_at
        FROM
        (
            SELECT
                *,
                countIf(is_due_in_run) OVER (
                    PARTITION BY integration_id, ticket_id, subject_no ORDER BY taken_over_at
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS due_before
            FROM due
        )
        WHERE due_before = 0
    )
SELECT
    j.integration_id AS integration_id,
    j.ticket_id AS ticket_id,
    j.policy.1 AS policy_id,
    j.policy.2 AS policy_version,
    j.metric AS metric,
    row_number() OVER (PARTITION BY j.integration_id, j.ticket_id, j.metric ORDER BY j.started_at, j.subject_no, j.taken_over_at) AS instance,
    j.started_at AS started_at,
    j.taken_over_at AS taken_over_at,
    j.due_at AS due_at,
    if(isNull(j.due_at), whole_seconds(toInt64(j.target_ms - j.counted_before_last)), NULL) AS remaining_seconds,
    whole_seconds(toInt64(arraySum(
        (p, paused) -> if(paused, ms_between(p.1, least(p.2, j.stops_at, ifNull(j.due_at, far_future()))), 0),
        j.run_parts, j.is_paused))) AS paused_seconds,
    if(isNotNull(j.ended_at) AND j.is_final AND (j.metric = 'resolution' OR j.ended_by = 'agent_reply'), j.ended_at, NULL) AS fulfilled_at,
    j.outcome AS outcome,
    if(j.outcome = 'breached', whole_seconds(clock_ms(calendar_clock(j.calendar, assumeNotNull(j.due_at)), calendar_clock(j.calendar, j.stops_at))), NULL) AS breach_seconds,
    if(is_due_moment_known, held_at_due.assignee_id, '') AS agent_id_at_due,
    if(is_due_moment_known, held_at_due.queue_id, '') AS queue_id_at_due,
    if(j.outcome = 'breached', held_at_due.queue_id, held_at_end.queue_id) AS queue_id_at_end,
    j.calendar AS calendar_id
FROM
(
    SELECT
        judged.*,
        if(judged.outcome = 'breached', judged.breached_at, ifNull(judged.due_at, far_future())) AS due_moment,
        both(judged.outcome != 'cancelled', due_moment <= present) AS is_due_moment_known,
        arrayFirst(i -> both(i.valid_from <= due_moment, i.valid_to > due_moment), f.intervals) AS held_at_due,
        arrayFirst(i -> both(i.valid_from <= judged.stops_at, i.valid_to > judged.stops_at), f.intervals) AS held_at_end
    FROM judged
    INNER JOIN (SELECT integration_id, ticket_id, intervals FROM {database}.ticket_facts FINAL) AS f
        ON f.integration_id = judged.integration_id AND f.ticket_id = judged.ticket_id
) AS j
COMMENT 'sla_timers under another set of policies. Parameter: policy_set (empty for the live one).';

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
    due_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the target is reached in the calendar, pauses left out. Anchor of the row. NULL while paused.',
    remaining_seconds Nullable(Int64) COMMENT 'Seconds of the calendar left while paused. NULL otherwise.',
    paused_seconds Int64 COMMENT 'Time paused before it was due, whole seconds elapsed. 0 for response timers.',
    fulfilled_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Reply or solve that fulfilled it. NULL while open, and for a cancelled or unanswered one.',
    outcome LowCardinality(String) COMMENT 'active, met (fulfilled at or before due_at), breached, or cancelled.',
    breach_seconds Nullable(Int64) COMMENT 'Due time to fulfilment, solve or now, in whole seconds of the timer''s calendar. NULL unless breached.',
    agent_id_at_due String COMMENT 'Assignee at due_at (at the take-over when that came later), also of a timer met before; empty while that lies ahead, when cancelled, or when nobody.',
    queue_id_at_due String COMMENT 'Queue at that moment; empty likewise.',
    queue_id_at_end String COMMENT 'Queue when the timer was fulfilled, cancelled or breached, now for an active one: reports by queue use this.',
    calendar_id String COMMENT 'Calendar of the timer; empty for 24x7.'
)
AS
SELECT
    integration_id,
    ticket_id,
    policy_id,
    policy_version,
    metric,
    instance,
    started_at,
    taken_over_at,
    due_at,
    remaining_seconds,
    paused_seconds,
    fulfilled_at,
    outcome,
    breach_seconds,
    agent_id_at_due,
    queue_id_at_due,
    queue_id_at_end,
    calendar_id
FROM {database}.sla_timers_what_if(policy_set = '')
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
    breaches AS
    (
        SELECT integration_id, ticket_id, toString(metric) AS metric, policy_id, instance, assumeNotNull(due_at) AS due_at
        FROM {database}.sla_timers
        WHERE outcome = 'breached' AND metric IN ('first_response', 'resolution')
    ),

    fired AS
    (
        SELECT
            integration_id,
            ticket_id,
            transform(toString(breached_metric), ['first_response_time', 'resolution_time'], ['first_response', 'resolution'],
                      toString(breached_metric)) AS metric,
            event_id,
            policy_id AS escalation_policy_id,
            fired_at
        FROM {database}.escalations
    ),

    -- An escalation pairs with the latest breach of its metric that was due at or before it.
    paired AS
    (
        SELECT
            fired.*,
            argMaxIf((b.policy_id, b.instance, b.due_at), (b.due_at, b.instance), b.instance > 0 AND b.due_at <= fired.fired_at)
                AS breach
        FROM fired
        LEFT JOIN breaches AS b
            ON b.integration_id = fired.integration_id AND b.ticket_id = fired.ticket_id AND b.metric = fired.metric
        GROUP BY ALL
    )
SELECT
    integration_id,
    ticket_id,
    finding,
    metric,
    policy_id,
    instance,
    due_at,
    event_id,
    escalation_policy_id,
    fired_at,
    seconds_between(due_at, fired_at) AS late_seconds
FROM
(
    SELECT
        integration_id, ticket_id, metric,
        if(breach.2 > 0, 'matched', 'unfounded') AS finding,
        breach.1 AS policy_id,
        if(breach.2 > 0, breach.2, NULL) AS instance,
        if(breach.2 > 0, breach.3, NULL) AS due_at,
        event_id, escalation_policy_id, toNullable(fired_at) AS fired_at
    FROM paired
    UNION ALL
    SELECT
        integration_id, ticket_id, metric, 'missed', policy_id, instance, due_at, '', '', NULL
    FROM breaches
    WHERE (integration_id, ticket_id, metric, instance) NOT IN (
        SELECT integration_id, ticket_id, metric, breach.2 FROM paired)
)
COMMENT 'One row per pair: breaches that we computed beside the escalations that the CRM fired.'
