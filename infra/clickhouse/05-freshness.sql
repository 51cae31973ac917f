-- How far each partition of the log has been landed, and how long ago. Kept while events land: of each thing the highest, so that an
-- event which comes again changes nothing, and however long the history is, nobody reads it for this.
-- An event dated well after its receipt says nothing about how far the log has come: a single typo in a year would hide
-- for decades that nothing new arrives. Clocks a little ahead of ours are not meant: within 5 minutes it counts, as of its receipt.

DEFINE landed_of_timeline AS
    SELECT
        integration_id,
        kafka_partition,
        max(kafka_offset) AS watermark,
        maxIf(least(event_at, received_at), event_at <= received_at + INTERVAL 5 MINUTE) AS last_event_at,
        max(received_at) AS last_received_at
    FROM {database}.timeline;

CREATE TABLE IF NOT EXISTS {database}.landed
(
    integration_id LowCardinality(String) COMMENT 'Tenant: who may see one only is told of that one''s events.',
    kafka_partition Int32 COMMENT 'Partition of the log.',
    watermark SimpleAggregateFunction(max, Int64) COMMENT 'Highest offset landed.',
    last_event_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'Latest event time landed, never later than its receipt; 1970 while there are only events dated over 5 minutes after it.',
    last_received_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'When the ingress accepted the latest of them.'
)
ENGINE = AggregatingMergeTree
ORDER BY (integration_id, kafka_partition)
COMMENT 'Storage of pipeline_freshness, a few rows for each tenant and partition. Read the view.';

-- Once, for a timeline that was there before it.
INSERT INTO {database}.landed
{landed_of_timeline}
WHERE (SELECT count() FROM {database}.landed) = 0
GROUP BY integration_id, kafka_partition;

CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.landed_from_timeline TO {database}.landed AS
{landed_of_timeline}
GROUP BY integration_id, kafka_partition
COMMENT 'Feeds landed.';

CREATE OR REPLACE VIEW {database}.pipeline_freshness
(
    kafka_partition Int32 COMMENT 'Partition of the log.',
    watermark Int64 COMMENT 'Highest offset landed.',
    last_event_at DateTime64(3, 'UTC') COMMENT 'Latest event time landed, never later than its receipt. Events dated over 5 minutes after their receipt do not count; if there are no others, the latest receipt.',
    last_received_at DateTime64(3, 'UTC') COMMENT 'When the ingress accepted the latest of them.',
    lag_seconds Int64 COMMENT 'Present time - last_received_at, whole seconds: grows in quiet hours too.'
)
AS
SELECT
    kafka_partition,
    max(l.watermark) AS watermark,
    if(max(l.last_event_at) > toDateTime64(0, 3, 'UTC'), max(l.last_event_at), max(l.last_received_at)) AS last_event_at,
    max(l.last_received_at) AS last_received_at,
    seconds_between(max(l.last_received_at), now64(3, 'UTC')) AS lag_seconds
FROM {database}.landed AS l
GROUP BY kafka_partition
COMMENT 'One row per partition of the log that has landed here.'
