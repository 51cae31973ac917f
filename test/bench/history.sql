-- A made-up history, put straight into {database}.timeline: the tickets whose numbers lie in [{from}, {to}) of {total}.
-- A ticket's number decides everything about it (all chance is a hash of it), so every run makes the same events, twelve
-- per ticket on average. What may happen is listed once, in `told`; the rest gives each happening its time and columns.
INSERT INTO {database}.timeline
(
    integration_id, ticket_id, event_id, event_at, type_rank, event_type, received_at, body_at, kafka_partition, kafka_offset,
    actor_type, actor_id, has_message, message_id, is_private, is_automated, new_status, previous_status,
    assignee_agent_id, assignee_group_id, routing_rule, policy_id, policy_name, breached_metric, threshold_seconds, elapsed_seconds,
    level, escalated_to_type, escalated_to_id, customer_telegram_user_id, customer_language_code, channel_type, channel_chat_id, metadata
)
WITH
    -- Of 1,000, by ticket and question.
    (n, question) -> cityHash64(n, question) % 1000 AS chance,

    tickets AS
    (
        SELECT
            number AS n,
            -- One tenant of 50,000 tickets, ten small ones, and one that has the rest.
            least(50000, intDiv({total}, 2)) AS middle,
            least(50000, intDiv({total}, 20)) AS small,
            multiIf(n < middle, 'bench-50k', n < middle + small, concat('bench-small-', toString(n % 10)), 'bench-large') AS integration_id,
            multiIf(integration_id = 'bench-50k', 40, integration_id = 'bench-large', 400, 6) AS agents,
            -- An odd factor: no id comes twice.
            concat('TKT-', leftPad(hex(toUInt32(n * 2654435761)), 8, '0')) AS ticket_id,
            -- Thirteen weeks up to 2026-04-01; fewer at week-ends, most of them by day.
            cityHash64(n, 'day') % 91 AS any_day,
            if(toDayOfWeek(toDate('2025-12-31') + any_day) > 5 AND chance(n, 'week-end') < 600, any_day + 3, any_day) % 91 AS day,
            [0, 3, 6, 7, 8, 8, 9, 9, 9, 10, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15, 16, 17, 18, 19, 20, 21, 22, 23] AS hours,
            toDateTime64('2025-12-31 00:00:00', 3, 'UTC') + toIntervalDay(day)
                + toIntervalMillisecond(3600000 * hours[cityHash64(n, 'hour') % 30 + 1] + cityHash64(n, 'second') % 3600000) AS opened_at,
            concat('queue-', toString(cityHash64(n, 'queue') % 6)) AS queue,
            concat('queue-', toString(cityHash64(n, 'other queue') % 6)) AS other_queue,
            concat('agent-', toString(cityHash64(n, 'agent') % agents)) AS agent,
            concat('agent-', toString(cityHash64(n, 'colleague') % agents)) AS colleague,
            chance(n, 'reply') < 950 AS is_answered,
            chance(n, 'solve') < 880 AS is_solved,
            -- What happens, in order, and after how many seconds on average.
            arrayConcat(
                [('created', 0), ('routed', 40), ('assigned', 400), ('opened', 5)],
                if(is_answered, [('reply', 900)], []),
                if(chance(n, 'bot') < 250, [('bot', 2)], []),
                arrayFlatten(arrayMap(turn -> [('customer', 5400), ('reply', 1500)], range(cityHash64(n, 'turns') % 4))),
                if(chance(n, 'note') < 300, [('note', 600)], []),
                if(chance(n, 'escalated') < 120, [('escalated', 1)], []),
                if(chance(n, 'handover') < 180, [('handover', 1800), ('colleague', 1200)], []),
                if(chance(n, 'moved') < 120, [('moved', 900)], []),
                if(chance(n, 'pending') < 300, [('pending', 60), ('customer', 43200), ('back', 3)], []),
                if(chance(n, 'thanks') < 400, [('reply', 700), ('customer', 1800)], []),
                if(is_solved, [('solved', 3600)], []),
                if(is_solved AND chance(n, 'reopened') < 110, [('customer', 36000), ('reopened', 2), ('reply', 2400), ('solved', 1200)], []),
                if(NOT is_solved AND chance(n, 'waiting for the customer') < 400, [('pending', 600)], []),
                if(is_solved AND chance(n, 'closed') < 650, [('closed', 172800)], [])) AS told
        FROM numbers({from}, {to} - {from})
    ),

    happenings AS
    (
        SELECT
            *,
            happened.1 AS kind,
            happened.2 AS step
        FROM tickets
        ARRAY JOIN arrayZip(told.1, arrayEnumerate(told)) AS happened
    ),

    events AS
    (
        SELECT
            *,
            -- Exponential around the mean, in milliseconds, whole seconds as Telegram has them.
            arrayCumSum(arrayMap((mean, i) -> toInt64(-log((cityHash64(n, i) % 9999 + 1) / 10000) * mean) * 1000, told.2, arrayEnumerate(told)))[step] AS after_ms,
            opened_at + toIntervalMillisecond(after_ms) AS at,
            multiIf(
                kind = 'created', 0,
                kind IN ('customer', 'reply', 'colleague', 'note', 'bot'), 1,
                kind IN ('routed', 'assigned', 'handover', 'moved'), 2,
                kind = 'escalated', 4,
                3) AS rank,
            -- Who holds the ticket by then.
            if(has(arraySlice(told.1, 1, step), 'handover'), colleague, agent) AS holder,
            lower(hex(sipHash128(n, step))) AS id
        FROM happenings
    )
SELECT
    integration_id,
    ticket_id,
    concat(substring(id, 1, 8), '-', substring(id, 9, 4), '-4', substring(id, 14, 3), '-a', substring(id, 18, 3), '-', substring(id, 21, 12)) AS event_id,
    at AS event_at,
    rank AS type_rank,
    ['ticket.created', 'message.received', 'agent.assigned', 'status.changed', 'escalation.fired'][rank + 1] AS event_type,
    at + toIntervalMillisecond(300 + cityHash64(n, step, 'way') % 1500) AS received_at,
    at AS body_at,
    cityHash64(integration_id, ticket_id) % 6 AS kafka_partition,
    n * 64 + step AS kafka_offset,
    multiIf(
        kind IN ('created', 'customer'), 'customer',
        kind = 'bot', 'bot',
        kind = 'routed', 'routing_rule',
        kind IN ('opened', 'back', 'closed'), 'automation_rule',
        kind = 'reopened', 'customer',
        kind = 'escalated', '',
        'agent') AS actor_type,
    multiIf(actor_type = 'agent', holder, kind = 'routed', 'by-topic', actor_type = 'automation_rule', 'rule', '') AS actor_id,
    rank = 1 OR (kind = 'created' AND chance(n, 'text') < 800) AS has_message,
    if(has_message, toString(cityHash64(n, step, 'message') % 1000000000), '') AS message_id,
    kind = 'note' AS is_private,
    kind = 'bot' AS is_automated,
    multiIf(
        kind = 'created', 'new',
        kind IN ('opened', 'back', 'reopened'), 'open',
        kind = 'pending', 'pending',
        kind = 'solved', 'resolved',
        kind = 'closed', 'closed',
        '') AS new_status,
    multiIf(
        kind = 'opened', 'new',
        kind = 'back', 'pending',
        kind IN ('reopened', 'closed'), 'resolved',
        kind IN ('pending', 'solved'), 'open',
        '') AS previous_status,
    if(rank = 2 AND kind != 'routed', holder, '') AS assignee_agent_id,
    multiIf(rank != 2, '', kind = 'moved', other_queue, queue) AS assignee_group_id,
    if(kind = 'routed', 'by-topic', '') AS routing_rule,
    if(kind = 'escalated', 'everyone', '') AS policy_id,
    if(kind = 'escalated', 'Everyone', '') AS policy_name,
    if(kind = 'escalated', if(n % 2 = 0, 'first_response_time', 'resolution_time'), '') AS breached_metric,
    if(kind = 'escalated', 3600, 0) AS threshold_seconds,
    if(kind = 'escalated', 3600 + cityHash64(n, 'elapsed') % 600, NULL) AS elapsed_seconds,
    if(kind = 'escalated', '1', '') AS level,
    if(kind = 'escalated', 'agent', '') AS escalated_to_type,
    if(kind = 'escalated', 'agent-0', '') AS escalated_to_id,
    if(kind = 'created', 4503599627000000 + cityHash64(n, 'customer') % greatest(1, intDiv({total}, 3)), NULL) AS customer_telegram_user_id,
    if(kind = 'created', ['de', 'en', 'ar', 'ru', ''][cityHash64(n, 'language') % 5 + 1], '') AS customer_language_code,
    if(kind = 'created', ['topic_group', 'direct_message', 'bot_form'][cityHash64(n, 'channel') % 3 + 1], '') AS channel_type,
    if(kind = 'created', toString(-1001000000000 - cityHash64(n, 'chat') % 500), '') AS channel_chat_id,
    if(kind = 'created' AND chance(n, 'form') < 750, concat('{"tier":"', if(chance(n, 'tier') < 60, 'vip', 'standard'), '","order":[', toString(cityHash64(n, 'order') % 90000 + 10000), ']}'), '') AS metadata
FROM events
