-- The snapshots that can be asked instead of what is live.
-- A row: a snapshot, as npm run snapshot made it.
SELECT DISTINCT substring(database, 1, length(database) - length('_queue')) AS snapshot
FROM system.tables
WHERE name = 'sla_timers' AND endsWith(database, '_queue')
ORDER BY snapshot
