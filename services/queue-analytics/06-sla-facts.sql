-- The SLA timers of a ticket: each promise judged as far as that does not depend on the present. They follow from the
-- ticket's facts and the policies, and are stored beside the facts, computed right after them: working them out on
-- every read took 2.5 s for 47,000 tickets, reading them takes 0.1 s. What-if questions read the same definition under
-- another set of policies.
-- It is arithmetic on a ticket's own arrays, until a row per timer is enough. Inner lambdas take the lists that they
-- need and no whole rows, since what a lambda captures is copied for each element.

DEFINE timers_type AS
    Array(Tuple(
        policy_id String,
        policy_version UInt32,
        metric LowCardinality(String),
        instance UInt64,
        started_at DateTime64(3, 'UTC'),
        taken_over_at DateTime64(3, 'UTC'),
        due_at Nullable(DateTime64(3, 'UTC')),
        remaining_ms Nullable(Int64),
        paused_ms Int64,
        paused_since Nullable(DateTime64(3, 'UTC')),
        stopped_at Nullable(DateTime64(3, 'UTC')),
        fulfilled_at Nullable(DateTime64(3, 'UTC')),
        outcome LowCardinality(String),
        judged_at Nullable(DateTime64(3, 'UTC')),
        agent_id_when_judged String,
        queue_id_when_judged String,
        queue_id_at_stop String,
        calendar_id String));

DEFINE timers_column AS
    timers {timers_type} COMMENT 'Timers in order of metric and instance. An open one is active here, whether its due time has passed or not; judged_at is when its outcome was or would be decided.';

DEFINE breaches_column AS
    breaches Array(Tuple(at DateTime64(3, 'UTC'), queue_id LowCardinality(String), is_certain Bool)) COMMENT 'Timers that are breached, and those that will be at `at` unless something happens before (is_certain = false); with the queue at that moment.';

CREATE TABLE IF NOT EXISTS {database}.sla_timer_facts
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    version UInt64 COMMENT 'Version of the ticket''s facts that they belong to; the highest version of a row wins.',
    {timers_column},
    {breaches_column},
    config_version UInt32 COMMENT 'Version of the configuration that they were computed under.'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (integration_id, ticket_id)
SETTINGS index_granularity = 512
COMMENT 'SLA timers, one row per ticket. Read them through sla_timers.';

ALTER TABLE {database}.sla_timer_facts ADD COLUMN IF NOT EXISTS {breaches_column} AFTER timers;

-- The oldest of what is computed for a ticket: an interruption may leave facts without timers.
CREATE OR REPLACE VIEW {database}.computed_facts
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    version Int64 COMMENT 'Events of the ticket from which all its facts are computed; -1 when some are missing.',
    config_version UInt32 COMMENT 'Version of the configuration that all of them were computed under, or a later one.'
)
AS
SELECT
    integration_id,
    ticket_id,
    if(count() = 2, toInt64(min(bitAnd(version, 4294967295))), -1) AS version,
    min(config_version) AS config_version
FROM
(
    SELECT integration_id, ticket_id, version, config_version FROM {database}.ticket_facts FINAL
    UNION ALL
    SELECT integration_id, ticket_id, version, config_version FROM {database}.sla_timer_facts FINAL
)
GROUP BY integration_id, ticket_id
COMMENT 'How far the facts of each ticket are computed.';

CREATE OR REPLACE VIEW {database}.ticket_timers
(
    policy_set String COMMENT 'Set of policies: empty for the live one.',
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    version UInt64 COMMENT 'Version of the ticket''s facts.',
    {timers_column},
    config_version UInt32 COMMENT 'Version of the configuration that it was computed under.'
)
AS
WITH
    -- A tenant's policies in configured order, one entry per version and metric that has a target.
    policies AS
    (
        SELECT
            policy_set AS policies_in,
            integration_id AS policies_of,
            arraySort(groupArray(CAST(
                (position, policy_id, version, target.1, target.2 * 1000, in_force_from, in_force_to, calendar_id, pause_statuses,
                 match_queue_ids, match_channel_types, match_language_codes, match_metadata),
                'Tuple(position UInt32, policy_id String, version UInt32, metric String, target_ms Int64, in_force_from DateTime64(3, ''UTC''), in_force_to DateTime64(3, ''UTC''), calendar_id String, pause_statuses Array(String), queue_ids Array(String), channel_types Array(String), language_codes Array(String), metadata Map(String, String))')))
                AS all_policies
        FROM config.policies_in_force
        ARRAY JOIN arrayFilter(t -> isNotNull(t.2), [
            ('first_response', first_response_seconds), ('next_response', next_response_seconds), ('resolution', resolution_seconds)]) AS target
        GROUP BY policy_set, integration_id
    ),

    -- A tenant without policies of its own in a set has those for all.
    tickets AS
    (
        SELECT
            policy_set, integration_id, ticket_id, version, config_version, created_at, status_category, reopens,
            response_due_from, first_response_at, intervals, waits, resolutions, flows,
            arrayFirst(r -> r.solved_at >= ifNull(response_due_from, far_future()), resolutions) AS solve_after,
            arrayFilter(
                p -> both(
                    both(either(empty(p.channel_types), has(p.channel_types, toString(channel_type))),
                         either(empty(p.language_codes), has(p.language_codes, toString(customer_language_code)))),
                    arrayAll((k, v) -> both(JSONHas(metadata, k), json_text(metadata, k) = v), mapKeys(p.metadata), mapValues(p.metadata))),
                all_policies) AS policies
        FROM
        (
            SELECT
                *,
                arrayJoin((SELECT arrayDistinct(arrayPushFront(groupUniqArray(policy_set), '')) FROM config.policies_in_force)) AS policy_set,
                if((policy_set, integration_id) IN (SELECT policy_set, integration_id FROM config.policies_in_force), toString(integration_id), '') AS owner
            FROM {database}.ticket_facts FINAL
        ) AS f
        LEFT JOIN policies AS p ON p.policies_in = f.policy_set AND p.policies_of = f.owner
    ),

    answered AS
    (
        SELECT
            *,
            solve_after.resolution_no > 0 AS is_solved_after,
            both(isNotNull(first_response_at), NOT both(solve_after.resolution_no > 0, solve_after.solved_at < first_response_at)) AS is_answered
        FROM tickets
    ),

    -- What is timed: the first response, each later wait, and each cycle up to its solve.
    timed AS
    (
        SELECT
            policy_set, integration_id, ticket_id, version, config_version, intervals, policies,
            arrayMap(f -> f.at, arrayFilter(f -> f.flow = 'reopened', flows)) AS reopened_at,
            arrayMap(i -> (i.valid_from, i.valid_to), arrayFilter(i -> is_finished(i.status_category), intervals)) AS finished_periods,
            NOT has(flows.flow, 'created') AS is_created_finished,
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
                    'resolution', if(reopens > 0, reopened_at[-1], created_at), NULL, '')])),
                'Array(Tuple(metric String, begins DateTime64(3, ''UTC''), ends Nullable(DateTime64(3, ''UTC'')), ends_by String))')
                AS timed
        FROM answered
    ),

    -- A wait that begins while the ticket is finished starts its timer at the reopening; without one there is no timer.
    -- Neither is there for what was over before the creation. Within an instant creations and messages come first and
    -- changes of the status last: what was in force just before it is the status of a message.
    started AS
    (
        SELECT
            policy_set, integration_id, ticket_id, version, config_version, intervals, policies,
            arrayMap(i -> (i.valid_from, i.valid_to, toString(i.status_category), status_key(i.status), i.queue_id), intervals) AS states,
            arrayMap(p -> (p.metric, p.in_force_from, p.in_force_to, p.queue_ids), policies) AS choices,
            arrayFilter(
                s -> multiIf(
                    NOT s.waits_for_reopening, true,
                    s.started_at = toDateTime64(0, 3, 'UTC'), false,
                    s.ended_by = 'solved', ifNull(s.ended_at >= s.started_at, true),
                    ifNull(s.ended_at > s.started_at, true)),
                CAST(arrayMap(
                    (s, is_finished_then, reopened) -> (
                        s.metric, both(s.metric != 'resolution', is_finished_then),
                        if(both(s.metric != 'resolution', is_finished_then), reopened, s.begins), s.ends, s.ends_by),
                    timed,
                    arrayMap(
                        begins -> if(begins <= intervals[1].valid_from, is_created_finished,
                            arrayExists(p -> both(p.1 < begins, p.2 >= begins), finished_periods)),
                        timed.begins),
                    arrayMap(begins -> arrayFirst(r -> r >= begins, reopened_at), timed.begins)),
                    'Array(Tuple(metric String, waits_for_reopening Bool, started_at DateTime64(3, ''UTC''), ended_at Nullable(DateTime64(3, ''UTC'')), ended_by String))'))
                AS subjects
        FROM timed
    ),

    -- The stretches of a subject in which the state was one and the same, each with the first policy in configured order
    -- that matches, in the version in force at the original start; 0 for none. A reply comes first in its instant, so that
    -- what else happens then is too late; a solve comes last, so an assignment in its instant takes over before it.
    stretched AS
    (
        SELECT
            policy_set, integration_id, ticket_id, version, config_version, intervals, policies, subjects,
            arrayMap(
                (metric, started_at, ended_at, ended_by) -> CAST(arrayMap(
                    i -> (
                        greatest(i.1, started_at), least(i.2, ifNull(ended_at, far_future())), i.3, i.4,
                        arrayFirstIndex(
                            c -> multiIf(
                                c.1 != metric, false,
                                c.2 > started_at, false,
                                c.3 <= started_at, false,
                                empty(c.4), true,
                                has(c.4, i.5)),
                            choices)),
                    arrayFilter(
                        i -> both(i.2 > started_at, multiIf(
                            i.1 <= started_at, true,
                            ended_by = 'solved', i.1 <= ended_at,
                            i.1 < ifNull(ended_at, far_future()))),
                        states)),
                    'Array(Tuple(begins DateTime64(3, ''UTC''), ends DateTime64(3, ''UTC''), category String, status_key String, policy UInt32))'),
                subjects.metric, subjects.started_at, subjects.ended_at, subjects.ended_by) AS stretches
        FROM started
    ),

    ruled AS
    (
        SELECT *, arrayMap(s -> s.policy, stretches) AS ruling
        FROM stretched
    ),

    -- A run of stretches under one policy is an instance. It takes over from the original start, so its stretches are
    -- all those from the start to the end of the run.
    runs AS
    (
        SELECT
            policy_set, integration_id, ticket_id, version, config_version, intervals, policies,
            arrayFlatten(arrayMap(
                (subject, subject_no, parts, rules) -> CAST(arrayMap(
                    (first, last) -> (
                        subject.metric, subject_no, subject.started_at, subject.ended_at, subject.ended_by,
                        parts[first].begins, parts[last].ends, last = length(parts), parts[last].policy, arraySlice(parts, 1, last)),
                    arrayFilter((n, this, before) -> both(this > 0, this != before),
                        arrayEnumerate(rules), rules, arrayPushFront(arrayPopBack(rules), 4294967295)),
                    arrayFilter((n, this, after) -> both(this > 0, this != after),
                        arrayEnumerate(rules), rules, arrayPushBack(arrayPopFront(rules), 4294967295))),
                    'Array(Tuple(metric String, subject_no UInt32, started_at DateTime64(3, ''UTC''), ended_at Nullable(DateTime64(3, ''UTC'')), ended_by String, taken_over_at DateTime64(3, ''UTC''), run_to DateTime64(3, ''UTC''), is_last_run Bool, policy UInt32, parts Array(Tuple(begins DateTime64(3, ''UTC''), ends DateTime64(3, ''UTC''), category String, status_key String, policy UInt32))))'),
                subjects, arrayEnumerate(subjects), stretches, ruling)) AS instances
        FROM ruled
    ),

    -- From here on one row per instance; a ticket without any keeps a row.
    paused AS
    (
        SELECT
            policy_set, integration_id, ticket_id, version, config_version, intervals, instance, rule, instance.parts AS parts,
            arrayMap(
                p -> both(instance.metric = 'resolution',
                          either(has(rule.pause_statuses, p.category), has(rule.pause_statuses, p.status_key))),
                instance.parts) AS is_paused
        FROM
        (
            SELECT policy_set, integration_id, ticket_id, version, config_version, intervals, instance, policies[instance.policy] AS rule
            FROM runs
            LEFT ARRAY JOIN instances AS instance
        )
    ),

    -- Open time that counts, added up stretch by stretch; the last one goes on until the target is reached.
    counted AS
    (
        SELECT
            *,
            arrayCumSum(arrayMap(
                (p, paused, parts_left) -> multiIf(
                    paused, 0,
                    parts_left = 1, 9000000000000000,
                    clock_ms(calendar_clock(rule.calendar_id, p.begins), calendar_clock(rule.calendar_id, p.ends))),
                parts, is_paused, arrayReverse(arrayEnumerate(parts)))) AS counted_ms
        FROM paused
    ),

    -- Reached just at a stretch's end, it is the next one's matter: the state after an instant rules at that instant. Not so
    -- where the calendar had closed before that end.
    reached AS
    (
        SELECT
            *,
            arrayFirstIndex(
                (c, p, paused) -> multiIf(
                    paused, false,
                    c > rule.target_ms, true,
                    c < rule.target_ms, false,
                    calendar_clock(rule.calendar_id, p.ends) = calendar_clock(rule.calendar_id, p.ends - toIntervalMillisecond(1))),
                counted_ms, parts, is_paused) AS due_part
        FROM counted
    ),

    -- From when the rest of the target runs: in the stretch in which it is reached, or, solved out of a pause, as if the
    -- pause ended with the solve. NULL while paused.
    rested AS
    (
        SELECT
            *,
            multiIf(
                due_part > 0, toNullable(parts[due_part].begins),
                both(instance.is_last_run, instance.ended_by = 'solved'), instance.ended_at,
                NULL) AS rest_from,
            toInt64(rule.target_ms - multiIf(due_part = 0, counted_ms[-1], due_part = 1, 0, counted_ms[due_part - 1])) AS rest_ms
        FROM reached
    ),

    due AS
    (
        SELECT *, if(isNull(rest_from), NULL, due_time(rule.calendar_id, assumeNotNull(rest_from), rest_ms)) AS due_at
        FROM rested
    ),

    -- Once due, a policy change leaves the timer alone: it is the subject's last one.
    settled AS
    (
        SELECT
            *,
            ifNull(due_at < instance.run_to, false) AS is_due_in_run,
            either(instance.is_last_run, ifNull(due_at < instance.run_to, false)) AS is_final
        FROM due
    ),

    judged AS
    (
        SELECT
            *,
            multiIf(
                NOT is_final, 'cancelled',
                both(instance.metric != 'resolution', instance.ended_by = 'solved'),
                    if(ifNull(due_at < instance.ended_at, false), 'breached', 'cancelled'),
                isNotNull(instance.ended_at), if(ifNull(instance.ended_at <= due_at, true), 'met', 'breached'),
                'active') AS outcome,
            if(is_final, instance.ended_at, instance.run_to) AS stopped_at
        FROM settled
    ),

    decided AS
    (
        SELECT
            *,
            multiIf(
                outcome = 'cancelled', NULL,
                outcome = 'met', due_at,
                isNull(due_at), NULL,
                greatest(assumeNotNull(due_at), instance.taken_over_at)) AS judged_at,
            -- Elapsed, up to when it was due or stopped. A pause that goes on stands beside.
            arraySum(
                (p, paused) -> if(
                    both(paused, either(isNotNull(stopped_at), p.ends < far_future())),
                    ms_between(p.begins, least(p.ends, ifNull(stopped_at, far_future()), ifNull(due_at, far_future()))), 0),
                parts, is_paused) AS paused_ms
        FROM judged
    ),

    -- The state after an instant rules at that instant; the last one is in force now.
    held AS
    (
        SELECT
            *,
            if(isNull(judged_at), 0, arrayLastIndex(f -> f <= judged_at, intervals.valid_from)) AS judged_in,
            if(isNull(stopped_at), length(intervals), arrayLastIndex(f -> f <= stopped_at, intervals.valid_from)) AS stopped_in
        FROM decided
    ),

    gathered AS
    (
        SELECT
            policy_set, integration_id, ticket_id, version, config_version,
            arraySort(groupArrayIf(
                (instance.subject_no, instance.taken_over_at, is_due_in_run, rule.policy_id, rule.version, instance.metric,
                 instance.started_at, due_at, if(isNull(due_at), rest_ms, NULL), paused_ms,
                 if(both(outcome = 'active', isNull(due_at)), toNullable(parts[-1].begins), NULL),
                 stopped_at,
                 if(both(is_final, either(instance.metric = 'resolution', instance.ended_by = 'agent_reply')), instance.ended_at, NULL),
                 outcome, judged_at, intervals.assignee_id[judged_in], intervals.queue_id[judged_in], intervals.queue_id[stopped_in],
                 rule.calendar_id),
                instance.policy > 0)) AS all_timers
        FROM held
        GROUP BY policy_set, integration_id, ticket_id, version, config_version
    ),

    overdue AS
    (
        SELECT *, arrayMap(t -> (t.1, t.2), arrayFilter(t -> t.3, all_timers)) AS due_in_run
        FROM gathered
    ),

    kept AS
    (
        SELECT *, arrayFilter(t -> NOT arrayExists(d -> both(d.1 = t.1, d.2 < t.2), due_in_run), all_timers) AS kept
        FROM overdue
    )
SELECT
    policy_set,
    integration_id,
    ticket_id,
    version,
    arrayMap(
        (t, instance) -> (t.4, t.5, t.6, instance, t.7, t.2, t.8, t.9, t.10, t.11, t.12, t.13, t.14, t.15, t.16, t.17, t.18, t.19),
        kept, arrayEnumerateUniq(kept.6))::{timers_type} AS timers,
    -- Facts of an older configuration give timers of an older one.
    least(config_version, live_config_version()) AS config_version
FROM kept
COMMENT 'SLA timers as far as they do not depend on the present, one row per ticket and set of policies.';

-- A plain view in between keeps planning short: one with parameters is planned once more for each level of it.
CREATE OR REPLACE VIEW {database}.sla_timer_facts_of AS
SELECT * EXCEPT policy_set
FROM {database}.ticket_timers
WHERE policy_set = '' AND (empty({tickets:Array(String)}) OR ticket_id IN {tickets:Array(String)})
COMMENT 'The definition of sla_timer_facts, from ticket_facts as they stand: compute those first. Parameter: tickets (empty: all).'
