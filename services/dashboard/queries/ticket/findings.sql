-- What is odd about the events of a ticket.
-- A row: a rule with findings, and how many events show it.
SELECT toString(rule) AS rule, occurrences
FROM queue.data_quality
WHERE integration_id = {integration:String} AND ticket_id = {ticket:String}
ORDER BY rule
