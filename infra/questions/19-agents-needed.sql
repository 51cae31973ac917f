-- 19. How many agents does each hour take, so that live contacts are answered in time?
-- Parameters (name, type, example, meaning):
--   integration         String           parcelhaus                        tenant
--   from                DateTime('UTC')  2026-03-12 08:00:00               first hour
--   to                  DateTime('UTC')  2026-03-12 10:00:00               hour after the last one
--   live_channel_types  Array(String)    ['topic_group','direct_message']  channels whose customers expect an answer at once
--   handle_seconds      Float64          600                               mean work per contact
--   within_seconds      Float64          60                                the promise: answered within this
--   target_share        Float64          0.8                               for this share of live contacts, below 1
-- A row: an hour and queue with a forecast. Erlang C: 100 contacts in 30 min of 180 s each take 14 agents for 88.8 %
-- within 20 s: SELECT erlang_service_level(100, 1800, 180, 14, 20).
-- NULL: occupancy without agents; hours without a forecast have no row.
SELECT
    hour,
    queue_id,
    forecast,
    live_contacts,
    load,
    agents_needed,
    wait_probability,
    service_level,
    occupancy
FROM queue.agents_needed(
    live_channel_types = {live_channel_types:Array(String)},
    handle_seconds = {handle_seconds:Float64},
    within_seconds = {within_seconds:Float64},
    target_share = {target_share:Float64})
WHERE integration_id = {integration:String} AND hour >= {from:DateTime('UTC')} AND hour < {to:DateTime('UTC')}
ORDER BY hour, queue_id
