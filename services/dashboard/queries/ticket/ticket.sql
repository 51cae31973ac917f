-- One ticket as it is now.
SELECT
    ticket_id, is_provisional, created_at, last_event_at, customer_telegram_user_id, customer_language_code, channel_type, status,
    toString(status_category) AS category, queue_id, assignee_id, first_response_seconds, first_response_business_seconds,
    first_resolution_seconds, full_resolution_seconds, requester_wait_seconds, pending_seconds, on_hold_seconds, unassigned_seconds,
    solves, reopens, agent_replies, reply_turns, private_notes, customer_messages, stations, handoffs, bounced_assignments,
    escalations_fired, is_waiting, waiting_since, clock_skew_seconds, data_quality
FROM queue.tickets
WHERE integration_id = {integration:String} AND ticket_id = {ticket:String}
