-- What each agent did in the queues and range chosen, with n and an interval beside each figure.
-- A row: an agent who did anything there. Two clocks: the customer's runs from the wait's start, the agent's own from when the
-- ticket became theirs. likely_from and likely_to hold the true median, or share, with 95 % certainty: where those of two
-- agents overlap, the numbers don't tell them apart; with fewer than 8 values nothing bounds a median, and they are empty. Each
-- fact counts by its own instant and queue. All channels and languages.
WITH
    replies AS
    (
        SELECT
            agent_id,
            count() AS reply_turns,
            sum(r.replies) AS agent_replies,
            countIf(is_first_response = 1) AS first_responses,
            arraySort(groupArrayIf(assumeNotNull(if({clock:String} = 'business', wait_business_seconds, wait_seconds)), isNotNull(wait_seconds))) AS customer,
            arraySort(groupArrayIf(assumeNotNull(if({clock:String} = 'business', agent_wait_business_seconds, agent_wait_seconds)), isNotNull(agent_wait_seconds))) AS own
        FROM agents.agent_replies AS r
        WHERE integration_id = {integration:String}
            AND replied_at >= {from:DateTime64(3, 'UTC')} AND replied_at < {to:DateTime64(3, 'UTC')}
            AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, queue_id))
        GROUP BY agent_id
    ),
    solved AS
    (
        SELECT
            agent_id,
            count() AS solves,
            uniqExact(ticket_id) AS solved_tickets,
            countIf(is_seven_days_old = 1) AS judged,
            countIf(is_seven_days_old = 1 AND is_reopened_within_7_days = 1) AS reopened
        FROM agents.agent_solves
        WHERE integration_id = {integration:String}
            AND solved_at >= {from:DateTime64(3, 'UTC')} AND solved_at < {to:DateTime64(3, 'UTC')}
            AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, queue_id))
        GROUP BY agent_id
    ),
    held AS
    (
        SELECT
            agent_id,
            count() AS stations,
            countIf(public_replies > 0) AS answered_stations,
            countIf(is_bounced = 1) AS bounced,
            sum(if({clock:String} = 'business', held_business_seconds, s.held_seconds)) AS held_seconds
        FROM agents.ticket_assignments AS s
        WHERE integration_id = {integration:String} AND agent_id != ''
            AND assigned_at >= {from:DateTime64(3, 'UTC')} AND assigned_at < {to:DateTime64(3, 'UTC')}
            AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, queue_id))
        GROUP BY agent_id
    )
SELECT
    agent_id,
    solves,
    solved_tickets,
    judged,
    reopened,
    reopened / nullIf(judged, 0) AS reopen_rate,
    wilson_lower(reopened, judged) AS reopen_rate_likely_from,
    wilson_upper(reopened, judged) AS reopen_rate_likely_to,
    agent_replies,
    reply_turns,
    first_responses,
    length(customer) AS customer_n,
    quantile_of(customer, 0.5) AS customer_p50_seconds,
    quantile_likely_from(customer, 0.5) AS customer_p50_seconds_likely_from,
    quantile_likely_to(customer, 0.5) AS customer_p50_seconds_likely_to,
    length(own) AS own_n,
    quantile_of(own, 0.5) AS own_p50_seconds,
    quantile_likely_from(own, 0.5) AS own_p50_seconds_likely_from,
    quantile_likely_to(own, 0.5) AS own_p50_seconds_likely_to,
    stations,
    answered_stations,
    answered_stations / nullIf(stations, 0) AS answered_share,
    wilson_lower(answered_stations, stations) AS answered_share_likely_from,
    wilson_upper(answered_stations, stations) AS answered_share_likely_to,
    bounced,
    bounced / nullIf(stations, 0) AS bounced_share,
    wilson_lower(bounced, stations) AS bounced_share_likely_from,
    wilson_upper(bounced, stations) AS bounced_share_likely_to,
    held_seconds
FROM replies
FULL JOIN solved USING (agent_id)
FULL JOIN held USING (agent_id)
ORDER BY agent_id
