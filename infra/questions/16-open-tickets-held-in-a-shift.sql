-- 16. How many open tickets does each agent hold at once, on average, during a shift?
-- Parameters (name, type, example, meaning):
--   integration  String           parcelhaus           tenant
--   from         DateTime('UTC')  2026-03-02 00:00:00  first hour
--   to           DateTime('UTC')  2026-03-16 00:00:00  hour after the last one
--   zone         String           Europe/Berlin        IANA zone of the local days and hours
--   shift_from   UInt8            8                    local hour at which the shift begins
--   shift_to     UInt8            16                   local hour at which it ends; 22 and 6 are a night shift
--   weekdays     Array(UInt8)     [1,2,3,4,5]          local weekdays of the hours, 1 = Monday
-- A row: an agent. Hours in which nothing was held count as zeros; every hour weighs the same.
-- NULL: never.
SELECT
    agent_id,
    count() AS shift_hours,
    sum(h.held_seconds) / 3600 / shift_hours AS mean_tickets_held,
    max(held_end) AS most_at_an_hours_end,
    sum(h.reply_turns) AS reply_turns,
    sum(h.solves) AS solves
FROM agents.agent_hourly AS h
WHERE integration_id = {integration:String} AND agent_id != ''
    AND hour >= {from:DateTime('UTC')} AND hour < {to:DateTime('UTC')}
    AND has({weekdays:Array(UInt8)}, toDayOfWeek(hour, 0, {zone:String}))
    AND modulo(24 + toHour(hour, {zone:String}) - {shift_from:UInt8}, 24)
        < modulo(24 + {shift_to:UInt8} - {shift_from:UInt8}, 24)
GROUP BY agent_id
ORDER BY mean_tickets_held DESC, agent_id
