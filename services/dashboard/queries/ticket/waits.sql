-- When the customer of a ticket waited.
-- A row: from the first message not answered yet to a reply, a solve or a discard.
SELECT wait_no, kind, waiting_since, ended_at, ended_by, replied_by_agent_id, wait_seconds, wait_business_seconds, agent_wait_seconds
FROM queue.customer_waits
WHERE integration_id = {integration:String} AND ticket_id = {ticket:String}
ORDER BY wait_no
