-- What each agent did in the queues and range chosen, with n and an interval beside each figure.
-- A row: an agent who did anything there. Two clocks: the customer's runs from the wait's start, the agent's own from when the
-- ticket became theirs. likely_from and likely_to hold the true median, or rate, with 95 % certainty: where those of two
-- agents overlap, the numbers don't tell them apart. Each fact counts by its own instant and queue. All channels and languages.
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
    ),
    everybody AS
    (
        SELECT agent_id FROM replies UNION DISTINCT SELECT agent_id FROM solved UNION DISTINCT SELECT agent_id FROM held
    )
SELECT
    e.agent_id AS agent_id,
    ifNull(s.solves, 0) AS solves,
    ifNull(s.solved_tickets, 0) AS solved_tickets,
    ifNull(s.judged, 0) AS judged,
    ifNull(s.reopened, 0) AS reopened,
    reopened / nullIf(judged, 0) AS reopen_rate,
    if(judged = 0, NULL, wilson_lower(reopened, judged)) AS reopen_likely_from,
    if(judged = 0, NULL, wilson_upper(reopened, judged)) AS reopen_likely_to,
    ifNull(r.agent_replies, 0) AS agent_replies,
    ifNull(r.reply_turns, 0) AS reply_turns,
    ifNull(r.first_responses, 0) AS first_responses,
    length(r.customer) AS customer_n,
    if(customer_n = 0, NULL, r.customer[toUInt32(intDiv(customer_n, 2)) + 1]) AS customer_p50_seconds,
    if(customer_n = 0, NULL, r.customer[greatest(1, toInt64(floor(customer_n / 2 - 0.98 * sqrt(customer_n))))]) AS customer_likely_from,
    if(customer_n = 0, NULL, r.customer[least(toInt64(customer_n), toInt64(ceil(1 + customer_n / 2 + 0.98 * sqrt(customer_n))))]) AS customer_likely_to,
    length(r.own) AS own_n,
    if(own_n = 0, NULL, r.own[toUInt32(intDiv(own_n, 2)) + 1]) AS own_p50_seconds,
    if(own_n = 0, NULL, r.own[greatest(1, toInt64(floor(own_n / 2 - 0.98 * sqrt(own_n))))]) AS own_likely_from,
    if(own_n = 0, NULL, r.own[least(toInt64(own_n), toInt64(ceil(1 + own_n / 2 + 0.98 * sqrt(own_n))))]) AS own_likely_to,
    ifNull(h.stations, 0) AS stations,
    ifNull(h.answered_stations, 0) AS answered_stations,
    answered_stations / nullIf(stations, 0) AS answered_share,
    ifNull(h.bounced, 0) AS bounced,
    ifNull(h.held_seconds, 0) AS held_seconds
FROM everybody AS e
LEFT JOIN replies AS r ON r.agent_id = e.agent_id
LEFT JOIN solved AS s ON s.agent_id = e.agent_id
LEFT JOIN held AS h ON h.agent_id = e.agent_id
ORDER BY agent_id
