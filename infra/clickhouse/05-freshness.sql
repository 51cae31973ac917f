-- How far each partition of the log has been landed, and how long ago.
-- An event dated well after its receipt says nothing about how far the log has come: a single typo in a year would hide
-- for decades that nothing new arrives. Clocks a little ahead of ours are not meant: within 5 minutes it counts, as of its receipt.

CREATE OR REPLACE VIEW {database}.pipeline_freshness
(
    kafka_partition Int32 COMMENT 'Partition of the log.',
    watermark Int64 COMMENT 'Highest offset landed.',
    events UInt64 COMMENT 'Distinct events landed.',
    last_event_at DateTime64(3, 'UTC') COMMENT 'Latest event time landed, never later than its receipt. Events dated over 5 minutes after their receipt do not count; if there are no others, the latest receipt.',
    last_received_at DateTime64(3, 'UTC') COMMENT 'When the ingress accepted the latest of them.',
    lag_seconds Int64 COMMENT 'Present time - last_received_at, whole seconds: grows in quiet hours too.'
)
AS
SELECT
    kafka_partition,
    max(kafka_offset) AS watermark,
    count() AS events,
    ifNull(maxOrNullIf(least(event_at, received_at), event_at <= received_at + INTERVAL 5 MINUTE), max(received_at)) AS last_event_at,
    max(received_at) AS last_received_at,
    seconds_between(max(received_at), now64(3, 'UTC')) AS lag_seconds
FROM {database}.timeline FINAL
GROUP BY kafka_partition
COMMENT 'One row per partition of the log that has landed here.'
