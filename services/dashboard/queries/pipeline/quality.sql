-- What is odd about the events of a tenant, by rule.
-- A row: a rule, how many tickets show it and in how many events.
SELECT toString(rule) AS rule, count() AS tickets, sum(d.occurrences) AS events
FROM queue.data_quality AS d
WHERE integration_id = {integration:String}
GROUP BY rule
ORDER BY tickets DESC, rule
