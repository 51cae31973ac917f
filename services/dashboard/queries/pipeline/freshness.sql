-- How far each projection has read, and how long ago something came.
-- A row: a projection and a partition of the log. lag_seconds runs in quiet hours, too.
SELECT *
FROM
(
    SELECT 'queue-analytics' AS projection, kafka_partition, watermark, last_event_at, last_received_at, lag_seconds
    FROM queue.pipeline_freshness
    UNION ALL
    SELECT 'agent-analytics', kafka_partition, watermark, last_event_at, last_received_at, lag_seconds
    FROM agents.pipeline_freshness
)
ORDER BY projection, kafka_partition
