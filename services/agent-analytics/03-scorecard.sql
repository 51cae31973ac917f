-- The scorecard: everything an agent did, each kind of fact counted at its own anchor, aggregated once.

DEFINE scorecard_columns AS
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    agent_id String COMMENT 'Agent; empty for actions of agents without id.',
    solves UInt64 COMMENT 'Solves by the agent, reopened ones included. Anchor: solved_at.',
    solved_tickets UInt64 COMMENT 'Distinct tickets among them.',
    solved_customers UInt64 COMMENT 'Distinct customers among them; provisional tickets have none.',
    solves_seven_days_old UInt64 COMMENT 'Solves at least 7 days old: the reopen rate''s denominator.',
    reopened_within_7_days UInt64 COMMENT 'Those of them reopened within 7 days.',
    reopen_rate_7d Nullable(Float64) COMMENT 'reopened_within_7_days / solves_seven_days_old, charged to the solver. NULL without a denominator.',
    reopen_rate_7d_likely_from Nullable(Float64) COMMENT 'From here to ..._likely_to the true share lies with 95 % certainty (Wilson; n is solves_seven_days_old). NULL without a denominator.',
    reopen_rate_7d_likely_to Nullable(Float64) COMMENT 'The other end of that interval. NULL without a denominator.',
    agent_replies UInt64 COMMENT 'Public messages by the agent. Anchor: the turn''s first reply.',
    reply_turns UInt64 COMMENT 'Reply turns of the agent.',
    replied_tickets UInt64 COMMENT 'Distinct tickets with a reply of the agent.',
    first_responses UInt64 COMMENT 'Tickets whose first response the agent gave, whoever held them.',
    private_notes UInt64 COMMENT 'Private notes by the agent.',
    stations UInt64 COMMENT 'Stations of the agent. Anchor: assigned_at.',
    answered_stations UInt64 COMMENT 'Those with a reply of the agent.',
    answered_share Nullable(Float64) COMMENT 'answered_stations / stations: stands beside the percentiles. NULL without stations.',
    answered_share_likely_from Nullable(Float64) COMMENT 'From here to ..._likely_to the true share lies with 95 % certainty (Wilson; n is stations). NULL without a denominator.',
    answered_share_likely_to Nullable(Float64) COMMENT 'The other end of that interval. NULL without a denominator.',
    bounced_assignments UInt64 COMMENT 'Stations lost without a reply.',
    handoffs_in UInt64 COMMENT 'Stations that came directly from another agent.',
    handoffs_out UInt64 COMMENT 'Stations that went directly to another agent.',
    held_seconds Int64 COMMENT 'Time in new and open with the agent, whole seconds elapsed, added over tickets; running up to now. Anchor: assigned_at of the station.',
    held_business_seconds Int64 COMMENT 'Time in new and open with the agent in whole seconds of business time (the tenant''s default calendar; 24x7 without one), added over tickets; running up to now.',
    agent_first_response_seconds_n UInt64 COMMENT 'Own clock, station or wait start to the agent''s first reply in the station, elapsed: how many are measured. Anchor: assigned_at of the station.',
    agent_first_response_seconds_p50 Nullable(Int64) COMMENT 'Own clock, station or wait start to the agent''s first reply in the station, elapsed: p50, whole seconds (quantileExact). NULL when n = 0.',
    agent_first_response_seconds_p50_likely_from Nullable(Int64) COMMENT 'From here, whole seconds, to ..._likely_to the true p50 lies with 95 % certainty: where those of two agents overlap, the numbers do not tell them apart. NULL when n is too small to bound it.',
    agent_first_response_seconds_p50_likely_to Nullable(Int64) COMMENT 'The other end of that interval, whole seconds. NULL when n is too small to bound it.',
    agent_first_response_seconds_p90 Nullable(Int64) COMMENT 'Own clock, station or wait start to the agent''s first reply in the station, elapsed: p90, whole seconds (quantileExact). NULL when n = 0.',
    agent_first_response_seconds_p90_likely_from Nullable(Int64) COMMENT 'From here, whole seconds, to ..._likely_to the true p90 lies with 95 % certainty: where those of two agents overlap, the numbers do not tell them apart. NULL when n is too small to bound it.',
    agent_first_response_seconds_p90_likely_to Nullable(Int64) COMMENT 'The other end of that interval, whole seconds. NULL when n is too small to bound it.',
    agent_first_response_seconds_p95 Nullable(Int64) COMMENT 'Own clock, station or wait start to the agent''s first reply in the station, elapsed: p95, whole seconds (quantileExact). NULL when n = 0.',
    agent_first_response_seconds_p95_likely_from Nullable(Int64) COMMENT 'From here, whole seconds, to ..._likely_to the true p95 lies with 95 % certainty: where those of two agents overlap, the numbers do not tell them apart. NULL when n is too small to bound it.',
    agent_first_response_seconds_p95_likely_to Nullable(Int64) COMMENT 'The other end of that interval, whole seconds. NULL when n is too small to bound it.',
    agent_first_response_business_seconds_n UInt64 COMMENT 'Own clock, station or wait start to the agent''s first reply in the station, business time: how many are measured. Anchor: assigned_at of the station.',
    agent_first_response_business_seconds_p50 Nullable(Int64) COMMENT 'Own clock, station or wait start to the agent''s first reply in the station, business time: p50, whole seconds (quantileExact). NULL when n = 0.',
    agent_first_response_business_seconds_p50_likely_from Nullable(Int64) COMMENT 'From here, whole seconds, to ..._likely_to the true p50 lies with 95 % certainty: where those of two agents overlap, the numbers do not tell them apart. NULL when n is too small to bound it.',
    agent_first_response_business_seconds_p50_likely_to Nullable(Int64) COMMENT 'The other end of that interval, whole seconds. NULL when n is too small to bound it.',
    agent_first_response_business_seconds_p90 Nullable(Int64) COMMENT 'Own clock, station or wait start to the agent''s first reply in the station, business time: p90, whole seconds (quantileExact). NULL when n = 0.',
    agent_first_response_business_seconds_p90_likely_from Nullable(Int64) COMMENT 'From here, whole seconds, to ..._likely_to the true p90 lies with 95 % certainty: where those of two agents overlap, the numbers do not tell them apart. NULL when n is too small to bound it.',
    agent_first_response_business_seconds_p90_likely_to Nullable(Int64) COMMENT 'The other end of that interval, whole seconds. NULL when n is too small to bound it.',
    agent_first_response_business_seconds_p95 Nullable(Int64) COMMENT 'Own clock, station or wait start to the agent''s first reply in the station, business time: p95, whole seconds (quantileExact). NULL when n = 0.',
    agent_first_response_business_seconds_p95_likely_from Nullable(Int64) COMMENT 'From here, whole seconds, to ..._likely_to the true p95 lies with 95 % certainty: where those of two agents overlap, the numbers do not tell them apart. NULL when n is too small to bound it.',
    agent_first_response_business_seconds_p95_likely_to Nullable(Int64) COMMENT 'The other end of that interval, whole seconds. NULL when n is too small to bound it.',
    agent_wait_seconds_n UInt64 COMMENT 'Own clock, own part of the waits that the agent ended, elapsed: how many are measured. Anchor: replied_at of the turn that ended the wait.',
    agent_wait_seconds_p50 Nullable(Int64) COMMENT 'Own clock, own part of the waits that the agent ended, elapsed: p50, whole seconds (quantileExact). NULL when n = 0.',
    agent_wait_seconds_p50_likely_from Nullable(Int64) COMMENT 'From here, whole seconds, to ..._likely_to the true p50 lies with 95 % certainty: where those of two agents overlap, the numbers do not tell them apart. NULL when n is too small to bound it.',
    agent_wait_seconds_p50_likely_to Nullable(Int64) COMMENT 'The other end of that interval, whole seconds. NULL when n is too small to bound it.',
    agent_wait_seconds_p90 Nullable(Int64) COMMENT 'Own clock, own part of the waits that the agent ended, elapsed: p90, whole seconds (quantileExact). NULL when n = 0.',
    agent_wait_seconds_p90_likely_from Nullable(Int64) COMMENT 'From here, whole seconds, to ..._likely_to the true p90 lies with 95 % certainty: where those of two agents overlap, the numbers do not tell them apart. NULL when n is too small to bound it.',
    agent_wait_seconds_p90_likely_to Nullable(Int64) COMMENT 'The other end of that interval, whole seconds. NULL when n is too small to bound it.',
    agent_wait_seconds_p95 Nullable(Int64) COMMENT 'Own clock, own part of the waits that the agent ended, elapsed: p95, whole seconds (quantileExact). NULL when n = 0.',
    agent_wait_seconds_p95_likely_from Nullable(Int64) COMMENT 'From here, whole seconds, to ..._likely_to the true p95 lies with 95 % certainty: where those of two agents overlap, the numbers do not tell them apart. NULL when n is too small to bound it.',
    agent_wait_seconds_p95_likely_to Nullable(Int64) COMMENT 'The other end of that interval, whole seconds. NULL when n is too small to bound it.',
    agent_wait_business_seconds_n UInt64 COMMENT 'Own clock, own part of the waits that the agent ended, business time: how many are measured. Anchor: replied_at of the turn that ended the wait.',
    agent_wait_business_seconds_p50 Nullable(Int64) COMMENT 'Own clock, own part of the waits that the agent ended, business time: p50, whole seconds (quantileExact). NULL when n = 0.',
    agent_wait_business_seconds_p50_likely_from Nullable(Int64) COMMENT 'From here, whole seconds, to ..._likely_to the true p50 lies with 95 % certainty: where those of two agents overlap, the numbers do not tell them apart. NULL when n is too small to bound it.',
    agent_wait_business_seconds_p50_likely_to Nullable(Int64) COMMENT 'The other end of that interval, whole seconds. NULL when n is too small to bound it.',
    agent_wait_business_seconds_p90 Nullable(Int64) COMMENT 'Own clock, own part of the waits that the agent ended, business time: p90, whole seconds (quantileExact). NULL when n = 0.',
    agent_wait_business_seconds_p90_likely_from Nullable(Int64) COMMENT 'From here, whole seconds, to ..._likely_to the true p90 lies with 95 % certainty: where those of two agents overlap, the numbers do not tell them apart. NULL when n is too small to bound it.',
    agent_wait_business_seconds_p90_likely_to Nullable(Int64) COMMENT 'The other end of that interval, whole seconds. NULL when n is too small to bound it.',
    agent_wait_business_seconds_p95 Nullable(Int64) COMMENT 'Own clock, own part of the waits that the agent ended, business time: p95, whole seconds (quantileExact). NULL when n = 0.',
    agent_wait_business_seconds_p95_likely_from Nullable(Int64) COMMENT 'From here, whole seconds, to ..._likely_to the true p95 lies with 95 % certainty: where those of two agents overlap, the numbers do not tell them apart. NULL when n is too small to bound it.',
    agent_wait_business_seconds_p95_likely_to Nullable(Int64) COMMENT 'The other end of that interval, whole seconds. NULL when n is too small to bound it.',
    wait_seconds_n UInt64 COMMENT 'The customer''s clock, waits that the agent ended, elapsed: how many are measured. Anchor: replied_at of the turn that ended the wait.',
    wait_seconds_p50 Nullable(Int64) COMMENT 'The customer''s clock, waits that the agent ended, elapsed: p50, whole seconds (quantileExact). NULL when n = 0.',
    wait_seconds_p50_likely_from Nullable(Int64) COMMENT 'From here, whole seconds, to ..._likely_to the true p50 lies with 95 % certainty: where those of two agents overlap, the numbers do not tell them apart. NULL when n is too small to bound it.',
    wait_seconds_p50_likely_to Nullable(Int64) COMMENT 'The other end of that interval, whole seconds. NULL when n is too small to bound it.',
    wait_seconds_p90 Nullable(Int64) COMMENT 'The customer''s clock, waits that the agent ended, elapsed: p90, whole seconds (quantileExact). NULL when n = 0.',
    wait_seconds_p90_likely_from Nullable(Int64) COMMENT 'From here, whole seconds, to ..._likely_to the true p90 lies with 95 % certainty: where those of two agents overlap, the numbers do not tell them apart. NULL when n is too small to bound it.',
    wait_seconds_p90_likely_to Nullable(Int64) COMMENT 'The other end of that interval, whole seconds. NULL when n is too small to bound it.',
    wait_seconds_p95 Nullable(Int64) COMMENT 'The customer''s clock, waits that the agent ended, elapsed: p95, whole seconds (quantileExact). NULL when n = 0.',
    wait_seconds_p95_likely_from Nullable(Int64) COMMENT 'From here, whole seconds, to ..._likely_to the true p95 lies with 95 % certainty: where those of two agents overlap, the numbers do not tell them apart. NULL when n is too small to bound it.',
    wait_seconds_p95_likely_to Nullable(Int64) COMMENT 'The other end of that interval, whole seconds. NULL when n is too small to bound it.',
    wait_business_seconds_n UInt64 COMMENT 'The customer''s clock, waits that the agent ended, business time: how many are measured. Anchor: replied_at of the turn that ended the wait.',
    wait_business_seconds_p50 Nullable(Int64) COMMENT 'The customer''s clock, waits that the agent ended, business time: p50, whole seconds (quantileExact). NULL when n = 0.',
    wait_business_seconds_p50_likely_from Nullable(Int64) COMMENT 'From here, whole seconds, to ..._likely_to the true p50 lies with 95 % certainty: where those of two agents overlap, the numbers do not tell them apart. NULL when n is too small to bound it.',
    wait_business_seconds_p50_likely_to Nullable(Int64) COMMENT 'The other end of that interval, whole seconds. NULL when n is too small to bound it.',
    wait_business_seconds_p90 Nullable(Int64) COMMENT 'The customer''s clock, waits that the agent ended, business time: p90, whole seconds (quantileExact). NULL when n = 0.',
    wait_business_seconds_p90_likely_from Nullable(Int64) COMMENT 'From here, whole seconds, to ..._likely_to the true p90 lies with 95 % certainty: where those of two agents overlap, the numbers do not tell them apart. NULL when n is too small to bound it.',
    wait_business_seconds_p90_likely_to Nullable(Int64) COMMENT 'The other end of that interval, whole seconds. NULL when n is too small to bound it.',
    wait_business_seconds_p95 Nullable(Int64) COMMENT 'The customer''s clock, waits that the agent ended, business time: p95, whole seconds (quantileExact). NULL when n = 0.',
    wait_business_seconds_p95_likely_from Nullable(Int64) COMMENT 'From here, whole seconds, to ..._likely_to the true p95 lies with 95 % certainty: where those of two agents overlap, the numbers do not tell them apart. NULL when n is too small to bound it.',
    wait_business_seconds_p95_likely_to Nullable(Int64) COMMENT 'The other end of that interval, whole seconds. NULL when n is too small to bound it.';

-- Tickets on which nothing can have happened in the period are left out before their rest is read. Asking before FINAL is
-- safe for these two columns only: more events of a ticket make the last one later and the first one earlier, never the
-- other way round, so an older row that passes has a newer one that passes.
DEFINE is_of_the_period AS running_since >= {from:DateTime64(3, 'UTC')} AND first_event_at < {to:DateTime64(3, 'UTC')};

CREATE OR REPLACE VIEW {database}.agent_scorecard_between ({scorecard_columns}) AS
-- The sorted values are columns of an inner query: as aliases, each of the 36 bounds was planned with the whole of them, which took 0.4 s a question.
SELECT
    integration_id,
    agent_id,
    solves,
    solved_tickets,
    solved_customers,
    solves_seven_days_old,
    reopened_within_7_days,
    if(solves_seven_days_old = 0, NULL, reopened_within_7_days / solves_seven_days_old) AS reopen_rate_7d,
    wilson_lower(reopened_within_7_days, solves_seven_days_old) AS reopen_rate_7d_likely_from,
    wilson_upper(reopened_within_7_days, solves_seven_days_old) AS reopen_rate_7d_likely_to,
    agent_replies,
    reply_turns,
    replied_tickets,
    first_responses,
    private_notes,
    stations,
    answered_stations,
    if(stations = 0, NULL, answered_stations / stations) AS answered_share,
    wilson_lower(answered_stations, stations) AS answered_share_likely_from,
    wilson_upper(answered_stations, stations) AS answered_share_likely_to,
    bounced_assignments,
    handoffs_in,
    handoffs_out,
    held_seconds,
    held_business_seconds,
    length(agent_first_response_seconds) AS agent_first_response_seconds_n,
    quantile_of(agent_first_response_seconds, 0.50) AS agent_first_response_seconds_p50,
    quantile_likely_from(agent_first_response_seconds, 0.50) AS agent_first_response_seconds_p50_likely_from,
    quantile_likely_to(agent_first_response_seconds, 0.50) AS agent_first_response_seconds_p50_likely_to,
    quantile_of(agent_first_response_seconds, 0.90) AS agent_first_response_seconds_p90,
    quantile_likely_from(agent_first_response_seconds, 0.90) AS agent_first_response_seconds_p90_likely_from,
    quantile_likely_to(agent_first_response_seconds, 0.90) AS agent_first_response_seconds_p90_likely_to,
    quantile_of(agent_first_response_seconds, 0.95) AS agent_first_response_seconds_p95,
    quantile_likely_from(agent_first_response_seconds, 0.95) AS agent_first_response_seconds_p95_likely_from,
    quantile_likely_to(agent_first_response_seconds, 0.95) AS agent_first_response_seconds_p95_likely_to,
    length(agent_first_response_business_seconds) AS agent_first_response_business_seconds_n,
    quantile_of(agent_first_response_business_seconds, 0.50) AS agent_first_response_business_seconds_p50,
    quantile_likely_from(agent_first_response_business_seconds, 0.50) AS agent_first_response_business_seconds_p50_likely_from,
    quantile_likely_to(agent_first_response_business_seconds, 0.50) AS agent_first_response_business_seconds_p50_likely_to,
    quantile_of(agent_first_response_business_seconds, 0.90) AS agent_first_response_business_seconds_p90,
    quantile_likely_from(agent_first_response_business_seconds, 0.90) AS agent_first_response_business_seconds_p90_likely_from,
    quantile_likely_to(agent_first_response_business_seconds, 0.90) AS agent_first_response_business_seconds_p90_likely_to,
    quantile_of(agent_first_response_business_seconds, 0.95) AS agent_first_response_business_seconds_p95,
    quantile_likely_from(agent_first_response_business_seconds, 0.95) AS agent_first_response_business_seconds_p95_likely_from,
    quantile_likely_to(agent_first_response_business_seconds, 0.95) AS agent_first_response_business_seconds_p95_likely_to,
    length(agent_wait_seconds) AS agent_wait_seconds_n,
    quantile_of(agent_wait_seconds, 0.50) AS agent_wait_seconds_p50,
    quantile_likely_from(agent_wait_seconds, 0.50) AS agent_wait_seconds_p50_likely_from,
    quantile_likely_to(agent_wait_seconds, 0.50) AS agent_wait_seconds_p50_likely_to,
    quantile_of(agent_wait_seconds, 0.90) AS agent_wait_seconds_p90,
    quantile_likely_from(agent_wait_seconds, 0.90) AS agent_wait_seconds_p90_likely_from,
    quantile_likely_to(agent_wait_seconds, 0.90) AS agent_wait_seconds_p90_likely_to,
    quantile_of(agent_wait_seconds, 0.95) AS agent_wait_seconds_p95,
    quantile_likely_from(agent_wait_seconds, 0.95) AS agent_wait_seconds_p95_likely_from,
    quantile_likely_to(agent_wait_seconds, 0.95) AS agent_wait_seconds_p95_likely_to,
    length(agent_wait_business_seconds) AS agent_wait_business_seconds_n,
    quantile_of(agent_wait_business_seconds, 0.50) AS agent_wait_business_seconds_p50,
    quantile_likely_from(agent_wait_business_seconds, 0.50) AS agent_wait_business_seconds_p50_likely_from,
    quantile_likely_to(agent_wait_business_seconds, 0.50) AS agent_wait_business_seconds_p50_likely_to,
    quantile_of(agent_wait_business_seconds, 0.90) AS agent_wait_business_seconds_p90,
    quantile_likely_from(agent_wait_business_seconds, 0.90) AS agent_wait_business_seconds_p90_likely_from,
    quantile_likely_to(agent_wait_business_seconds, 0.90) AS agent_wait_business_seconds_p90_likely_to,
    quantile_of(agent_wait_business_seconds, 0.95) AS agent_wait_business_seconds_p95,
    quantile_likely_from(agent_wait_business_seconds, 0.95) AS agent_wait_business_seconds_p95_likely_from,
    quantile_likely_to(agent_wait_business_seconds, 0.95) AS agent_wait_business_seconds_p95_likely_to,
    length(wait_seconds) AS wait_seconds_n,
    quantile_of(wait_seconds, 0.50) AS wait_seconds_p50,
    quantile_likely_from(wait_seconds, 0.50) AS wait_seconds_p50_likely_from,
    quantile_likely_to(wait_seconds, 0.50) AS wait_seconds_p50_likely_to,
    quantile_of(wait_seconds, 0.90) AS wait_seconds_p90,
    quantile_likely_from(wait_seconds, 0.90) AS wait_seconds_p90_likely_from,
    quantile_likely_to(wait_seconds, 0.90) AS wait_seconds_p90_likely_to,
    quantile_of(wait_seconds, 0.95) AS wait_seconds_p95,
    quantile_likely_from(wait_seconds, 0.95) AS wait_seconds_p95_likely_from,
    quantile_likely_to(wait_seconds, 0.95) AS wait_seconds_p95_likely_to,
    length(wait_business_seconds) AS wait_business_seconds_n,
    quantile_of(wait_business_seconds, 0.50) AS wait_business_seconds_p50,
    quantile_likely_from(wait_business_seconds, 0.50) AS wait_business_seconds_p50_likely_from,
    quantile_likely_to(wait_business_seconds, 0.50) AS wait_business_seconds_p50_likely_to,
    quantile_of(wait_business_seconds, 0.90) AS wait_business_seconds_p90,
    quantile_likely_from(wait_business_seconds, 0.90) AS wait_business_seconds_p90_likely_from,
    quantile_likely_to(wait_business_seconds, 0.90) AS wait_business_seconds_p90_likely_to,
    quantile_of(wait_business_seconds, 0.95) AS wait_business_seconds_p95,
    quantile_likely_from(wait_business_seconds, 0.95) AS wait_business_seconds_p95_likely_from,
    quantile_likely_to(wait_business_seconds, 0.95) AS wait_business_seconds_p95_likely_to
FROM
(
    SELECT
        integration_id,
        agent_id,
        countIf(kind = 'solve') AS solves,
        uniqExactIf(ticket_id, kind = 'solve') AS solved_tickets,
        uniqExactIf(customer_telegram_user_id, kind = 'solve' AND isNotNull(customer_telegram_user_id)) AS solved_customers,
        countIf(kind = 'solve' AND is_seven_days_old) AS solves_seven_days_old,
        countIf(kind = 'solve' AND is_seven_days_old AND is_reopened) AS reopened_within_7_days,
        sumIf(replies, kind = 'turn') AS agent_replies,
        countIf(kind = 'turn') AS reply_turns,
        uniqExactIf(ticket_id, kind = 'turn') AS replied_tickets,
        countIf(kind = 'turn' AND is_first_response) AS first_responses,
        countIf(kind = 'note') AS private_notes,
        countIf(kind = 'station') AS stations,
        countIf(kind = 'station' AND replies > 0) AS answered_stations,
        countIf(is_bounced) AS bounced_assignments,
        countIf(is_handoff_in) AS handoffs_in,
        countIf(is_handoff_out) AS handoffs_out,
        arraySum(ms -> whole_seconds(ms), sumMapIf([ticket_id], [held_ms], kind = 'station').2) AS held_seconds,
        arraySum(ms -> whole_seconds(ms), sumMapIf([ticket_id], [held_business_ms], kind = 'station').2) AS held_business_seconds,
        arraySort(groupArrayIf(assumeNotNull(own_seconds), kind = 'station' AND isNotNull(own_seconds))) AS agent_first_response_seconds,
        arraySort(groupArrayIf(assumeNotNull(own_business_seconds), kind = 'station' AND isNotNull(own_business_seconds))) AS agent_first_response_business_seconds,
        arraySort(groupArrayIf(assumeNotNull(own_seconds), kind = 'turn' AND isNotNull(own_seconds))) AS agent_wait_seconds,
        arraySort(groupArrayIf(assumeNotNull(own_business_seconds), kind = 'turn' AND isNotNull(own_business_seconds))) AS agent_wait_business_seconds,
        arraySort(groupArrayIf(assumeNotNull(customer_seconds), kind = 'turn' AND isNotNull(customer_seconds))) AS wait_seconds,
        arraySort(groupArrayIf(assumeNotNull(customer_business_seconds), kind = 'turn' AND isNotNull(customer_business_seconds))) AS wait_business_seconds
    FROM
    (
        SELECT
            'solve' AS kind, integration_id, agent_id, ticket_id, at, customer_telegram_user_id,
            is_seven_days_old, is_reopened_within_7_days AS is_reopened,
            0 AS replies, 0 AS is_first_response, 0 AS is_bounced, 0 AS is_handoff_in, 0 AS is_handoff_out,
            0 AS held_ms, 0 AS held_business_ms,
            NULL AS own_seconds, NULL AS own_business_seconds, NULL AS customer_seconds, NULL AS customer_business_seconds
        FROM
        (
            SELECT integration_id, ticket_id, agent_id, solved_at AS at, customer_telegram_user_id, {reopening_of_solve}
            FROM {database}.ticket_facts FINAL
            ARRAY JOIN
                solves.solved_by_type AS solved_by_type,
                solves.solved_by_id AS agent_id,
                solves.solved_at AS solved_at,
                solves.reopened_at AS reopened_at
            PREWHERE {is_of_the_period}
            WHERE solved_by_type = 'agent'
        )
        UNION ALL
        SELECT
            'turn', integration_id, agent_id, ticket_id, at, CAST(NULL, 'Nullable(Int64)'),
            0, 0,
            replies, is_first_response, 0, 0, 0,
            0, 0,
            agent_wait_seconds, agent_wait_business_seconds, wait_seconds, wait_business_seconds
        FROM
        (
            SELECT integration_id, ticket_id, agent_id, at, replies, is_first_response,
                seconds_between(waiting_since, answered_at) AS wait_seconds,
                whole_seconds(wait_business_ms) AS wait_business_seconds,
                seconds_between(own_clock_from, answered_at) AS agent_wait_seconds,
                whole_seconds(agent_wait_business_ms) AS agent_wait_business_seconds
            FROM {database}.ticket_facts FINAL
            ARRAY JOIN
                turns.agent_id AS agent_id,
                turns.replied_at AS at,
                turns.replies AS replies,
                turns.is_first_response AS is_first_response,
                turns.waiting_since AS waiting_since,
                turns.answered_at AS answered_at,
                turns.own_clock_from AS own_clock_from,
                turns.wait_business_ms AS wait_business_ms,
                turns.agent_wait_business_ms AS agent_wait_business_ms
            PREWHERE {is_of_the_period}
        )
        UNION ALL
        SELECT
            'station', integration_id, agent_id, ticket_id, at, CAST(NULL, 'Nullable(Int64)'),
            0, 0,
            public_replies, 0, is_bounced, is_handoff_in, is_handoff_out,
            running_ms(held_ms, is_running, running_since, now64(3, 'UTC')),
            running_clock_ms(held_business_ms, is_running, running_since_clock, business_clock(integration_id, now64(3, 'UTC'))),
            agent_first_response_seconds, agent_first_response_business_seconds, NULL, NULL
        FROM
        (
            SELECT
                integration_id, ticket_id, agent_id, at, public_replies, is_bounced, is_handoff_in, is_handoff_out,
                held_ms, held_business_ms, running_since, running_since_clock,
                is_station_running(agent_id, ended_at, status_category) AS is_running,
                seconds_between(first_response_from, first_public_reply_at) AS agent_first_response_seconds,
                whole_seconds(first_response_business_ms) AS agent_first_response_business_seconds
            FROM {database}.ticket_facts FINAL
            ARRAY JOIN
                stations.agent_id AS agent_id,
                stations.assigned_at AS at,
                stations.ended_at AS ended_at,
                stations.public_replies AS public_replies,
                stations.first_public_reply_at AS first_public_reply_at,
                stations.first_response_from AS first_response_from,
                stations.first_response_business_ms AS first_response_business_ms,
                stations.held_ms AS held_ms,
                stations.held_business_ms AS held_business_ms,
                stations.is_bounced AS is_bounced,
                stations.is_handoff_in AS is_handoff_in,
                stations.is_handoff_out AS is_handoff_out
            PREWHERE {is_of_the_period}
            WHERE agent_id != ''
        )
        UNION ALL
        -- Whoever did anything in the period has a row; notes are counted.
        SELECT
            toString(action), integration_id, agent_id, ticket_id, at, CAST(NULL, 'Nullable(Int64)'),
            0, 0,
            0, 0, 0, 0, 0,
            0, 0,
            NULL, NULL, NULL, NULL
        FROM {database}.ticket_facts FINAL
        ARRAY JOIN actions.kind AS action, actions.agent_id AS agent_id, actions.at AS at
        PREWHERE {is_of_the_period}
    )
    WHERE at >= {from:DateTime64(3, 'UTC')} AND at < {to:DateTime64(3, 'UTC')}
    GROUP BY integration_id, agent_id
)
COMMENT 'agent_scorecard for a period: whoever acted or began a station in it, each fact by its anchor, start included, end not. Parameters: from, to. Columns as in agent_scorecard.';

CREATE OR REPLACE VIEW {database}.agent_scorecard ({scorecard_columns}) AS
SELECT *
FROM {database}.agent_scorecard_between(from = '1970-01-01 00:00:00', to = far_future())
COMMENT 'One row per tenant and agent who ever acted or held a station: solves, replies, both clocks with n, held time, handoffs, reopen rate; an interval beside each share and percentile.'
